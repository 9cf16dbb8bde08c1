"""What the tables of a study say, key by key: what is missing, unknown or of another kind is noted; without JAX."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, final

from circuitnn.capture.names import LOSSES, parsed
from circuitnn.knobs import did_you_mean
from circuitnn.study.keys import Faults, Keys, shortened
from circuitnn.study.known import NETWORKS, REGIMES, SCHEDULES
from circuitnn.study.material import Material

OVERRIDES = ("seeds", "contenders", "targets", "regimes", "budget", "training", "material", "search")
SIZES = ("weights", "operations")  # of budgets
FILES = (".nam", ".npz", ".aidax", ".json")
LONGEST = 60  # letters of a name, that pictures have room for
MOST_SEEDS, MOST_UPDATES, MOST_SAMPLES = 10_000, 10**9, 10**8
WHOLE, NODAL = "whole", "nodal"  # the preset without changes; what the floor goes by in results


@final
class Top(NamedTuple):
    """What is at the top of a table.

    Attributes:
        contenders, targets, regimes, presets: by name, as they are written.
        told: of the keys that presets may change, those that are there.
        hypotheses: as they are written.
        rest: title, about, volts and floor.
    """

    contenders: Mapping[str, Any]
    targets: Mapping[str, Any]
    regimes: Mapping[str, Any]
    presets: Mapping[str, Any]
    told: Mapping[str, Any]
    hypotheses: list[Any]
    rest: Mapping[str, Any]

    @property
    def known(self) -> dict[str, tuple[str, ...]]:
        """Names of the contenders, targets and regimes."""
        return {kind: tuple(getattr(self, kind)) for kind in ("contenders", "targets", "regimes")}


def top(table: Mapping[str, Any], name: str, faults: Faults) -> Top:
    """The parts of a table.

    Args:
        table: of a file, or of a call.
        name: of the study, its title where none is said.
        faults: that are noted.
    """
    keys = Keys(table, "", faults)
    parts = {part: keys.take(part, dict, {}) for part in ("contenders", "targets", "presets")}
    told = {key: keys.left[key] for key in OVERRIDES if key in keys.left and key not in parts}
    regimes = _regimes(told.pop("regimes", ["TBPTT"]), faults)
    rest = {
        "title": keys.take("title", str, name),
        "about": keys.take("about", str, ""),
        "volts": keys.positive("volts", float, 1.0),
        "has_floor": keys.take("floor", bool, False),
    }
    hypotheses = keys.take("hypotheses", list, [])
    keys.take("name", str)
    keys.left = {key: value for key, value in keys.left.items() if key not in OVERRIDES}
    keys.end((*OVERRIDES, *parts))
    for part in ("contenders", "targets"):
        if not parts[part] and not any(fault.startswith((f"{part}:", f"{part}.")) for fault in faults.found):
            faults.note(part, "there is none")
    for part, ones in (*parts.items(), ("regimes", regimes)):
        for one in ones:
            _check_name(part, one, faults)
    return Top(parts["contenders"], parts["targets"], regimes, parts["presets"], told, hypotheses, rest)


def _regimes(given: Any, faults: Faults) -> Mapping[str, Any]:
    if isinstance(given, list | tuple):
        for name in dict.fromkeys(name for name in given if given.count(name) > 1):
            faults.note("regimes", f"names {name!r} {given.count(name)} times")
        given = {str(name): name for name in given}
    if not isinstance(given, Mapping):
        faults.note("regimes", f"has to be a list of names or a table, got {given!r}")
        return {}
    if not given:
        faults.note("regimes", "there is none; without this key it is TBPTT")
    return given


def _check_name(part: str, name: str, faults: Faults) -> None:
    """Names of runs are joined by "|" in curves.npz, and are in tables of a terminal."""
    if not isinstance(name, str) or not name.strip() or "|" in name or not name.isprintable() or len(name) > LONGEST:
        told = shortened(name)
        faults.note(part, f'names are texts of 1 to {LONGEST} letters in one line and without "|", got {told}')
    elif (part, name) in (("contenders", NODAL), ("presets", WHOLE)):
        what = "the nodal model, which learns nothing," if name == NODAL else "the study without a preset"
        faults.note(f"{part}.{name}", f"{what} goes by that name: give another one")


@final
class Outlined(NamedTuple):
    """What is said of a contender.

    Attributes:
        way: "kind", "recipe" or "file".
        name: of it.
        rate: of learning; None where none is said.
        settings: of a kind.
    """

    way: str
    name: str
    rate: float | None
    settings: dict[str, Any]


def contender(given: Any, where: str, faults: Faults) -> Outlined | None:
    """A contender from its table, or from the name of a recipe or a file."""
    if isinstance(given, str):
        given = {"file" if Path(given).suffix.lower() in FILES else "recipe": given}
    keys, before = Keys(given, where, faults), len(faults.found)
    way = keys.one_of(("kind", "recipe", "file"))
    if way is None:
        return None
    name, rate = keys.take(way, str), keys.positive("rate", float) if way == "file" else _rate(keys)
    settings = keys.left if way == "kind" else {}
    if way != "kind":
        keys.end()
    if rate is not None and way == "file":
        faults.note(keys.key("rate"), "is of contenders that learn")
    if way == "recipe" and name is not None:
        faults.tried(where, lambda: parsed(name))
    takes = NETWORKS.get(name or "") if way == "kind" else None  # a program may have kinds of its own
    for setting in settings if takes is not None else ():
        if setting not in takes:  # type: ignore[operator]
            hint = did_you_mean(setting, takes)  # type: ignore[arg-type]
            faults.note(where, f"{name} has no setting {setting}{hint}; there are {', '.join(takes)}")  # type: ignore[arg-type]
    return Outlined(way, name, rate, settings) if name is not None and len(faults.found) == before else None


def _rate(keys: Keys) -> float | None:
    """Of learning."""
    rate = keys.positive("rate", float)
    if rate is None or rate < 1:
        return rate  # type: ignore[no-any-return]
    keys.faults.note(keys.key("rate"), f"has to be below 1, got {rate:g}")
    return None


def regime(given: Any, where: str, faults: Faults) -> dict[str, Any]:
    """The name of a regime and what changes how one is trained."""
    keys = Keys({"regime": given} if isinstance(given, str) else given, where, faults)
    told = {"regime": keys.take("regime", str, "TBPTT"), "title": keys.take("title", str)}
    told |= {
        "loss": keys.take("loss", str),
        "schedule": keys.take("schedule", str),
        "rate": _rate(keys),
        "patience": keys.positive("patience", int),
    }
    keys.end()
    if told["loss"] is not None and told["loss"] not in LOSSES:
        faults.note(keys.key("loss"), f"there is no {told['loss']!r}; there are {', '.join(LOSSES)}")
        told["loss"] = None
    if told["schedule"] is not None and told["schedule"] not in SCHEDULES:
        faults.note(keys.key("schedule"), f"there is no {told['schedule']!r}; there are {', '.join(SCHEDULES)}")
        told["schedule"] = None
    return {key: value for key, value in told.items() if value is not None}


def hypothesis(given: Any, where: str, faults: Faults) -> dict[str, Any] | None:
    """What a claim says: the arguments of `Hypothesis`, its sides those of `Runs`."""
    keys, before = Keys(given, where, faults), len(faults.found)
    told: dict[str, Any] = {"name": keys.take("name", str, where), "claim": keys.take("claim", str, "")}
    sides = {side: keys.take(side, dict) for side in ("lower", "higher")}
    told |= {key: keys.many(key, str) for key in ("circuits", "models", "by")}
    told["smallest_db"] = keys.take("smallest_db", float, 1.0)
    keys.end()
    for side, given_side in sides.items():
        if given_side is None and len(faults.found) == before:
            faults.note(keys.key(side), 'is missing: runs by their "model", "regime" or both')
        inside = Keys(given_side or {}, keys.key(side), faults)
        told[side] = {key: inside.take(key, str) for key in ("model", "regime", "error")}
        inside.end()
    return told if len(faults.found) == before else None


def check_known(said: Top, faults: Faults) -> None:
    """Note kinds of networks and regimes that a file cannot mean, since it has none but the library's."""
    for name, one in said.contenders.items():
        told = contender(one, f"contenders.{name}", faults)
        if told is not None and told.way == "kind" and told.name not in NETWORKS:
            hint = did_you_mean(told.name, NETWORKS)
            faults.note(
                f"contenders.{name}", f"no network {told.name!r} is known{hint}; there are {', '.join(NETWORKS)}"
            )
    for name, one in said.regimes.items():
        told_regime = regime(one, f"regimes.{name}", faults)["regime"]
        if told_regime not in REGIMES:
            faults.unknown(f"regimes.{name}.regime", told_regime, REGIMES)


