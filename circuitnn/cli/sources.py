"""What `circuitnn train` learns from: a pair of recordings, a table of pairs, or a netlist that is simulated."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np

from circuitnn import capture
from circuitnn.cli.loading import positions
from circuitnn.cli.problems import Fault, say
from circuitnn.cli.recordings import read_pair
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


def read(sources: Sequence[str], options: Mapping[str, Any], *, netlist: Turned | None, with_states: bool) -> Given:
    """What there is to learn from, as the command was told.

    Args:
        sources: two sound files, a folder or its table, or a netlist.
        options: of the command, by name.
        netlist: the circuit of the only source, where that is one.
        with_states: whether circuit states are to be learnt, which only netlists have.

    Raises:
        Fault, TakeError, AudioError: when it cannot be read or used.
    """
    if netlist is not None:
        return from_netlist(
            sources[0],
            netlist,
            learn=options["learn"],
            fs=options["fs"],
            seconds=options["seconds"],
            volts=options["volts"] or 1.0,
            with_states=with_states,
        )
    if with_states:
        raise Fault(
            f"--model {options['model']} learns circuit states, which only a netlist has: circuitnn train my.cir"
        )
    volts = options["volts"]
    asked = {
        "latency": options["latency"],
        "polarity": "keep" if options["keep_polarity"] else "turn",
        "test": options["test"],
        "validation": options["validation"],
        "volts": None if volts is None else (volts, options["output_volts"] or volts),
    }
    if len(sources) == 1:
        return from_table(Path(sources[0]), options["channel"], **asked)
    return from_pair(sources[0], sources[1], options["channel"], **asked)


def from_pair(played: str, recorded: str, channel: str | None, **options: Any) -> Given:
    """Two sound files; the options are those of `circuitnn.capture.prepare`."""
    take, findings = _take(played, recorded, channel, options)
    for finding in findings:
        _tell(finding)
    return Given(capture.Material.of([take]), f"{played}, {recorded}", findings)


def from_table(path: Path, channel: str | None, **options: Any) -> Given:
    """A table of pairs at knob positions."""
    rows, takes = capture.read_table(path), []
    findings: list[capture.Finding] = []
    for row in rows:
        take, own = _take(row.played, row.recorded, channel, options)
        where = ", ".join(f"{name} {position:g}" for name, position in row.knobs.items())
        say(f"{row.recorded}: {where or 'no knobs'}")
        for finding in own:
            _tell(finding)
        takes.append(take)
        findings += own
    if len({take.alignment.polarity for take in takes if take.alignment}) > 1:
        findings.append(capture.Finding("some of the recordings are upside down, and others are not", is_doubt=True))
        _tell(findings[-1])
    controls = [row.knobs for row in rows] if rows[0].knobs else None
    return Given(capture.Material.of(takes, controls), f"{path}: {len(rows)} recordings", tuple(findings))


def from_netlist(
    source: str,
    turned: Turned,
    *,
    learn: Sequence[str],
    fs: int,
    seconds: float,
    volts: float,
    with_states: bool,
) -> Given:
    """A circuit, simulated on plucked strings, sweeps and noise; knobs that are learnt stand at several positions.

    Args:
        source: the netlist, with changes behind an @ or as it is.
        turned: its circuit, and where its knobs stand.
        learn: names of those that are learnt.
        fs: sample rate, Hz.
        seconds: of each recording.
        volts: of full scale.
        with_states: whether the circuit states are wanted.
    """
    from circuitnn import audio, train

    circuit = turned.circuit.replace(**turned.held)
    learnt = positions([(name, 0.5) for name in learn], circuit, source)
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


def _take(
    played: str, recorded: str, channel: str | None, options: Mapping[str, Any]
) -> tuple[capture.Take, tuple[capture.Finding, ...]]:
    pair = read_pair(played, recorded, channel)
    found = [capture.Finding(note) for note in pair.notes]
    known, options = capture.layout(pair.x, pair.fs), dict(options)
    if known is not None:
        found.append(capture.Finding(f"{played} is a capture signal: its clicks tell the latency, its parts are known"))
        if options.get("latency") is None:
            options["blips"] = known.clicks
        if options.get("test") is None and options.get("validation") is None:
            options["parts"] = known.parts
    take = capture.prepare(pair.x, pair.y, fs=pair.fs, names=(played, recorded), **options)
    return take, (*found, *take.findings)


def _tell(finding: capture.Finding) -> None:
    say(f"warning: {finding}" if finding.is_doubt else str(finding), err=finding.is_doubt)


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
