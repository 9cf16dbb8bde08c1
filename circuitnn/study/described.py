"""Parts of a study from plain tables: contenders, targets, regimes, hypotheses and what is played."""

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from circuitnn.circuit import Circuit, read_netlist
from circuitnn.circuit.catalogue import CATALOGUE
from circuitnn.knobs import check_value, spelling
from circuitnn.settings import arguments_of, class_of
from circuitnn.study.contenders import by_recipe, network, within
from circuitnn.study.definition import Contender, Target
from circuitnn.study.fixed import opened, saved
from circuitnn.study.hypotheses import Hypothesis, Runs
from circuitnn.study.keys import Faults, Keys
from circuitnn.study.material import Material
from circuitnn.study.positions import Positions
from circuitnn.study.rate_search import RateSearch
from circuitnn.study.recorded import knobs_of
from circuitnn.study.regimes import MORE_REGIMES, TrainingRegime

FILES = (".nam", ".npz", ".aidax", ".json")
SIZE = "hidden"  # what a network within a budget has as many of as fit


def contender(given: Any, where: str, faults: Faults, budget: Mapping[str, int]) -> Contender | None:
    """A contender from its table, or from the name of a recipe or a file.

    Args:
        given: what is written.
        where: its key.
        faults: that are noted.
        budget: "weights" or "operations" that a network without a size of its own may have.
    """
    if isinstance(given, Contender):
        return given
    if isinstance(given, str):
        given = {"file" if Path(given).suffix.lower() in FILES else "recipe": given}
    keys = Keys(given, where, faults)
    ways = [name for name in ("kind", "recipe", "file") if name in keys.left]
    if len(ways) != 1:
        faults.note(where, 'has to have one of the keys "kind", "recipe" and "file"')
        return None
    way, name, rate = ways[0], keys.take(ways[0], str), keys.positive("rate", float)
    if name is None:
        return None
    if way == "kind":
        settings, keys.left = keys.left, {}
        return faults.tried(where, lambda: _network(name, {} if rate is None else {"rate": rate}, settings, budget))
    keys.end()
    if way == "recipe":
        made = faults.tried(where, lambda: by_recipe(name))
        return made if made is None or rate is None else dataclasses.replace(made, learning_rate=rate)
    if rate is not None:
        faults.note(keys.key("rate"), "is of contenders that learn")
    faults.tried(where, lambda: opened(name))
    return saved(name)


def _network(kind: str, rate: Mapping[str, float], settings: dict[str, Any], budget: Mapping[str, int]) -> Contender:
    if not budget or SIZE in settings or SIZE not in arguments_of(class_of(kind)):
        return network(kind, **rate, **settings)
    (measure, most), *more = budget.items()
    if more:
        raise ValueError("a budget of both weights and operations is one too many")
    try:
        network(kind, **settings, hidden=1)
        step = 1
    except ValueError:  # conjugate poles come in pairs
        step = 2
    return within(lambda units: network(kind, **rate, **settings, hidden=step * units), most, measure)  # type: ignore[arg-type]


def target(given: Any, where: str, faults: Faults) -> Target | None:
    """A target from its table, as `resolved` leaves it."""
    if isinstance(given, Target):
        return given
    keys = Keys(given, where, faults)
    ways = [name for name in ("circuit", "netlist", "folder") if name in keys.left]
    if len(ways) != 1:
        faults.note(where, 'has to have one of the keys "circuit" and "folder"')
        return None
    way, source, title = ways[0], keys.take(ways[0], str), keys.take("title", str)
    volts, knobs = keys.positive("volts", float), keys.take("knobs", dict, {})
    held, gains = keys.many("unseen", dict, ()), keys.many("gains_db", float, ())
    if source is None:
        return None
    if way == "folder":
        keys.end()
        names = faults.tried(where, lambda: knobs_of(source))
        if names is None:
            return None
        return faults.tried(
            where,
            lambda: Target(
                title or Path(source).name, None, recordings=str(Path(source).resolve()), knobs=names,
                positions=Positions((), tuple(held)) if held else None,
            ),
        )  # fmt: skip
    ends = {name: keys.many(name, str) for name in ("inputs", "outputs") if name in keys.left}
    constant = keys.take("set", dict, {})
    keys.end()
    build = functools.partial(_circuit, way, source, ends, tuple(constant.items()))
    circuit = faults.tried(where, build)
    if circuit is None:
        return None
    positions = faults.tried(f"{where}.knobs", lambda: _positions(circuit, knobs, held, gains))
    if positions is None:
        return None
    return Target(title or circuit.title, build, positions=positions, volts=volts)


