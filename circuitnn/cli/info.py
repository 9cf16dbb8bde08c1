"""`circuitnn info`: what a model file or a netlist is."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from circuitnn.cli.loading import netlist_file
from circuitnn.cli.models import netlist_of, opened_model
from circuitnn.cli.options import width_option
from circuitnn.cli.problems import say
from circuitnn.cli.reading import Reading, reading_options

if TYPE_CHECKING:
    import circuitnn as cn

EXAMPLES = """\b
Examples:
  circuitnn info pedal.npz
  circuitnn info my.cir
  circuitnn info capture.nam
"""


@click.command(short_help="Tell what a model file or a netlist is.", epilog=EXAMPLES)
@click.argument("file", metavar="FILE")
@width_option
@reading_options
def info(file: str, width: float | None, reading: Reading) -> None:
    """Tell what a model file or a netlist is: kind, rate, knobs, levels, states, latency, parameters, size.

    FILE is a saved model (.npz), a file of a player (.nam, .aidax, .json of RTNeural or Proteus), a netlist, or the
    name of a circuit that comes with circuitnn; a netlist is told as the nodal model of it. `circuitnn check` tells
    what is read of a netlist, line by line.
    """
    circuit = netlist_of(file, reading, width=width)
    import jax

    with jax.enable_x64(True):
        model = opened_model(file, circuit, width=width)
        path = Path(file) if circuit is None else netlist_file(file)
        for line in _lines(model, path, is_netlist=circuit is not None):
            say(line)


def _lines(model: "cn.Model", path: Path, *, is_netlist: bool) -> list[str]:
    import jax
    import numpy as np

    from circuitnn.cli.loading import spelled
    from circuitnn.description import counted, hearing, shortened

    numbers = sum(np.size(leaf) for leaf in jax.tree.leaves(model.parameters()))
    memory = sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves(model.init_carry(())))
    rate = "any: it knows none" if model.fs is None else f"{model.fs:g} Hz" + " (if none is said)" * is_netlist
    field = hearing(model)
    rows = {
        **({} if is_netlist else _format(path)),
        "rate": rate,
        "signals": f"{counted(model.in_features, 'input')}, {counted(model.out_features, 'output')}, "
        f"{np.dtype(model.dtype).name}",
        "knobs": spelled({name: float(place) for name, place in model.controls.items()}) or "none",
        **({} if model.volts is None else {"levels": _levels(*model.volts)}),
        **({"hears": field.removeprefix("hears ")} if field else {}),
        "states": shortened(getattr(model, "state_names", ())),
        "latency": counted(model.latency, "sample"),
        "parameters": f"{counted(int(numbers), 'learnable number')}",
        "size": f"{counted(path.stat().st_size, 'byte')} on disk, {counted(memory, 'byte')} of memory for each stream",
    }
    return [str(model), *(f"{name + ':':11} {row}" for name, row in rows.items())]


def _format(path: Path) -> dict[str, str]:
    """Whose format a file has, and what it says of itself."""
    from circuitnn.export.formats import FORMATS, format_of, told_by
    from circuitnn.export.torch_file import is_torch

    if path.suffix.lower() == ".npz" and not is_torch(path):
        return {}
    told = ", ".join(f"{key} {word}" for key, word in told_by(path).items())
    return {"format": FORMATS[format_of(path)].title} | ({"says": told} if told else {})


def _levels(volts: float, output_volts: float) -> str:
    from circuitnn.export.levels import dbu_of

    sides = {"in": volts, "out": output_volts}
    told = (f"{value:.4g} V {side} ({dbu_of(value):.1f} dBu)" for side, value in sides.items())
    return f"1.0 is {', '.join(told)}"
