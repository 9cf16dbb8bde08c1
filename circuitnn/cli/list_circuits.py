"""`circuitnn list`: the circuits that come with circuitnn."""

import json
import re
from typing import Any

import click

from circuitnn.cli.loading import catalogue_file, spelled
from circuitnn.cli.problems import Fault, say

EXAMPLES = """\b
Examples:
  circuitnn list
  circuitnn list fuzz                         those with the word in their name or title
  circuitnn list --json                       for other programs
"""
_PARAM = re.compile(r"^\.param\s+(.+)$", flags=re.IGNORECASE | re.MULTILINE)
_DEFAULT = re.compile(r"(\w+)\s*=\s*([\d.]+)(?![\w.*{])")


@click.command("list", short_help="List the circuits that come with circuitnn.", epilog=EXAMPLES)
@click.argument("words", metavar="[WORD]...", nargs=-1)
@click.option("--json", "is_json", is_flag=True, help="As a list of objects with name, title, peak_volts and knobs.")
def list_circuits(words: tuple[str, ...], is_json: bool) -> None:
    """List the circuits that come with circuitnn: name, nominal level, knobs with their defaults, title.

    The nominal level is the peak of a sensible input in volts (--volts of circuitnn run). With a WORD, those that have
    it in their name or title.
    """
    from circuitnn.circuit.catalogue.peaks import NOMINAL_PEAK
    from circuitnn.knobs import did_you_mean

    entries = [entry(name) for name in NOMINAL_PEAK]
    found = [one for one in entries if all(word.lower() in f"{one['name']} {one['title']}".lower() for word in words)]
    if not found:
        close = did_you_mean(words[0], NOMINAL_PEAK)
        raise Fault(f"{' '.join(words)}: no circuit has that in its name or title{close}")
    if is_json:
        say(json.dumps(found, indent=1, ensure_ascii=False))
        return
    rows = [("name", "peak", "knobs", "title")]
    rows += [(one["name"], f"{one['peak_volts']:g} V", spelled(one["knobs"]) or "none", one["title"]) for one in found]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    # Few have more knobs than this; of those the title begins later.
    for name, peak, knobs, title in rows:
        say(f"{name:{widths[0]}}  {peak:{widths[1]}}  {knobs:36}  {title}")


def entry(name: str) -> dict[str, Any]:
    """What the netlist of an entry says of it, read as text: the catalogue's netlists give their knobs as numbers."""
    from circuitnn.circuit.catalogue.peaks import NOMINAL_PEAK

    text = re.sub(r"\n\+", " ", catalogue_file(name).read_text(encoding="utf-8"))
    defaults = [pair for line in _PARAM.findall(text) for pair in _DEFAULT.findall(line.partition(";")[0])]
    knobs = {knob: float(number) for knob, number in defaults if float(number) <= 1}
    title = text.partition("\n")[0].lstrip("* ")
    return {"name": name, "title": title, "peak_volts": NOMINAL_PEAK[name], "knobs": knobs}
