"""`circuitnn play`: a device to listen to while its knobs are turned, as a page."""

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from circuitnn.cli.options import Number, knob_option, oversample_option
from circuitnn.cli.outputs import check_suffix, check_writable
from circuitnn.cli.problems import Fault, say
from circuitnn.cli.reading import Reading, model_option, set_option
from circuitnn.cli.variants import Turned, Variant, variant_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    import circuitnn as cn

MOST, KNOBS = 64, 3  # takes on a page, half a megabyte each; knobs that are turned where none is named
STEPS = {1: 5, 2: 4}  # positions of each knob by how many are turned; of more it is 3
SETTLED = 0.35  # seconds after which the answer to a small impulse is over
SMALL = 1e-3  # of full scale, the impulse

EXAMPLES = """\b
Examples:
  circuitnn play tube_screamer_clipping
  circuitnn play pedal.npz --input riff.wav --turn drive --steps 7 -o pedal.html
  circuitnn play "my.cir@D1=1N34A" --turn bass --turn treble --knob volume=0.7
"""


@click.command(short_help="Make a page that plays a device while its knobs are turned.", epilog=EXAMPLES)
@click.argument("source", metavar="MODEL")
@click.option(
    "--input", "-i", "sound", metavar="IN.wav", help="What is played into it.  [default: a guitar part at 48 kHz]"
)
@click.option(
    "--turn", "turned", metavar="KNOB", multiple=True, help="Which knobs are turned.  [default: the first three]"
)
@click.option("--steps", type=click.IntRange(2, 21), help="Positions of each, from 0 to 1.  [default: 5, 4 or 3]")
@knob_option
@set_option
@model_option
@click.option("--volts", type=Number(0, min_open=True), help="As for circuitnn compare.")
@click.option("--seconds", type=Number(0.5, 30), default=6.0, show_default=True, help="Of the sound at most.")
@oversample_option
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default=Path("play.html"),
    show_default=True,
    metavar="FILE.html",
    help="The page.",
)
def play(source: str, out: Path, sound: str | None, **options: Any) -> None:
    """Make a page that plays a netlist or a model while its knobs are turned, with its response beside it.

    Everything is computed before: each combination of the positions has a take. The page is one file that needs no
    network, to be sent to others.
    """
    check_suffix(out, "a page", ".html", ".htm")
    variant = variant_of(source)
    # Here and not above, as --help need not wait for NumPy, nor an error for JAX.
    from circuitnn.cli import identified, takes

    if takes.is_sound(variant):
        raise Fault(f"{source}: is a sound, which has no knobs; a netlist or a model is what is played")
    takes.check([variant], sound)
    check_writable(out)
    identified.need_page()
    _write(variant, out, sound, **options)
    say(str(out))


def _write(
    variant: Variant,
    out: Path,
    sound: str | None,
    *,
    turned: tuple[str, ...],
    steps: int | None,
    knobs: tuple[tuple[str, float], ...],
    settings: Any,
    models: Any,
    volts: float | None,
    seconds: float,
    oversample: str,
) -> None:
    from circuitnn.cli import takes

    netlists = takes.netlists_of([variant], Reading(settings=settings, models=models), knobs)
    for one in netlists.values():
        _places(one.circuit, one.held, turned, steps, variant.label)
    import jax
    import numpy as np
    from tqdm import tqdm

    from circuitnn import audio, pages
    from circuitnn.cli.loading import spelled

    x, fs = (0.5 * audio.guitar(seconds, takes.FS, seed=0), takes.FS) if sound is None else takes.read_input(sound)
    x = x[: round(seconds * fs)]
    freqs = np.geomspace(20.0, min(20_000.0, 0.45 * fs), 160)
    with jax.enable_x64(True):
        circuits, opened = takes.opened([variant], netlists, knobs, fs, int(oversample))
        model, held = opened[variant.label]
        places = _places(model, held, turned, steps, variant.label)
        scale = volts or takes.full_scale([variant], opened, x)
        say(f"full scale is taken as {scale:g} V (--volts)")
        found = []
        for place in tqdm(places, desc="compiling and running", unit="take", disable=None, leave=False):
            at = {**held, **place}
            y = takes.rendered(model, scale * x, at)
            if not np.all(np.isfinite(y)):
                raise Fault(f"{variant.label}: the output at {spelled(at)} is not finite")
            found.append(pages.Setting(place, y, _response(circuits.get(variant.label), model, at, freqs, scale)))
    facts = {
        "Device": circuits[variant.label].circuit.title if circuits else f"{variant.label}, {type(model).__name__}",
        "What was played": sound or f"a guitar part made by circuitnn, {len(x) / fs:g} s",
        "Full scale at the input": f"{scale:g} V; the peak is {scale * np.abs(x).max():.3g} V",
        "Rate": f"{fs} Hz" + f", simulated at {oversample} times that" * (oversample != "1"),
    }
    if held:
        facts["Other knobs"] = spelled(held)
    title = circuits[variant.label].circuit.title if circuits and not variant.changes else variant.label
    pages.play(found, out, fs=fs, freqs=freqs, played=x, title=title, facts=facts)


def _places(
    model: "cn.Circuit | cn.Model", held: dict[str, float], turned: tuple[str, ...], steps: int | None, label: str
) -> list[dict[str, float]]:
    """Where the knobs stand in each take."""
    from circuitnn.cli.loading import known_knob

    names = [known_knob(name, model, label) for name in turned] or [n for n in model.controls if n not in held][:KNOBS]
    for name in names:
        if names.count(name) > 1:
            raise Fault(f"--turn {name}: given twice")
        if name in held:
            raise Fault(f"--turn {name}: it stands at {held[name]:g} already; leave one of the two away")
    count = steps or STEPS.get(len(names), 3)
    if count ** len(names) > MOST:
        raise Fault(f"{count} positions of {len(names)} knobs are {count ** len(names)} takes; {MOST} fit on a page")
    positions = [round(index / (count - 1), 6) for index in range(count)]
    return [dict(zip(names, at, strict=True)) for at in itertools.product(positions, repeat=len(names))]


def _response(
    turned: Turned | None, model: "cn.Model", at: dict[str, float], freqs: "NDArray", scale: float
) -> "NDArray[np.complex128]":
    """Small-signal: that of a netlist at its operating point, of a model its answer to a small impulse."""
    import numpy as np

    from circuitnn.cli import takes

    if turned is not None:
        return takes.response_of(Turned(turned.circuit, {**turned.held, **at}), freqs)
    fs = float(model.fs or takes.FS)
    impulse = np.zeros(round(SETTLED * fs))
    impulse[0] = SMALL * scale
    answer = takes.rendered(model, impulse, at) - takes.rendered(model, 0 * impulse, at)
    turns = np.exp(-2j * np.pi * np.outer(freqs / fs, np.arange(len(impulse))))
    return turns @ answer / impulse[0]
