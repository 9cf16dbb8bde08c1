"""The Klon Centaur, whole, from circuits of the catalogue: as the schematic or as the author's plug-in has it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from jax import numpy as jnp

from circuitnn.circuit import Circuit
from circuitnn.circuit import catalogue as circuits
from circuitnn.composition import Chain, chain, parallel
from circuitnn.hybrid.plain import Gain
from circuitnn.model import Model
from circuitnn.nodal import NodalModel
from circuitnn.oversampling import Oversampled
from circuitnn.wdf import derive

BRANCH = 47e3  # ohms of the clipping stage's branch into the summing amplifier, and of that amplifier's input here
DRIVE = ("pre_amp", "amplifier", "clipping")
STAGES = ("feed_forward_1", *DRIVE, "feed_forward_2", "summing")  # the gain stage in blocks, as the plug-in has it

Trainable = Mapping[str, Sequence[str] | Mapping[str, float | None]]


def klon(
    fs: float = 48_000,
    *,
    version: Literal["schematic", "plugin"] = "schematic",
    gain_stage: Literal["nodal", "wdf"] | Model = "nodal",
    oversampling: int = 1,
    trainable: Trainable | None = None,
    dtype: Any = jnp.float32,
) -> Chain:
    """The Klon Centaur from the guitar to the output, with the knobs gain, treble and level.

    Behind the buffer the signal goes three ways: past the amplifier through two networks, and through pre-amplifier
    network, amplifier and clipping stage. The summing amplifier adds the currents of the three; the tone control and
    the output stage follow. The gain control is ganged: it acts in all of the three ways, and in the amplifier, at
    once.

    The gain stage is one circuit, `circuits.klon_gain_stage`, as the schematic has it. ``version="plugin"`` is that of
    the author's plug-in, in blocks that do not load each other: its amplifier listens before R6 and not behind it, so
    that at gain 0 the driven path is not silent, and its clipping stage and feed-forward network 2 do not touch. That
    is 5 to 15 dB of the response below gain 1.

    Args:
        fs: sample rate, Hz.
        version: "schematic" or "plugin".
        gain_stage: "nodal"; "wdf" for wave digital filters; or a model of one's own, a network for example: volts
            behind the buffer in, those of the summing amplifier out, the knob gain if it has it. In the plug-in's
            version it is in place of pre-amplifier network, amplifier and clipping stage alone, and gives the voltage
            over the clipping stage's 47k; where it comes late, the networks beside it wait.
        oversampling: 1, 2, 4, 8 or 16: the gain stage with all its ways runs at that many times the rate, between one
            pair of filters. A model of one's own has to be made for that rate.
        trainable: for each part the patterns of its values that are learnt, as for `NodalModel`, or a mapping from them
            to tolerances. The parts are buffer, gain_stage, tone and output; of the plug-in's version buffer,
            feed_forward_1, pre_amp, amplifier, clipping, feed_forward_2, summing, tone and output.
        dtype: of the signals and the values.

    Returns:
        A chain of the parts "buffer", "gain_stage", "tone" and "output". The plug-in's gain stage is a chain of
        "paths", "volts" and "summing"; the paths are "feed_forward_1", "drive" and "feed_forward_2"; the drive that is
        no model of one's own is a chain of "pre_amp", "amplifier" and "clipping".

    Raises:
        ValueError: for an unknown version, gain stage, part or pattern, or a model that does not fit in.

    Source: Chowdhury (2020), A comparison of virtual analog modelling techniques for desktop and embedded
    implementations (arXiv 2009.02833): values, and the order of the plug-in's blocks; the connections of the gain stage
    are those of the schematic.
    """
    own = gain_stage if isinstance(gain_stage, Model) else None
    if own is None and gain_stage not in ("nodal", "wdf"):
        raise ValueError(f'gain_stage: expected "nodal", "wdf" or a model, got {gain_stage!r}')
    if version not in ("schematic", "plugin"):
        raise ValueError(f'version: expected "schematic" or "plugin", got {version!r}')
    stages = ("gain_stage",) if version == "schematic" else STAGES
    replaced = () if own is None else stages if version == "schematic" else DRIVE
    learnt = dict(trainable or {})
    parts = [name for name in ("buffer", *stages, "tone", "output") if name not in replaced]
    unknown = sorted(set(learnt) - set(parts))
    if unknown:
        raise ValueError(f"trainable: no part named {', '.join(unknown)}; there are {', '.join(parts)}")

    def part(name: str) -> Model:
        is_fast = name in stages
        build: Callable[..., Model] = derive if is_fast and gain_stage == "wdf" else NodalModel
        rate = fs * oversampling if is_fast else fs
        return build(_circuit(name), rate, trainable=learnt.get(name, ()), dtype=dtype)

    stage = _in_blocks(part, own, dtype) if version == "plugin" else part("gain_stage") if own is None else own
    if oversampling != 1:
        stage = Oversampled(stage, oversampling)
    return chain(buffer=part("buffer"), gain_stage=stage, tone=part("tone"), output=part("output"))


def _in_blocks(part: Callable[[str], Model], own: Model | None, dtype: Any) -> Model:
    """The plug-in's gain stage."""
    scaled = partial(Gain, dtype=dtype)
    drive = (
        chain(**{name: part(name) for name in DRIVE}) if own is None else chain(model=own, current=scaled(1 / BRANCH))
    )
    paths = parallel(feed_forward_1=part("feed_forward_1"), drive=drive, feed_forward_2=part("feed_forward_2"))
    return chain(paths=paths, volts=scaled(BRANCH), summing=part("summing"))


def _circuit(name: str) -> Circuit:
    """A part; of the plug-in's blocks that the summing amplifier adds, the current into it."""
    if name == "pre_amp":
        return circuits.klon_pre_amp(version="plugin")
    circuit: Circuit = getattr(circuits, f"klon_{name}")()
    current = {"feed_forward_1": "i(R19)", "clipping": "i(R16)", "feed_forward_2": "i(R16)"}.get(name)
    return circuit if current is None else dataclasses.replace(circuit, outputs=(current,))
