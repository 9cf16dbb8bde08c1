"""Tables that people write: comma-separated values, read line by line and never more of them than makes sense."""

import csv
import io
import os
from collections.abc import Iterator

from circuitnn.opening import content, reason

LARGEST = 2**23  # bytes
MOST_LINES, LONGEST_LINE = 2**18, 2**14


def table_rows(path: str | os.PathLike) -> Iterator[tuple[int, list[str]]]:
    """Number of the line, from 1 on, and cells without white space around them; empty lines are left out.

    Raises:
        ValueError: naming the file, and the line where it is at fault.
    """
    try:
        data = content(path, LARGEST)
    except OSError as error:
        raise ValueError(f"{path}: {reason(error)}") from error
    reader = csv.reader(_lines(data), skipinitialspace=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, [cell.strip() for cell in cells]
    except UnicodeDecodeError:
        raise ValueError(f"{path}: cannot be read as a table: it is not a text file in UTF-8") from None
    except (csv.Error, _LineError) as error:
        raise ValueError(f"{path}: cannot be read as a table: line {reader.line_num + 1}: {error}") from None


class _LineError(ValueError):
    """A line that no table has."""


def _lines(data: bytes) -> Iterator[str]:
    for number, line in enumerate(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig")):
        if len(line) > LONGEST_LINE or number >= MOST_LINES:
            raise _LineError(f"more than {LONGEST_LINE} characters in a line, or {MOST_LINES} lines")
        if line.count('"') % 2:
            raise _LineError("a quotation mark that is not closed")
        yield line
