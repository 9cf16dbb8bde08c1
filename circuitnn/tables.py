"""Tables that people write: values separated by commas, semicolons or tabs, read line by line and with an end."""

import csv
import io
import itertools
import os
import re
from collections.abc import Iterator

from circuitnn.opening import content, reason

LARGEST = 2**23  # bytes
MOST_LINES, LONGEST_LINE = 2**18, 2**14
SEPARATORS = ",;\t"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def table_rows(path: str | os.PathLike) -> Iterator[tuple[int, list[str]]]:
    """Number of the line, from 1 on, and cells without white space around them; empty lines are left out.

    What separates cells is what the head has: a comma, or else a semicolon or a tab, as spreadsheets write where the
    comma is the decimal point.

    Raises:
        ValueError: naming the file, and the line where it is at fault.
    """
    try:
        data = content(path, LARGEST)
    except OSError as error:
        raise ValueError(f"{path}: {reason(error)}") from error
    lines, first = _lines(data), ""
    reader, skipped = csv.reader(iter(())), 0
    try:
        for first in lines:
            if first.strip() and not first.lstrip(' "').startswith("#"):
                break
            skipped += 1
        separator = next((each for each in SEPARATORS if each in first), ",")
        reader = csv.reader(itertools.chain([first], lines), skipinitialspace=True, delimiter=separator)
        for cells in reader:
            if cells:
                yield skipped + reader.line_num, [cell.strip() for cell in cells]
    except UnicodeError:
        raise ValueError(f"{path}: cannot be read as a table: it is not a text file in UTF-8") from None
    except (csv.Error, _LineError) as error:
        line = skipped + reader.line_num + 1
        raise ValueError(f"{path}: cannot be read as a table: line {line}: {error}") from None


def number(cell: str) -> float:
    """What a cell says, with a decimal point or a decimal comma.

    Raises:
        ValueError: when it is no number.
    """
    return float(cell.replace(",", ".") if re.fullmatch(r"[+-]?[0-9]*,[0-9]+", cell) else cell)


class _LineError(ValueError):
    """A line that no table has."""


def _lines(data: bytes) -> Iterator[str]:
    encoding = "utf-16" if data.startswith(UTF_16) else "utf-8-sig"
    for number_of, line in enumerate(io.TextIOWrapper(io.BytesIO(data), encoding=encoding)):
        if len(line) > LONGEST_LINE or number_of >= MOST_LINES:
            raise _LineError(f"more than {LONGEST_LINE} characters in a line, or {MOST_LINES} lines")
        if line.count('"') % 2:
            raise _LineError("a quotation mark that is not closed")
        yield line