@final
class Amount(NamedTuple):
    """How much a preset computes.

    Attributes:
        chosen: names of contenders, targets and regimes, None for all.
        numbers: seeds, updates, seconds and the sizes of `training` that are said.
        material: what is made up; None where that cannot be.
        files: recordings in place of it.
        search: the arguments of `RateSearch`; None without one.
    """

    chosen: dict[str, tuple[str, ...] | None]
    numbers: dict[str, Any]
    material: Material | None
    files: tuple[tuple[str, tuple[str, ...]], ...]
    search: dict[str, Any] | None


def amount(told: Mapping[str, Any], where: str, known: Mapping[str, tuple[str, ...]], faults: Faults) -> Amount:
    """What the table of a preset says.

    Args:
        told: the table, over that of the whole.
        where: its key.
        known: names of the contenders, targets and regimes.
        faults: that are noted.
    """
    keys = Keys(told, where, faults)
    chosen = {kind: keys.chosen(kind, names) for kind, names in known.items()}
    numbers = {"seeds": keys.positive("seeds", int, most=MOST_SEEDS)}
    budget, training = (Keys(keys.take(key, dict, {}), keys.key(key), faults) for key in ("budget", "training"))
    sizes = [size for size in SIZES if budget.positive(size, int) is not None]
    if len(sizes) > 1:
        faults.note(budget.where, "says both weights and operations: what networks may have, is one of the two")
    numbers |= {
        "updates": budget.positive("updates", int, most=MOST_UPDATES),
        "seconds": budget.positive("seconds", float),
    }
    if None not in (numbers["updates"], numbers["seconds"]):
        faults.note(budget.where, "says both updates and seconds: how long a training is, is one of the two")
    budget.end()
    for key in ("batch", "length", "warmup", "oversampling"):
        numbers[key] = training.positive(key, int, most=MOST_SAMPLES)
    training.end()
    search = _search(Keys(keys.take("search", dict), keys.key("search"), faults)) if "search" in told else None
    made, files = material(Keys(keys.take("material", dict, {}), keys.key("material"), faults))
    keys.end(OVERRIDES)
    return Amount(chosen, {key: value for key, value in numbers.items() if value is not None}, made, files, search)


