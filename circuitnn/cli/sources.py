"""What `circuitnn train` learns from: recordings that were taken, or a netlist that is simulated."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np

from circuitnn import capture
from circuitnn.cli.loading import positions
from circuitnn.cli.problems import Fault, say
from circuitnn.cli.taken import Taken
from circuitnn.cli.variants import Turned
from circuitnn.description import counted

if TYPE_CHECKING:
    import circuitnn as cn

SEED = 0  # of the music that a netlist is simulated on
SIMULATED = 8  # times the rate


@final
class Given(NamedTuple):
    """What there is to learn from.

    Attributes:
        material: recordings and parts.
        what: they are, in words.
        findings: what was found in them.
        state_names: of the circuit states that the material has.
        circuit: that was simulated; None of recordings.
    """

    material: capture.Material
    what: str
    findings: tuple[capture.Finding, ...] = ()
    state_names: tuple[str, ...] = ()
    circuit: "cn.Circuit | None" = None


def from_recordings(taken: Taken) -> Given:
    """One take, or several at knob positions."""
    return Given(capture.Material.of(taken.takes, taken.controls), taken.what, taken.findings)


def from_netlist(source: str, turned: Turned, options: Mapping[str, Any], *, with_states: bool) -> Given:
    """A circuit, simulated on plucked strings, sweeps and noise; knobs that are learnt stand at several positions.

    Args:
        source: the netlist, with changes behind an @ or as it is.
        turned: its circuit, and where its knobs stand.
        options: of the command, by name: `learn`, `fs`, `seconds` of each recording, `volts` of full scale.
        with_states: whether the circuit states are wanted.
    """
    from circuitnn import audio, train

    fs, seconds, volts = options["fs"], options["seconds"], options["volts"] or 1.0
    circuit = turned.circuit.replace(**turned.held)
    learnt = positions([(name, 0.5) for name in options["learn"]], circuit, source)
    places = _places(list(learnt))
    x = np.stack([audio.excitation(seconds, fs, seed=SEED + number) for number in range(len(places))])
    controls = {name: np.array([[place[name]] for place in places]) for name in learnt}
    count = counted(len(x), "recording")
    say(f"simulating {count} of {seconds:g} s at {SIMULATED} x {fs} Hz, full scale {volts:g} V ...")
    data = train.simulate_dataset(
        circuit, x, controls=controls or None, fs=fs, volts=volts, oversampling=SIMULATED, progress=sys.stderr.isatty()
    )
    names = circuit.state_names if with_states else ()
    whole = train.Dataset(
        data.x,
        data.y,
        states=data.states if with_states else None,
        initial=data.initial if with_states else None,
        controls=data.controls if learnt else None,
        fs=fs,
        volts=data.volts,
    )
    samples = x.shape[1]
    # The music is in front, sweep and noise are behind it; what decides is the last of the music.
    music = round(audio.excitations.SHARES["guitar"] * samples)
    ends = [0, round(0.75 * music), round(0.875 * music), music]
    parts = {name: slice(a, b) for name, a, b in zip(("train", "validation", "test"), ends[:-1], ends[1:], strict=True)}
    return Given(capture.Material(whole, parts), f"{source}, simulated", (), tuple(names), circuit)


def _places(names: Sequence[str]) -> list[dict[str, float]]:
    """Where knobs stand: of one five positions; of several five for each, spread evenly over all of them."""
    if not names:
        return [{}]
    if len(names) == 1:
        return [{names[0]: position} for position in (0.0, 0.25, 0.5, 0.75, 1.0)]
    if len(names) > 6:
        raise Fault(f"{len(names)} knobs at once are too many: 6 at most")
    from scipy.stats import qmc

    points = qmc.Halton(len(names), seed=SEED).random(5 * len(names))
    return [dict(zip(names, map(float, point), strict=True)) for point in points]
