"""What ngspice makes of a netlist as its user wrote it."""

import re
from pathlib import Path

from circuitnn.circuit.lines import physical_lines
from circuitnn.spice.program import simulate
from circuitnn.spice.settings import Tolerances

# What else is to be computed or shown; and .end, before which the analysis here is to stand.
_ANALYSES = re.compile(
    r"\s*\.(tran|ac|dc|op|noise|tf|four|pz|sens|disto|meas\w*|print|plot|probe|save|step|wave|backanno|end)\b", re.I
)
_FILE = re.compile(r"(\s*\.(?:inc\w*|lib)\s+)[\"']?([^\s\"']+)[\"']?(.*)", re.IGNORECASE)


def rest_as_written(text: str, folder: Path, *, timeout: float = 60.0) -> dict[str, float]:
    """Voltages at rest in ngspice (``.op``) of a netlist that is another's, without its analyses and commands.

    Args:
        text: of a file, whose first line is the title.
        folder: that it is in, where it includes from.
        timeout: seconds.

    Returns:
        Volts by lower-case name of the node.

    Raises:
        SpiceError: with ngspice's own words, where it cannot do it.
    """
    kept: list[str] = []
    is_command = is_left_out = False
    for raw in physical_lines(text):
        word = raw.strip().lower()
        if kept and word.startswith(".control"):
            is_command = True
        elif is_command:
            is_command = not word.startswith(".endc")
        elif kept and word.startswith("+"):
            kept += [] if is_left_out else [raw]
        else:
            is_left_out = bool(kept) and _ANALYSES.match(raw) is not None
            kept += [] if is_left_out else [_located(raw, folder)]
    netlist = "\n".join([*kept, Tolerances().options(), ".op", ".end", ""])
    columns = simulate(netlist, {}, timeout=timeout)[0].columns
    named = {re.sub(r"^v\((.*)\)$", r"\1", name): values for name, values in columns.items() if "#" not in name}
    return {name: float(values[0].real) for name, values in named.items() if not name.startswith("i(")}


def _located(line: str, folder: Path) -> str:
    """The line; a file that it includes from its own folder with the whole path."""
    match = _FILE.fullmatch(line)
    if match is None or not (path := folder / match[2]).is_file():
        return line
    return f'{match[1]}"{path.resolve()}"{match[3]}'
