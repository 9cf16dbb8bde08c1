"""Targets from plain tables: circuits, positions of their knobs and folders of recordings; without JAX."""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

from circuitnn.circuit import Circuit, read_netlist
from circuitnn.circuit.catalogue import CATALOGUE
from circuitnn.knobs import check_value, spelling
from circuitnn.study.keys import Faults, Keys, shortened
from circuitnn.study.positions import Position, Positions

WAYS = ("circuit", "folder")


@final
@dataclasses.dataclass(frozen=True)
class Device:
    """What is said of a target.

    Attributes:
        title: for the report; None where none is said.
        source: folder of recordings, or where the circuit is from.
        circuit: builds it; None for recordings.
        positions: where its knobs stand; None for recordings of which none is held out.
        volts: of full scale; None where they are not said.
        device: whose recordings of a folder are meant; None where it is not said.
    """

    title: str | None
    source: str
    circuit: Callable[[], Circuit] | None
    positions: Positions | None
    volts: float | None = None
    device: str | None = None


def device(given: Any, where: str, faults: Faults) -> Device | None:
    """A target from its table, as `circuitnn.study.netlists.resolved` leaves it; None where it is at fault."""
    keys, before = Keys(given, where, faults), len(faults.found)
    ways = ("netlist", "folder") if "netlist" in keys.left else WAYS
    way = keys.one_of(ways)
    if way is None:
        return None
    source, title = keys.take(way, str), keys.take("title", str)
    unseen = keys.many("unseen", dict, ())
    if way == "folder":
        of = keys.take("device", str)
        keys.end()
        if len(faults.found) > before:
            return None
        held = faults.tried(keys.key("unseen"), lambda: _held(unseen))
        return None if held is None else Device(title, str(source), None, *held, device=of)
    volts, gains, constant = keys.positive("volts", float), keys.many("gains_db", float, ()), keys.take("set", dict, {})
    knobs = keys.take("knobs", dict, {})
    ends = {name: keys.many(name, str) for name in ("inputs", "outputs") if name in keys.left}
    keys.end()
    for name in ends if way == "circuit" else ():
        faults.note(keys.key(name), "is of netlists: a circuit of the catalogue has its own")
    if len(faults.found) > before or source is None:
        return None
    circuit = faults.tried(where, lambda: _built(way, source, tuple(sorted(ends.items())), ()))
    if circuit is None:
        return None
    if len(circuit.inputs) > 1 or len(circuit.outputs) > 1:
        ends_of = f"{', '.join(circuit.inputs)}; {', '.join(circuit.outputs)}"
        faults.note(
            where,
            f"a study compares one input and one output, this circuit has {ends_of}: of a netlist say which are meant "
            "(inputs, outputs); from Python a Target has sources for the other inputs",
        )
        return None
    fixed = faults.tried(keys.key("set"), lambda: _fixed(circuit, constant, knobs))
    positions = faults.tried(keys.key("knobs"), lambda: _positions(circuit, knobs, unseen, gains))
    if positions is None or fixed is None:
        return None
    build = functools.partial(_built, way, source, tuple(sorted(ends.items())), fixed)
    built = faults.tried(keys.key("set"), build)
    return None if built is None else Device(title or built.title, source, build, positions, volts)


def _held(unseen: Sequence[Position]) -> tuple[Positions | None]:
    """The rows of a table that are held out."""
    if any(not one for one in unseen):
        raise ValueError("a position is a table of knobs, got an empty one")
    held = tuple({name: _number(name, value) for name, value in one.items()} for one in unseen)
    return (Positions((), held) if held else None,)


@functools.lru_cache(maxsize=256)
def _built(way: str, source: str, ends: tuple[tuple[str, Any], ...], constant: tuple[tuple[str, Any], ...]) -> Circuit:
    circuit = CATALOGUE[source]() if way == "circuit" else read_netlist(source, dialect="ngspice", **dict(ends))
    return circuit.replace(**dict(constant)) if constant else circuit


def _fixed(circuit: Circuit, constant: Mapping[str, Any], swept: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Where knobs stand, and other values of the circuit."""
    names = {name.lower(): name for name in circuit.controls}
    for name, value in constant.items():
        if name.lower() in {str(one).lower() for one in swept}:
            raise ValueError(f"{name} stands still here, and is at several positions in knobs: one of the two")
        if name.lower() in names:
            check_value(name, _number(name, value), circuit.controls[names[name.lower()]])
    return tuple(constant.items())


def _positions(
    circuit: Circuit, knobs: Mapping[str, Any], held: Sequence[Position], gains: Sequence[float]
) -> Positions:
    axes: dict[str, list[float]] = {}
    for name, given in knobs.items():
        own = spelling(name, circuit.controls)
        if own in axes:
            raise ValueError(f"{own} is there twice, in different case")
        values = given if isinstance(given, list | tuple) else [given]
        if not values:
            raise ValueError(f"{name}: names no position")
        axes[own] = [_number(name, value) for value in values]
        for value in axes[own]:
            check_value(own, value, circuit.controls[own])
    unseen = []
    for one in held:
        position = {spelling(name, circuit.controls): _number(name, value) for name, value in one.items()}
        if not axes:
            raise ValueError("unseen: positions are of the knobs that the key knobs has, and there is none")
        if set(position) != set(axes):
            raise ValueError(f"unseen: a position has to say where {', '.join(axes)} are, got {shortened(dict(one))}")
        for name, value in position.items():
            check_value(name, value, circuit.controls[name])
        unseen.append(position)
    found = Positions.grid(unseen=unseen, gains_db=gains, **axes)
    if not found.seen:
        raise ValueError("unseen: all positions are held out, and none is left to learn from")
    return found


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name}: positions are finite numbers, or lists of them, got {shortened(value)}")
    return float(value)
