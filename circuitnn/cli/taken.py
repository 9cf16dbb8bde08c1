"""Recordings that a model is learnt from: read, checked and put in step, for which JAX is not imported."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, final

from circuitnn import capture
from circuitnn.cli.problems import Fault, say
from circuitnn.cli.recordings import read_pair
from circuitnn.description import counted


@final
class Taken(NamedTuple):
    """What was taken of a device.

    Attributes:
        takes: one or more, of one rate.
        what: they are, in words.
        findings: what was found in them.
        controls: where the knobs stood in each; None without knobs.
    """

    takes: "tuple[capture.Take, ...]"
    what: str
    findings: "tuple[capture.Finding, ...]"
    controls: list[Mapping[str, float]] | None = None


def take(sources: Sequence[str], options: Mapping[str, Any]) -> Taken:
    """What there is to learn from, as the command was told; what is found in it is said.

    Args:
        sources: two sound files, or a folder or its table.
        options: of the command, by name.

    Raises:
        Fault, TakeError, AudioError: when it cannot be read or used.
    """
    volts = options["volts"]
    asked = {
        "latency": options["latency"],
        "polarity": "keep" if options["keep_polarity"] else "turn",
        "test": options["test"],
        "validation": options["validation"],
        "volts": None if volts is None else (volts, options["output_volts"] or volts),
    }
    if len(sources) == 1:
        return _of_table(Path(sources[0]), options["channel"], asked)
    one, findings = _of_pair(sources[0], sources[1], options["channel"], asked)
    for finding in findings:
        _tell(finding)
    return Taken((one,), f"{sources[0]}, {sources[1]}", findings)


def _of_table(path: Path, channel: str | None, options: Mapping[str, Any]) -> Taken:
    rows = capture.read_table(path)
    takes: list[capture.Take] = []
    findings: list[capture.Finding] = []
    for row in rows:
        one, own = _of_pair(row.played, row.recorded, channel, options)
        if takes and one.fs != takes[0].fs:
            raise Fault(
                f"{path}: {row.recorded} has {one.fs:g} Hz, and {rows[0].recorded} {takes[0].fs:g} Hz: all of them "
                "are to have one rate"
            )
        where = ", ".join(f"{name} {position:g}" for name, position in row.knobs.items())
        say(f"{row.recorded}: {where or 'no knobs'}")
        for finding in own:
            _tell(finding)
        takes.append(one)
        findings += own
    upside_down = {one.alignment.polarity for one in takes if one.alignment}
    others = [*_still(rows)]
    if len(upside_down) > 1:
        others.append(capture.Finding("some of the recordings are upside down, and others are not", is_doubt=True))
    for finding in others:
        _tell(finding)
    controls = [row.knobs for row in rows] if rows[0].knobs else None
    return Taken(tuple(takes), f"{path}: {counted(len(rows), 'recording')}", (*findings, *others), controls)


def _still(rows: "Sequence[capture.Row]") -> "list[capture.Finding]":
    """Knobs that never move, and positions that are there twice: nothing can be learnt of the one from the other."""
    found = []
    for name in rows[0].knobs:
        if len({row.knobs[name] for row in rows}) == 1:
            at = rows[0].knobs[name]
            text = f"{name} stands at {at:g} in all recordings: what it does elsewhere is not learnt"
            found.append(capture.Finding(text, is_doubt=True))
    places = [tuple(row.knobs.values()) for row in rows]
    for number, place in enumerate(places):
        if place and place in places[:number]:
            first = rows[places.index(place)].recorded
            text = f"{rows[number].recorded} has its knobs where {first} has them: is one of the two positions wrong?"
            found.append(capture.Finding(text, is_doubt=True))
    return found


def _of_pair(
    played: str, recorded: str, channel: str | None, options: Mapping[str, Any]
) -> "tuple[capture.Take, tuple[capture.Finding, ...]]":
    pair = read_pair(played, recorded, channel)
    found = [capture.Finding(note) for note in pair.notes]
    known, options = capture.layout(pair.x, pair.fs), dict(options)
    if known is not None:
        found.append(capture.Finding(f"{played} is a capture signal: its clicks tell the latency, its parts are known"))
        if options.get("latency") is None:
            options["blips"] = known.clicks
        if options.get("test") is None and options.get("validation") is None:
            options["parts"] = known.parts
    one = capture.prepare(pair.x, pair.y, fs=pair.fs, names=(played, recorded), **options)
    return one, (*found, *one.findings)


def _tell(finding: "capture.Finding") -> None:
    say(f"warning: {finding}" if finding.is_doubt else str(finding), err=finding.is_doubt)
