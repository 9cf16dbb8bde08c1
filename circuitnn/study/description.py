"""A study as plain data: a description that goes to other processes whole, read from a TOML file or given as tables."""

import dataclasses
import functools
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import numpy as np

from circuitnn.study import described, netlists, outline
from circuitnn.study.definition import Study
from circuitnn.study.findings import best_of_all, lowest_errors
from circuitnn.study.hypotheses import Hypothesis, checked
from circuitnn.study.keys import Faults, read_table
from circuitnn.study.outline import WHOLE
from circuitnn.study.preset import Preset

DEFAULTS = {"seeds": 3, "updates": 1000, "batch": 40, "length": 2048, "warmup": 1024, "oversampling": 8}

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
        whole = netlists.with_netlists(as_plain(table), faults)
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


def as_plain(value: Any) -> Any:
    """A table as a file would have it: paths as texts, NumPy's numbers and arrays as Python's; other objects stay."""
    if isinstance(value, Mapping):
        return {key: as_plain(one) for key, one in value.items()}
    if isinstance(value, list | range) or type(value) is tuple:
        return [as_plain(one) for one in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, str | int | float | bool | Hypothesis | None)


def _interpreted(description: Description, faults: Faults) -> Study:
    """The study; what is wrong is noted, and parts that cannot be are left out."""
    said = outline.top(description.table, description.name, faults)
    budget = _sizes(said.told.get("budget", {}))
    found: dict[str, dict[str, Any]] = {
        "contenders": {
            name: described.contender(one, f"contenders.{name}", faults, budget)
            for name, one in said.contenders.items()
        },
        "targets": {
            name: None if one is None else described.target(one, f"targets.{name}", faults)
            for name, one in said.targets.items()
        },
        "regimes": {name: described.regime(one, f"regimes.{name}", faults) for name, one in said.regimes.items()},
    }
    known = said.known
    presets = outline.presets(said, known, faults, functools.partial(_preset, found=found, faults=faults))
    hypotheses = [described.hypothesis(one, f"hypotheses.{n}", faults) for n, one in enumerate(said.hypotheses)]
    claimed = [one for one in hypotheses if one is not None]
    faults.tried("hypotheses", lambda: checked(claimed, known["targets"], known["contenders"], known["regimes"]))
    made = {kind: {name: one for name, one in ones.items() if one is not None} for kind, ones in found.items()}
    options: dict[str, Any] = {**made, **said.rest}
    study = Study(
        module=description.name,
        presets=presets,
        headline=best_of_all,
        findings=lowest_errors,
        description=description,
        hypotheses=() if faults.found else tuple(claimed),
        **options,
    )
    if not faults.found:
        for name, preset in presets.items():
            if not study.jobs(preset):
                where = "" if name == WHOLE else f"presets.{name}"
                faults.note(where, f"there is nothing to compute: {'; '.join(study.left_out(preset))}")
    return study


def _sizes(budget: Any) -> dict[str, int]:
    """What contenders may have of weights or operations; what is no number is noted elsewhere."""
    given = budget if isinstance(budget, Mapping) else {}
    return {name: given[name] for name in outline.SIZES if isinstance(given.get(name), int) and given[name] > 0}


def _preset(name: str, said: outline.Amount, found: Mapping[str, Mapping[str, Any]], faults: Faults) -> Preset:
    """How much is computed."""
    names = said.chosen["targets"]
    targets = [one for key, one in found["targets"].items() if one is not None and (names is None or key in names)]
    pieces = max((len(one.positions.seen) for one in targets if one.positions is not None), default=1)
    where = "search" if name == WHOLE else f"presets.{name}.search"
    options: dict[str, Any] = {**said.chosen, **DEFAULTS, **said.numbers}
    return Preset(
        name,
        **options,
        material=said.material,
        files=said.files,
        pieces=max(pieces, 1),
        search=described.search(said.search, where, faults),
    )
