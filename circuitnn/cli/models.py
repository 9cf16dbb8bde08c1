"""The model that a command's argument stands for: a saved one, or that of a netlist."""

from pathlib import Path
from typing import TYPE_CHECKING

from circuitnn.cli.loading import netlist_file, read_circuit
from circuitnn.cli.outputs import check_other
from circuitnn.cli.problems import Fault, say
from circuitnn.cli.reading import AS_WRITTEN, Reading
from circuitnn.opening import opened, reason

if TYPE_CHECKING:
    import circuitnn as cn

FS = 48_000
# What files of players end in, and their formats; `circuitnn.export.formats` is not imported to know that.
PLAYERS = {".nam": "nam", ".aidax": "aidax", ".json": "rtneural", ".npz": "torch"}


def is_saved(source: str) -> bool:
    """Whether the argument names a saved model, or the file of a player, and no netlist."""
    return Path(source).suffix.lower() in PLAYERS


def check_source(source: str) -> None:
    """Before JAX is imported, which takes a second: whether there is such a circuit, or a file that may be a model's.

    Raises:
        Fault: naming it, when there is neither.
        CheckpointError, FormatError: when the file is no model's, or damaged.
    """
    if not is_saved(source):
        netlist_file(source)
        return
    try:
        opened(source).close()
    except OSError as problem:
        raise Fault(f"{source}: {reason(problem)}") from None
    if Path(source).suffix.lower() != ".npz":
        from circuitnn.export.strangers import record_of

        record_of(source)
        return
    from circuitnn.export.torch_file import is_torch
    from circuitnn.train import checkpoint

    if not is_torch(source):
        with checkpoint.opened(source):
            pass


def netlist_of(
    source: str, reading: Reading = AS_WRITTEN, *, oversampling: int = 1, width: float | None = None
) -> "cn.Circuit | None":
    """Before JAX is imported: the circuit of a netlist; None for a saved model, whose file has been looked at.

    Raises:
        Fault: naming the file, when it cannot be read; for options that belong to the other of the two.
        CheckpointError, FormatError: as `check_source`.
    """
    if not is_saved(source):
        refuse_width(source, width)
        return read_circuit(source, reading)
    refuse_options_of_netlists(source, oversampling, reading)
    check_source(source)
    return None


def saved_model(source: str, width: float | None = None) -> "cn.Model":
    """The model in a file that was saved here, or that a player reads; of a container of several sizes that width."""
    import circuitnn as cn
    from circuitnn.export.torch_file import is_torch

    if Path(source).suffix.lower() == ".npz" and not is_torch(source):
        if width is not None:
            raise Fault(f"--width is for a .nam of several sizes; {source} is a saved model")
        return cn.train.restore(source)
    return cn.export.read(source, width=width)


def opened_model(
    source: str,
    circuit: "cn.Circuit | None" = None,
    *,
    fs: float | None = None,
    oversampling: int = 1,
    width: float | None = None,
    assumes: bool = False,
) -> "cn.Model":
    """A model in a file, at its rate or another; of a circuit its `NodalModel`, in double precision.

    Args:
        source: what was typed.
        circuit: as `netlist_of` has read it.
        fs: hertz; None for the file's, and 48 kHz for a circuit.
        oversampling: of a circuit.
        width: of a .nam of several sizes.
        assumes: that a model which knows no rate is for this one, which is said.

    Raises:
        Fault: naming the file, when it cannot be brought to that rate.
    """
    import numpy as np

    import circuitnn as cn

    if circuit is not None:
        return cn.nodal.NodalModel(circuit, fs or FS, oversampling=oversampling, dtype=np.float64)
    model = saved_model(source, width)
    if fs is None:
        return model
    if assumes and model.fs is None:
        if model.rebuilt_at(float(fs)) is None:
            say(f"warning: {source}: does not say at which sample rate it was trained; {fs:g} Hz are assumed", err=True)
        return model
    try:
        return cn.resampled(model, fs)
    except ValueError as problem:
        raise Fault(f"{source}: {problem}") from None


def with_cabinet(model: "cn.Model", path: str | None, fs: float) -> "cn.Model":
    """The model with the impulse response of a sound file behind it, where there is one; of several channels the first.

    Raises:
        Fault: where it cannot be read, or the model gives several signals.
    """
    if path is None:
        return model
    import circuitnn as cn
    from circuitnn.audio.sound_file import opened_sound

    if model.out_features != 1:
        raise Fault(f"--cabinet is for models of one output; this one has {model.out_features}")
    if model.fs is not None:
        fs = model.fs
    if not float(fs).is_integer():
        raise Fault(f"--cabinet: the model is for {fs:g} Hz, which is no whole rate")
    with opened_sound(path) as sound:
        channels, rate = sound.channels, sound.samplerate
    behind = cn.hybrid.cabinet(path, int(fs), channel=0 if channels > 1 else None, dtype=model.dtype)
    chosen = f", the first of {channels} channels" if channels > 1 else ""
    resampled = f", resampled from {rate} Hz" if rate != fs else ""
    say(f"{path}: an impulse response of {1000 * behind.length / fs:.4g} ms{resampled}{chosen}")
    whole = cn.chain(model, behind)
    whole.volts = model.volts
    return whole


def check_cabinet(path: str | None, *outputs: Path) -> None:
    """Before JAX is imported: whether an impulse response can be read, and is not written over.

    Raises:
        AudioError: when it cannot.
        Fault: when it is one of the files that are written.
    """
    if path is None:
        return
    from circuitnn.cli import sounds

    sounds.check(path)
    for out in outputs:
        check_other(out, path, "impulse response")


def refuse_width(source: str, width: float | None) -> None:
    """Raises a Fault where a width was given for a netlist."""
    if width is not None:
        raise Fault(f"--width is for a .nam of several sizes; {source} is a netlist")


def refuse_options_of_netlists(source: str, oversampling: int, reading: Reading) -> None:
    """Raises a Fault where an option was given that means nothing to a saved model."""
    if oversampling != 1:
        raise Fault(f"--oversample is for netlists; {source} is a saved model")
    reading.refuse(source, "a saved model")
