"""A study as plain data: a description that goes to other processes whole, read from a TOML file or given as tables."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from circuitnn.study import described, netlists
from circuitnn.study.definition import Study
from circuitnn.study.findings import best_of_all, lowest_errors
from circuitnn.study.hypotheses import Hypothesis
from circuitnn.study.keys import Faults, Keys, read_table
from circuitnn.study.preset import Preset

WHOLE = "whole"  # the preset without changes
OVERRIDES = ("seeds", "contenders", "targets", "regimes", "budget", "training", "material", "search")
SIZES = ("weights", "operations")  # of budgets
BATCH, LENGTH, WARMUP, OVERSAMPLING, UPDATES, SEEDS = 40, 2048, 1024, 8, 1000, 3

_STUDIES: dict[str, Study] = {}  # of this process, by their descriptions: each job of a worker would make it anew


@final
@dataclasses.dataclass(frozen=True)
class Description:
    """A study as plain data.

    Attributes:
        name: of its folder of results.
        table: what a file of TOML has, see the documentation of `circuitnn study`, with netlists as text. Instead of
            the tables of contenders, targets and regimes there may be objects: `Contender`, `Target`, `TrainingRegime`.
        command: that runs it again, for the report.
    """

    name: str
    table: Mapping[str, Any]
    _: dataclasses.KW_ONLY
    command: str = ""

    @classmethod
    def read(cls, path: str | Path) -> "Description":
        """From a file.

        Raises:
            DescriptionError: for what is no TOML, and for all that is wrong with it at once, with the keys.
        """
        source = Path(path)
        table = read_table(source)
        name = re.sub(r"[^A-Za-z0-9]+", "-", str(table.get("name", source.stem))).strip("-") or "study"
        table = netlists.beside(table, source.parent)
        return cls.of(table, name, source=str(source), command=f"circuitnn study {source.name}")

    @classmethod
    def of(
        cls, table: Mapping[str, Any], name: str, *, source: str = "description", command: str = ""
    ) -> "Description":
        """From a table; netlists are read.

        Raises:
            DescriptionError: as `read`.
        """
        faults = Faults()
        whole = netlists.with_netlists(table, faults)
        description = cls(name, whole, command=command)
        _interpreted(description, faults)
        faults.told(source)
        return description

    @property
    def is_plain(self) -> bool:
        """Whether it has tables and texts alone, so that it goes to any process."""
        return _is_plain(self.table)

    def study(self) -> Study:
        """What it describes.

        Raises:
            DescriptionError: when it cannot be.
        """
        text = repr((self.name, self.table, self.command)) if self.is_plain else ""
        if text in _STUDIES:
            return _STUDIES[text]
        faults = Faults()
        study = _interpreted(self, faults)
        faults.told(self.name)
        if text:
            _STUDIES[text] = study
        return study


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, str | int | float | bool | Hypothesis | None)


def _interpreted(description: Description, faults: Faults) -> Study:
    """The study; what is wrong is noted, and parts that cannot be are left out."""
    keys = Keys(description.table, "", faults)
    parts = {name: keys.take(name, dict, {}) for name in ("contenders", "targets", "presets")}
    regimes = keys.left.pop("regimes", ["TBPTT"])
    if isinstance(regimes, list | tuple):
        regimes = {str(name): name for name in regimes}
    told = {name: keys.left[name] for name in OVERRIDES if name in keys.left and name not in parts}
    title, volts = keys.take("title", str, description.name), keys.positive("volts", float, 1.0)
    about, claims = keys.take("about", str, ""), keys.take("hypotheses", list, [])
    keys.take("name", str)
    has_floor = keys.take("floor", bool, False)
    keys.left = {name: value for name, value in keys.left.items() if name not in OVERRIDES}
    keys.end((*OVERRIDES, *parts))
    for name in ("contenders", "targets"):
        if not parts[name] and f"{name}:" not in " ".join(faults.found):
            faults.note(name, "there is none")
    budget = _sizes(told.get("budget", {}))
    found: dict[str, dict[str, Any]] = {
        "contenders": {
            name: described.contender(one, f"contenders.{name}", faults, budget)
            for name, one in parts["contenders"].items()
        },
        "targets": {name: described.target(one, f"targets.{name}", faults) for name, one in parts["targets"].items()},
        "regimes": {
            name: described.regime(one, f"regimes.{name}", faults)
            for name, one in Keys(regimes, "regimes", faults).left.items()
        },
    }
    known = {kind: tuple(name for name in ones) for kind, ones in found.items()}
    presets = {WHOLE: _preset(WHOLE, told, "", known, found, faults)}
    for name, changes in parts["presets"].items():
        where = f"presets.{name}"
        Keys(changes, where, faults)
        if isinstance(changes, Mapping):
            before = [*faults.found]
            for size in _sizes(changes.get("budget")):
                faults.note(f"{where}.budget.{size}", "is of the whole file: contenders are the same in all presets")
            presets[name] = _preset(name, _overlaid(told, changes), where, known, found, faults)
            new = faults.found[len(before) :]  # but for what the whole has said already
            faults.found = before + [fault for fault in new if fault.removeprefix(f"{where}.") not in before]
    made = {kind: {name: one for name, one in ones.items() if one is not None} for kind, ones in found.items()}
    hypotheses = [described.hypothesis(one, f"hypotheses.{n}", faults) for n, one in enumerate(claims)]
    options: dict[str, Any] = {
        "module": description.name,
        "title": title,
        "about": about,
        "presets": presets,
        "headline": best_of_all,
        "findings": lowest_errors,
        "volts": volts,
        "has_floor": has_floor,
        "description": description,
        **made,
    }
    claimed = tuple(one for one in hypotheses if one is not None)
    study = faults.tried("hypotheses", lambda: Study(hypotheses=claimed, **options))
    return study or Study(**options)


def _overlaid(told: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The table of a preset over that of the whole, one level deep."""
    both = dict(told)
    for name, value in changes.items():
        before = both.get(name)
        both[name] = {**before, **value} if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return both


