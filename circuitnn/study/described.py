"""Parts of a study from plain tables: contenders, targets, regimes, hypotheses, and how learning rates are found."""

import dataclasses
import functools
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from circuitnn.model import Model
from circuitnn.settings import arguments_of, class_of
from circuitnn.study import described_target, outline
from circuitnn.study.contenders import by_recipe, network, within
from circuitnn.study.definition import Contender, Target
from circuitnn.study.fixed import opened, saved, standing
from circuitnn.study.hypotheses import Hypothesis, Runs
from circuitnn.study.keys import Faults
from circuitnn.study.rate_search import RateSearch
from circuitnn.study.recorded import knobs_of
from circuitnn.study.regimes import MORE_REGIMES, TrainingRegime

SIZE = "hidden"  # what a network within a budget has as many of as fit


def contender(given: Any, where: str, faults: Faults, budget: Mapping[str, int]) -> Contender | None:
    """A contender from its table, from the name of a recipe or a file, from a model or from a function that makes one.

    Args:
        given: what is written.
        where: its key.
        faults: that are noted.
        budget: "weights" or "operations" that a network without a size of its own may have.
    """
    if isinstance(given, Contender):
        return given
    if isinstance(given, Model):
        return faults.tried(where, lambda: standing(given, where))
    if isinstance(given, type):
        faults.note(where, f"is the class {given.__name__}: give a function of (task, rngs) that makes one, or a table")
        return None
    if callable(given):
        return Contender(given, matched="none")
    said = outline.contender(given, where, faults)
    if said is None:
        return None
    rate = {} if said.rate is None else {"rate": said.rate}
    if said.way == "kind":
        return faults.tried(where, lambda: _network(said.name, rate, said.settings, budget))
    if said.way == "recipe":
        made = faults.tried(where, lambda: by_recipe(said.name))
        return made if made is None or said.rate is None else dataclasses.replace(made, learning_rate=said.rate)
    return saved(said.name) if faults.tried(where, lambda: opened(said.name)) is not None else None


def _network(kind: str, rate: Mapping[str, float], settings: dict[str, Any], budget: Mapping[str, int]) -> Contender:
    takes = arguments_of(class_of(kind))
    has_no_size = SIZE not in settings and SIZE in takes
    if not budget and has_no_size and SIZE in required(class_of(kind)) and set(settings) <= set(takes):
        raise ValueError(f"{kind} needs {SIZE}, or a budget of {' or '.join(outline.SIZES)} that says its size")
    if not budget or not has_no_size:
        return network(kind, **rate, **settings)
    (measure, most), *_ = budget.items()
    try:
        network(kind, **settings, hidden=1)
        step = 1
    except ValueError:  # conjugate poles come in pairs
        step = 2
    return within(lambda units: network(kind, **rate, **settings, hidden=step * units), most, measure)  # type: ignore[arg-type]


def required(cls: type) -> list[str]:
    """The arguments of a constructor that have no default."""
    return [
        name
        for name, one in inspect.signature(cls.__init__).parameters.items()  # type: ignore[misc]
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]


def target(given: Any, where: str, faults: Faults) -> Target | None:
    """A target from its table, as `circuitnn.study.netlists.resolved` leaves it."""
    if isinstance(given, Target):
        return given
    said = described_target.device(given, where, faults)
    if said is None:
        return None
    if said.circuit is not None:
        return Target(str(said.title), said.circuit, positions=said.positions, volts=said.volts)
    held = () if said.positions is None else said.positions.unseen
    names = faults.tried(where, lambda: knobs_of(said.source, said.device, held))
    if names is None:
        return None
    folder = Path(said.source).resolve()
    options: dict[str, Any] = {"recordings": str(folder), "knobs": names, "device": said.device}
    return faults.tried(where, lambda: Target(said.title or folder.name, None, positions=said.positions, **options))


def regime(given: Any, where: str, faults: Faults) -> TrainingRegime | None:
    """A regime from the name of one of `MORE_REGIMES`, or from a table that changes how one is trained."""
    if isinstance(given, TrainingRegime):
        return given
    said = outline.regime(given, where, faults)
    name = said.pop("regime")
    if name not in MORE_REGIMES:
        faults.unknown(f"{where}.regime", name, MORE_REGIMES)
        return None
    base = MORE_REGIMES[name]
    title = said.pop("title", base.title)
    return faults.tried(where, lambda: TrainingRegime(title, base.build, **said))


def hypothesis(given: Any, where: str, faults: Faults) -> Hypothesis | None:
    """A claim from its table."""
    if isinstance(given, Hypothesis):
        return given
    said = outline.hypothesis(given, where, faults)
    if said is None:
        return None
    sides: list[Runs | None] = []
    for side in ("lower", "higher"):
        runs = said.pop(side)
        made = functools.partial(Runs, runs["regime"], runs["model"], runs["error"] or "free_running")
        sides.append(faults.tried(f"{where}.{side}", made))
    name, claim = said.pop("name"), said.pop("claim")
    return faults.tried(where, lambda: Hypothesis(name, claim, *sides, **said)) if all(sides) else None  # type: ignore[arg-type]


def search(said: Mapping[str, Any] | None, where: str, faults: Faults) -> RateSearch | None:
    """How learning rates are found."""
    return None if said is None else faults.tried(where, lambda: RateSearch(**said))
