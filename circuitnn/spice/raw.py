"""ngspice's binary result files."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Plot:
    """One analysis.

    Attributes:
        name: such as "Transient Analysis".
        columns: real or complex values by lower-case vector name ("time", "frequency", "v(out)").
        words: what ngspice had to complain about in the run.
    """

    name: str
    columns: dict[str, np.ndarray]
    words: str = ""


def read_raw(data: bytes) -> list[Plot]:
    """The plots of a binary raw file, in order.

    Raises:
        ValueError: when the file is cut short or of another form.
    """
    plots = []
    position = 0
    while data[position : position + 16].strip():
        start = data.find(b"Binary:\n", position)
        if start < 0:
            raise ValueError("a raw file without a Binary: section")
        fields, names = _header(data[position:start].decode("utf-8", errors="replace"))
        kind = np.dtype(np.complex128 if "complex" in fields["flags"].lower() else np.float64)
        columns, points = int(fields["no. variables"]), int(fields["no. points"])
        position = start + len(b"Binary:\n")
        length = columns * points * kind.itemsize
        if len(names) != columns or len(data) - position < length:
            raise ValueError("a raw file that is cut short")
        table = np.frombuffer(data, kind, columns * points, position).reshape(points, columns)
        plots.append(Plot(fields.get("plotname", ""), {name: table[:, column] for column, name in enumerate(names)}))
        position += length
    return plots


def _header(text: str) -> tuple[dict[str, str], list[str]]:
    fields: dict[str, str] = {}
    names = []
    in_variables = False
    for line in text.splitlines():
        words = line.split()
        if in_variables and len(words) >= 3 and words[0].isdigit():
            names.append(words[1].lower())
            continue
        key, _, value = line.partition(":")
        in_variables = key.strip().lower() == "variables"
        fields[key.strip().lower()] = value.strip()
    missing = [key for key in ("flags", "no. variables", "no. points") if key not in fields]
    if missing:
        raise ValueError(f"a raw file without {', '.join(missing)}")
    return fields, names
