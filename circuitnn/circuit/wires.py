"""Which pins of a schematic one wire or one name connects, and how such nodes are called."""

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import count

from circuitnn.circuit.groups import Groups
from circuitnn.circuit.symbols import Point
from circuitnn.expressions.errors import NetlistError

MAX_DIRECTIONS = 32  # of wires: level, upright and aslant

Wire = tuple[Point, Point]


def nodes(wires: Sequence[Wire], flags: Sequence[tuple[Point, str]], pins: Iterable[Point]) -> dict[Point, str]:
    """The names of the nodes that pins are at, as LTspice calls them.

    What lies on a wire, its ends too, is one node, and so are flags of one name. Without a flag they are N001, N002,
    ... in the order of the wires, P001, ... where pins meet without a wire, and NC_01, ... where one pin is alone.

    Args:
        wires: from end to end.
        flags: where they stand, and their names.
        pins: of all parts; one of several stands several times.

    Raises:
        NetlistError: for wires of too many directions.
    """
    pins = list(pins)
    groups: Groups[Point] = Groups()
    ends = [end for wire in wires for end in wire]
    for one, other in _joined(wires, {*pins, *ends, *(point for point, _ in flags)}):
        groups.join(one, other)
    first: dict[str, tuple[Point, str]] = {}
    for point, name in flags:
        groups.join(point, first.setdefault(name.lower(), (point, name))[0])
    names: dict[Point, str] = {}
    for point, name in first.values():  # of several names of a node the first one; ground before all
        names.setdefault(groups.find(point), name)
    names |= {groups.find(point): "0" for point, name in first.values() if name == "0"}
    wired = {groups.find(end) for end in ends}
    counts = Counter(map(groups.find, pins))
    order = dict.fromkeys(map(groups.find, (*ends, *sorted(pins, key=lambda pin: (pin[1], pin[0])))))
    numbers = {"N": count(1), "P": count(1), "NC_": count(1)}
    for node in order:
        if counts[node] and node not in names:
            letter = "N" if node in wired else "P" if counts[node] > 1 else "NC_"
            names[node] = f"{letter}{next(numbers[letter]):0{2 if letter == 'NC_' else 3}d}"
    return {point: names[groups.find(point)] for point in pins}


def _joined(wires: Sequence[Wire], points: Iterable[Point]) -> Iterable[tuple[Point, Point]]:
    """Neighbours on wires. A line with its points in order is covered by wires from one of them to another."""
    by_direction: dict[Point, list[Wire]] = defaultdict(list)
    for (x1, y1), (x2, y2) in wires:
        length = math.gcd(x2 - x1, y2 - y1)
        if length:
            direction = ((x2 - x1) // length, (y2 - y1) // length)
            if direction < (0, 0):
                by_direction[-direction[0], -direction[1]].append(((x2, y2), (x1, y1)))
            else:
                by_direction[direction].append(((x1, y1), (x2, y2)))
    if len(by_direction) > MAX_DIRECTIONS:
        raise NetlistError(f"wires of more than {MAX_DIRECTIONS} directions")
    for (dx, dy), along in by_direction.items():
        lines: dict[int, list[tuple[int, Point]]] = {y * dx - x * dy: [] for (x, y), _ in along}
        for x, y in points:
            if (line := lines.get(y * dx - x * dy)) is not None:
                line.append((x * dx + y * dy, (x, y)))
        covered: dict[int, list[int]] = {}
        for offset, line in lines.items():
            line.sort()
            covered[offset] = [0] * len(line)
        for (x1, y1), (x2, y2) in along:
            offset = y1 * dx - x1 * dy
            covered[offset][bisect_left(lines[offset], (x1 * dx + y1 * dy, (x1, y1)))] += 1
            covered[offset][bisect_left(lines[offset], (x2 * dx + y2 * dy, (x2, y2)))] -= 1
        for offset, line in lines.items():
            depth = 0
            for place in range(len(line) - 1):
                depth += covered[offset][place]
                if depth:
                    yield line[place][1], line[place + 1][1]
