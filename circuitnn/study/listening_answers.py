"""What listeners have answered: ratings with intervals and tests, or how often a difference was heard.

Listeners are what is counted: their ratings of several items are averaged first.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from scipy import stats

from circuitnn.opening import LARGEST_JSON, content, json_of, reason
from circuitnn.study.effects import random_effects
from circuitnn.study.listening_sounds import ANCHORS, REFERENCE
from circuitnn.study.listening_test import KEY
from circuitnn.study.ranks import Friedman, friedman, holm, signed_rank

NEAR, FORGIVEN = 90, 0.15  # BS.1534-3: who rates the hidden reference below 90 in over 15 % of the items does not count


@final
@dataclass(frozen=True)
class Rated:
    """How a sound was rated, or heard.

    Attributes:
        name: of the contender, the anchor or the reference.
        mean: rating from 0 to 100; the share of right answers in an ABX test.
        low, high: 95 % interval; over listeners for ratings, of the share (Clopper, Pearson 1934) for ABX.
        p: that it is rated as the reference is (Wilcoxon's signed-rank test over listeners), or that all answers were
            guessed (binomial); after Holm's correction over the contenders. None where nothing is tested.
        scores: the mean over the items of what measures say of it, by their names.
    """

    name: str
    mean: float
    low: float
    high: float
    p: float | None
    scores: Mapping[str, float]


@final
@dataclass(frozen=True)
class Listened:
    """What a listening test has found.

    Attributes:
        kind: "mushra" or "abx".
        listeners: how many count.
        left_out: those that rated the hidden reference as worse, by name or file.
        rated: of each sound, the best first.
        alike: Friedman's test that all contenders are rated alike, over listeners; None for fewer than three
            contenders or two listeners, and for ABX.
        predicts: Spearman's rank correlation of each measure with the ratings, or the shares, over sounds and items;
            empty for fewer than four of them.
    """

    kind: str
    listeners: int
    left_out: tuple[str, ...]
    rated: tuple[Rated, ...]
    alike: Friedman | None
    predicts: Mapping[str, float]


def listened(folder: str | Path, answers: Iterable[str | Path]) -> Listened:
    """Judge the answers of listeners.

    Args:
        folder: of the test, which has its key.
        answers: the files that the page has given them.

    Raises:
        ValueError: for files that are no answers to this test, for one that is given twice, and when none counts.
        OSError: when a file cannot be read.
    """
    test = _test(Path(folder) / KEY)
    paths = [str(path) for path in answers]
    for path in paths:
        if paths.count(path) > 1:
            raise ValueError(f"{path}: given twice")
    found = {path: _answers(Path(path), test) for path in paths}
    if not found:
        raise ValueError("there are no answers")
    known: dict[str, str] = {}
    for name, each in found.items():
        other = known.setdefault(json.dumps(each, sort_keys=True), name)
        if other != name:
            raise ValueError(f"{name}: has the same answers as {other}; leave one of them out")
    named = {f"{each['listener']} ({Path(path).name})": each["answers"] for path, each in found.items()}
    return _rated(test, named) if test["kind"] == "mushra" else _heard(test, named)


def _rated(test: dict[str, Any], named: Mapping[str, list[dict[str, Any]]]) -> Listened:
    keys = [item["sounds"] for item in test["items"]]
    # listener -> (item, sound) -> rating
    ratings = {
        listener: {
            (each["item"], keys[each["item"]][blind]): value
            for each in mine
            for blind, value in each["ratings"].items()
        }
        for listener, mine in named.items()
    }
    out = [listener for listener, mine in ratings.items() if _misses_the_reference(mine)]
    counted = [mine for listener, mine in ratings.items() if listener not in out]
    if not counted:
        raise ValueError(f"of {len(out)} listeners none has found the hidden reference: there is nothing to judge")
    names = list(keys[0].values())
    means = {name: [_mean(mine, name) for mine in counted] for name in names}
    contenders = [name for name in names if name != REFERENCE and name not in ANCHORS]
    tests = [signed_rank([a - b for a, b in zip(means[name], means[REFERENCE], strict=True)]).p for name in contenders]
    adjusted = dict(zip(contenders, holm(tests), strict=True))
    rated = []
    for name in names:
        effect = random_effects([[value] for value in means[name]])
        rated.append(Rated(name, effect.mean, effect.low, effect.high, adjusted.get(name), _scores(test, name)))
    is_enough = len(contenders) >= 3 and len(counted) >= 2
    alike = friedman(np.array([[-value for value in means[name]] for name in contenders]).T) if is_enough else None
    by_item = {key: float(np.mean([mine[key] for mine in counted])) for key in counted[0] if key[1] in contenders}
    return Listened("mushra", len(counted), tuple(out), _best_first(rated), alike, _predictions(test, by_item))


def _misses_the_reference(ratings: Mapping[tuple[int, str], float]) -> bool:
    own = [value for (_, name), value in ratings.items() if name == REFERENCE]
    return sum(value < NEAR for value in own) > FORGIVEN * len(own)


def _mean(ratings: Mapping[tuple[int, str], float], name: str) -> float:
    return float(np.mean([value for (_, each), value in ratings.items() if each == name]))


def _heard(test: dict[str, Any], named: Mapping[str, list[dict[str, Any]]]) -> Listened:
    keys = [item["sounds"] for item in test["items"]]
    right: dict[str, int] = {}
    asked: dict[str, int] = {}
    by_item: dict[tuple[int, str], list[float]] = {}
    for mine in named.values():
        for each in mine:
            name = keys[each["item"]][each["sound"]]
            right[name] = right.get(name, 0) + each["right"]
            asked[name] = asked.get(name, 0) + each["asked"]
            by_item.setdefault((each["item"], name), []).append(each["right"] / each["asked"])
    tests = {name: stats.binomtest(right[name], asked[name], 0.5, alternative="greater") for name in asked}
    adjusted = dict(zip(tests, holm([float(test.pvalue) for test in tests.values()]), strict=True))
    rated = []
    for name in asked:
        interval = stats.binomtest(right[name], asked[name]).proportion_ci(0.95, method="exact")
        share = right[name] / asked[name]
        rated.append(Rated(name, share, interval.low, interval.high, adjusted[name], _scores(test, name)))
    shares = {key: float(np.mean(values)) for key, values in by_item.items()}
    # A difference that is heard less often is the better model.
    return Listened("abx", len(named), (), _best_first(rated)[::-1], None, _predictions(test, shares))


def _best_first(rated: Sequence[Rated]) -> tuple[Rated, ...]:
    return tuple(sorted(rated, key=lambda one: -one.mean))


def _scores(test: dict[str, Any], name: str) -> dict[str, float]:
    """The mean over the items."""
    found = [item["scores"][name] for item in test["items"] if name in item["scores"]]
    return {measure: float(np.mean([each[measure] for each in found])) for measure in (found[0] if found else {})}


def _predictions(test: dict[str, Any], judged: Mapping[tuple[int, str], float]) -> dict[str, float]:
    """Rank correlation of each measure with what listeners say, over items and contenders."""
    if len(judged) < 4:
        return {}
    rows = [(test["items"][item]["scores"][name], value) for (item, name), value in judged.items()]
    found = {}
    for measure in rows[0][0]:
        rank = stats.spearmanr([scores[measure] for scores, _ in rows], [value for _, value in rows]).statistic
        if math.isfinite(rank):
            found[measure] = float(rank)
    return found


def _test(path: Path) -> dict[str, Any]:
    try:
        test = json_of(content(path, LARGEST_JSON))
        known = test["kind"] in ("mushra", "abx") and bool(str(test["test"])) and _are_items(test["items"])
    except OSError as error:
        raise ValueError(f"{path.parent}: is no folder of a listening test ({reason(error)})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: is not the key of a listening test") from error
    if not known:
        raise ValueError(f"{path}: is not the key of a listening test")
    return dict(test)


def _are_items(items: list[dict[str, Any]]) -> bool:
    """Whether all items have the same sounds, the reference among them, and the same numbers in their scores."""
    names = {frozenset(item["sounds"].values()) for item in items}
    if len(names) != 1 or REFERENCE not in (sounds := next(iter(names))):
        return False
    contenders = {name for name in sounds if name != REFERENCE and name not in ANCHORS}
    numbers = [number for item in items for scores in item["scores"].values() for number in scores.values()]
    alike = {frozenset(item["scores"][name]) for item in items for name in contenders}
    of_others = [{frozenset(item["scores"].get(name, ())) for item in items} for name in sounds - contenders]
    return (
        len(alike) <= 1
        and all(len(each) == 1 for each in of_others)
        and all(isinstance(number, int | float) and math.isfinite(number) for number in numbers)
    )


def _answers(path: Path, test: dict[str, Any]) -> dict[str, Any]:
    """A file of answers, seen to be one to this test and whole."""
    try:
        found = json_of(content(path, LARGEST_JSON))
        is_this = found["test"] == test["test"] and found["kind"] == test["kind"]
        answers, listener = list(found["answers"]), str(found["listener"]) or "no name"
        check = _check_ratings if test["kind"] == "mushra" else _check_counts
        if is_this:
            check(answers, [item["sounds"] for item in test["items"]])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"{path}: are no answers of a listening test, or not as its page has written them") from error
    except ValueError as error:
        raise ValueError(f"{path}: are no answers of a listening test ({error})") from error
    if not is_this:
        raise ValueError(f"{path}: are answers to another listening test")
    return {"listener": listener[:80], "answers": answers}


def _check_ratings(answers: list[dict[str, Any]], keys: list[dict[str, str]]) -> None:
    if sorted(each["item"] for each in answers) != [*range(len(keys))]:
        raise ValueError("not every item is answered once")
    for each in answers:
        ratings = each["ratings"]
        if set(ratings) != set(keys[each["item"]]) or not all(_is_number(value, 100) for value in ratings.values()):
            raise ValueError("an item does not have a rating from 0 to 100 for each sound")


def _check_counts(answers: list[dict[str, Any]], keys: list[dict[str, str]]) -> None:
    if not answers:
        raise ValueError("nothing is answered")
    for each in answers:
        is_counted = isinstance(each["asked"], int) and 0 < each["asked"] <= 1000 and each["item"] >= 0
        if not is_counted or keys[each["item"]][each["sound"]] == REFERENCE:
            raise ValueError("an answer is about no contender, or counts nothing")
        if not isinstance(each["right"], int) or not _is_number(each["right"], each["asked"]):
            raise ValueError("more right answers than answers")
    if len({(each["item"], each["sound"]) for each in answers}) < len(answers):
        raise ValueError("a sound is answered twice")


def _is_number(value: Any, largest: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= largest