def _circuit(way: str, source: str, ends: Mapping[str, Any], constant: tuple[tuple[str, Any], ...]) -> Circuit:
    circuit = CATALOGUE[source]() if way == "circuit" else read_netlist(source, dialect="ngspice", **ends)
    return circuit.replace(**dict(constant)) if constant else circuit


def _positions(circuit: Circuit, knobs: Mapping[str, Any], held: Any, gains: Any) -> Positions:
    axes = {}
    for name, given in knobs.items():
        own = spelling(name, circuit.controls)
        axes[own] = [given] if isinstance(given, int | float) else list(given)
        for value in axes[own]:
            check_value(own, value, circuit.controls[own])
    unseen = [{spelling(name, circuit.controls): value for name, value in position.items()} for position in held]
    for position in unseen:
        if set(position) != set(axes):
            raise ValueError(f"an unseen position has to say where {', '.join(axes)} are, got {position}")
        for name, value in position.items():
            check_value(name, value, circuit.controls[name])
    return Positions.grid(unseen=unseen, gains_db=gains, **axes)


def regime(given: Any, where: str, faults: Faults) -> TrainingRegime | None:
    """A regime from the name of one of `MORE_REGIMES`, or from a table that changes how one is trained."""
    if isinstance(given, TrainingRegime):
        return given
    keys = Keys({"regime": given} if isinstance(given, str) else given, where, faults)
    name, title = keys.take("regime", str, "TBPTT"), keys.take("title", str)
    options = {
        "loss": keys.take("loss", str),
        "schedule": keys.take("schedule", str),
        "rate": keys.positive("rate", float),
        "patience": keys.positive("patience", int),
    }
    keys.end()
    if name not in MORE_REGIMES:
        faults.note(keys.key("regime"), f"there is no {name!r}; there are {', '.join(MORE_REGIMES)}")
        return None
    options = {option: value for option, value in options.items() if value is not None}
    base = MORE_REGIMES[name]
    return faults.tried(where, lambda: TrainingRegime(title or base.title, base.build, **options))


def hypothesis(given: Any, where: str, faults: Faults) -> Hypothesis | None:
    """A claim from its table."""
    if isinstance(given, Hypothesis):
        return given
    keys = Keys(given, where, faults)
    name, claim = keys.take("name", str, where), keys.take("claim", str, "")
    sides: list[Any] = []
    for side in ("lower", "higher"):
        inside = Keys(keys.take(side, dict, {}), keys.key(side), faults)
        model, under, error = (inside.take(key, str) for key in ("model", "regime", "error"))
        inside.end()
        sides.append(faults.tried(keys.key(side), functools.partial(Runs, under, model, error or "free_running")))
    options: dict[str, Any] = {key: keys.many(key, str) for key in ("circuits", "models", "by")}
    options["smallest_db"] = keys.take("smallest_db", float, 1.0)
    keys.end()
    return faults.tried(where, lambda: Hypothesis(name, claim, *sides, **options)) if all(sides) else None


def material(keys: Keys) -> tuple[Material | None, dict[str, tuple[str, ...]]]:
    """What is made up, and the recordings in place of it: files, and which of them are for test and validation."""
    files = {key: keys.many(key, str, ()) for key in ("files", "test_files", "validation_files")}
    options: dict[str, Any] = {"kinds": keys.many("kinds", str), "seed": keys.take("seed", int)}
    options |= {key: keys.positive(key, float) for key in ("seconds", "validation", "test")}
    keys.end()
    told = {key: value for key, value in options.items() if value is not None}
    if files["files"] and "kinds" in told:
        keys.faults.note(keys.where, "says both kinds and files: what is played is one of the two")
    return keys.faults.tried(keys.where, lambda: Material(**told)), files


def search(keys: Keys) -> RateSearch | None:
    """How learning rates are found."""
    options: dict[str, Any] = {"rates": keys.many("rates", float), "share": keys.positive("share", float)}
    options["seeds"] = keys.positive("seeds", int)
    keys.end()
    told: dict[str, Any] = {key: value for key, value in options.items() if value is not None}
    return keys.faults.tried(keys.where, lambda: RateSearch(**told))