def _sizes(budget: Any) -> dict[str, int]:
    """What contenders may have of weights or operations; what is no number is noted elsewhere."""
    given = budget if isinstance(budget, Mapping) else {}
    return {name: given[name] for name in SIZES if isinstance(given.get(name), int) and given[name] > 0}


def _preset(
    name: str,
    told: Mapping[str, Any],
    where: str,
    known: Mapping[str, tuple[str, ...]],
    found: Mapping[str, Mapping[str, Any]],
    faults: Faults,
) -> Preset:
    """How much is computed, of a table; what is wrong with it is noted."""
    keys = Keys(told, where, faults)
    chosen = {kind: keys.many(kind, str) for kind in known}
    for kind, names in chosen.items():
        for one in names or ():
            if one not in known[kind]:
                faults.note(keys.key(kind), f"there is no {one!r}; there are {', '.join(known[kind])}")
    seeds = keys.positive("seeds", int, SEEDS)
    inner = {key: Keys(keys.take(key, dict, {}), keys.key(key), faults) for key in ("budget", "training", "material")}
    budget, training = inner["budget"], inner["training"]
    for size in SIZES:
        budget.positive(size, int)
    updates, seconds = budget.positive("updates", int), budget.positive("seconds", float)
    if updates is not None and seconds is not None:
        faults.note(budget.where, "says both updates and seconds: how long a training is, is one of the two")
    budget.end()
    sizes = {key: training.positive(key, int) for key in ("batch", "length", "warmup", "oversampling")}
    training.end()
    search = described.search(Keys(keys.take("search", dict), keys.key("search"), faults)) if "search" in told else None
    keys.end(OVERRIDES)
    material, files = described.material(inner["material"])
    targets = [one for key, one in found["targets"].items() if one and key in (chosen["targets"] or known["targets"])]
    pieces = max((len(t.positions.seen) for t in targets if t.positions is not None), default=1)
    return Preset(
        name,
        seeds=seeds,
        updates=UPDATES if updates is None else updates,
        seconds=seconds,
        **chosen,
        batch=sizes["batch"] or BATCH,
        length=sizes["length"] or LENGTH,
        warmup=sizes["warmup"] or WARMUP,
        oversampling=sizes["oversampling"] or OVERSAMPLING,
        material=material,
        files=tuple((key, value) for key, value in files.items() if value),
        pieces=max(pieces, 1),
        search=search,
    )