def material(keys: Keys) -> tuple[Material | None, tuple[tuple[str, tuple[str, ...]], ...]]:
    """What is made up, and the recordings in place of it: files, and which of them are for test and validation."""
    before = len(keys.faults.found)
    files = {key: keys.many(key, str, ()) for key in ("files", "test_files", "validation_files")}
    options: dict[str, Any] = {"kinds": keys.many("kinds", str), "seed": keys.take("seed", int)}
    options |= {key: keys.positive(key, float) for key in ("seconds", "validation", "test")}
    if "files" in keys.known and files["files"] and options["kinds"] is not None:
        keys.faults.note(keys.where, "says both kinds and files: what is played is one of the two")
    for name in files["files"]:
        if not Path(name).exists():
            keys.faults.note(keys.key("files"), f"{name or 'an empty name'}: no such file or folder")
    if not files["files"] and (files["test_files"] or files["validation_files"]):
        keys.faults.note(keys.where, "says which files are for the test or validation, and no files")
    keys.end()
    if files["files"]:
        options["kinds"] = ("guitar",)  # of which nothing is played: lengths are those of the recordings alone
    told = {key: value for key, value in options.items() if value is not None}
    made = keys.faults.tried(keys.where, lambda: Material(**told)) if len(keys.faults.found) == before else None
    return made, tuple((key, value) for key, value in files.items() if value)


def _search(keys: Keys) -> dict[str, Any]:
    options: dict[str, Any] = {"rates": keys.many("rates", float), "share": keys.positive("share", float)}
    options["seeds"] = keys.positive("seeds", int, most=MOST_SEEDS)
    keys.end()
    return {key: value for key, value in options.items() if value is not None}


def overlaid(told: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The table of a preset over that of the whole, one level deep; one of two keys that exclude each other."""
    both = dict(told)
    for name, value in changes.items():
        before = both.get(name)
        both[name] = {**before, **value} if isinstance(before, Mapping) and isinstance(value, Mapping) else value
        if name in INSTEAD and isinstance(value, Mapping) and isinstance(before, Mapping):
            for one, other in (INSTEAD[name], INSTEAD[name][::-1]):
                if one in value and other not in value:
                    both[name].pop(other, None)
    return both


INSTEAD = {"budget": ("updates", "seconds"), "material": ("kinds", "files")}
"""Of these tables a preset that says the one does not have the other of the whole any more."""


def presets(
    said: Top, known: Mapping[str, tuple[str, ...]], faults: Faults, make: Callable[[str, Amount], Any]
) -> dict[str, Any]:
    """What is made of the amounts of all presets, the whole first; faults of the whole are told once."""
    made = {WHOLE: make(WHOLE, amount(said.told, "", known, faults))}
    for name, changes in said.presets.items():
        where = f"presets.{name}"
        if not Keys(changes, where, faults).is_table:
            continue
        before = [*faults.found]
        budget = changes.get("budget")
        for size in SIZES if isinstance(budget, Mapping) else ():
            if size in budget:
                faults.note(f"{where}.budget.{size}", "is of the whole file: contenders are the same in all presets")
        made[name] = make(name, amount(overlaid(said.told, changes), where, known, faults))
        new = faults.found[len(before) :]  # but for what the whole has said already
        faults.found = before + [fault for fault in new if fault.removeprefix(f"{where}.") not in before]
    return made
