"""A table of recordings at knob positions: which files, and where the knobs were."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, final

from circuitnn.capture.take import TakeError
from circuitnn.knobs import check_value
from circuitnn.tables import number, table_rows

NAME, PLAYED, RECORDED = "table.csv", "input", "output"


@final
class Row(NamedTuple):
    """One recording: both files, and the knobs by name.

    Attributes:
        played: path of what went into the device.
        recorded: path of what came out.
        knobs: where they stood.
        part: "train", "validation" or "test", where the set says which; None where a recording is divided by time.
    """

    played: str
    recorded: str
    knobs: Mapping[str, float]
    part: str | None = None


def read_table(path: Path) -> list[Row]:
    """The rows of a table with the columns input, output and one for each knob; files lie beside the table.

    Args:
        path: of the table, or of a folder with a table.csv.

    Raises:
        TakeError: naming the line, for a missing column, knob or file, and positions that are none.
    """
    table = path / NAME if path.is_dir() else path
    try:
        lines = [(line, cells) for line, cells in table_rows(table) if any(cells) and not cells[0].startswith("#")]
    except ValueError as problem:
        more = f"; a folder has a {NAME} with the columns {PLAYED}, {RECORDED} and one for each knob"
        raise TakeError(f"{problem}{more if path.is_dir() and not table.exists() else ''}") from None
    if len(lines) < 2:
        raise TakeError(f"{table}: has no rows below its head: {PLAYED}, {RECORDED} and one column for each knob")
    head = [name.lower() if name.lower() in (PLAYED, RECORDED) else name for name in lines[0][1]]
    # Spreadsheets leave separators behind the last column.
    while head and not head[-1] and all(len(cells) == len(head) and not cells[-1] for _, cells in lines[1:]):
        head, lines = head[:-1], [(line, cells[:-1]) for line, cells in lines]
    others = [name for name in head if name not in (PLAYED, RECORDED)]
    if len(set(map(str.lower, head))) < len(head) or len(others) != len(head) - 2 or not all(head):
        shown = ", ".join(head)
        raise TakeError(f"{table}: wanted are the columns {PLAYED}, {RECORDED} and the knobs, each once; got {shown}")
    rows = [_row(table, line, cells, head) for line, cells in lines[1:]]
    twice = {row.recorded for row in rows if sum(row.recorded == other.recorded for other in rows) > 1}
    for name in sorted(twice):
        raise TakeError(f"{table}: {name} is in two rows")
    return rows


def _row(table: Path, line: int, given: list[str], head: list[str]) -> Row:
    if len(given) != len(head):
        raise TakeError(f"{table}, line {line}: has {len(given)} cells, the head has {len(head)} columns")
    cells = dict(zip(head, given, strict=True))
    knobs = {}
    for name in head:
        if name in (PLAYED, RECORDED):
            if not (table.parent / cells[name]).is_file():
                raise TakeError(
                    f"{table}, line {line}: {cells[name] or 'an empty name'}: no such file beside the table"
                )
            continue
        try:
            knobs[name] = number(cells[name])
        except ValueError:
            raise TakeError(f"{table}, line {line}: knob {name}: {cells[name]!r} is no number from 0 to 1") from None
        try:
            check_value(name, knobs[name])
        except ValueError as problem:
            raise TakeError(f"{table}, line {line}: {problem}; it is {cells[name]!r}") from None
    return Row(str(table.parent / cells[PLAYED]), str(table.parent / cells[RECORDED]), knobs)
