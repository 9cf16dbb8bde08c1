"""A listening test as a folder that a browser opens from the disk: MUSHRA, or ABX.

`index.html` goes to the listeners: it has all sounds in it, blind, and gives each of them a file of answers at the
end. `test.json` has the key and stays. `webmushra.yaml` and `sounds/` are the same test for webMUSHRA (Schoeffler et
al. 2018).

ITU-R BS.1534-3 (2015), "Method for the subjective assessment of intermediate quality level of audio systems". Clark, D.
    (1982), "High-resolution subjective testing using a double-blind comparator", J. Audio Eng. Soc. 30.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from circuitnn.audio import write
from circuitnn.files import replacing
from circuitnn.pages import listening_page, templates
from circuitnn.study.listening_sounds import ANCHORS, LONGEST, REFERENCE, Item, made_level, scores

KEY, PAGE, WEBMUSHRA, SOUNDS = "test.json", "index.html", "webmushra.yaml", "sounds"
MOST = 12  # sounds beside each other, the hidden reference and the anchors counted (BS.1534-3)
Kind = Literal["mushra", "abx"]


def listening(
    items: Sequence[Item],
    folder: str | Path,
    *,
    fs: int,
    kind: Kind = "mushra",
    title: str = "Listening test",
    trials: int = 10,
    seed: int = 0,
) -> Path:
    """Write a listening test into a folder.

    MUSHRA: all sounds of an item beside the reference, the reference itself hidden among them and two anchors, each
    rated from 0 to 100. ABX: each contender against the reference, X is one of the two, so many times. All are as loud
    as the reference (ITU-R BS.1770).

    Args:
        items: with the same contenders each.
        folder: is made; a test that is there already is not written over.
        fs: sample rate in hertz.
        kind: "mushra" or "abx".
        title: of the page.
        trials: of ABX, for each item and contender; ten or more can show a difference by themselves.
        seed: of the order in which sounds are stored, which says nothing of what they are.

    Returns:
        The page for the listeners.

    Raises:
        ValueError: for no items, items of different contenders, too many sounds, or sounds of more than 20 s.
        FileExistsError: when the folder has a test.
        ModuleNotFoundError: without jinja2.
        OSError: when the folder cannot be written.
    """
    _check(items, fs, kind, trials)
    templates.check_packages()
    folder = Path(folder)
    if (folder / KEY).exists():
        raise FileExistsError(f"{folder}: has a listening test already; answers to it could no longer be read")
    rng = np.random.default_rng(seed)
    played = [made_level(item, fs, anchors=kind == "mushra") for item in items]
    names = [_shuffled(level, rng) for level in played]
    test: dict[str, Any] = {
        "test": _identity(title, kind, played),
        "kind": kind,
        "title": title,
        "fs": fs,
        "trials": trials,
        "items": [
            {"name": item.name, "sounds": key, "scores": scores(item, level, fs)}
            for item, level, key in zip(items, played, names, strict=True)
        ],
    }
    for number, (level, key) in enumerate(zip(played, names, strict=True)):
        for blind, name in key.items():
            write(folder / SOUNDS / f"{number}-{blind}.wav", level[name], fs)
    with replacing(folder / WEBMUSHRA) as file:
        file.write(_webmushra(test).encode())
    page = listening_page.write(folder / PAGE, test, [_blind(*pair, kind) for pair in zip(played, names, strict=True)])
    # Last: a folder without it is no test.
    with replacing(folder / KEY) as file:
        file.write((json.dumps(test, indent=1) + "\n").encode())
    return page


def _check(items: Sequence[Item], fs: float, kind: str, trials: int) -> None:
    if kind not in get_args(Kind):
        raise ValueError(f'kind must be "mushra" or "abx", got {kind!r}')
    if not items:
        raise ValueError("a listening test needs an item")
    if not 1 <= trials <= 100:
        raise ValueError(f"trials must be from 1 to 100, got {trials}")
    names = [item.name for item in items]
    if len({*names}) < len(names):
        raise ValueError(f"two items have the same name: {', '.join(names)}")
    for item in items:
        if set(item.sounds) != set(items[0].sounds):
            raise ValueError(f"{item.name} and {items[0].name} have sounds of different contenders")
        seconds = np.asarray(item.reference).size / fs
        if not 0.5 <= seconds <= LONGEST:
            raise ValueError(f"{item.name}: sounds last from 0.5 to {LONGEST:g} s, got {seconds:.3g} s")
    count = 1 + len(ANCHORS) + len(items[0].sounds)
    if kind == "mushra" and count > MOST:
        raise ValueError(
            f"{count} sounds beside each other, reference and anchors counted; nobody can rate over {MOST}"
        )


def _shuffled(level: dict[str, NDArray], rng: np.random.Generator) -> dict[str, str]:
    """Names that say nothing, and what they stand for."""
    order = rng.permutation(len(level))
    return {f"s{place}": list(level)[int(index)] for place, index in enumerate(order)}


def _blind(level: dict[str, NDArray], key: dict[str, str], kind: str) -> dict[str, NDArray]:
    """What the page has: in an ABX test the reference is not hidden among the others."""
    asked = {blind: level[name] for blind, name in key.items() if kind == "mushra" or name != REFERENCE}
    return {"reference": level[REFERENCE]} | asked


def _identity(title: str, kind: str, played: Sequence[dict[str, NDArray]]) -> str:
    digest = hashlib.sha256(f"{title}\n{kind}".encode())
    for level in played:
        for sound in level.values():
            digest.update(np.ascontiguousarray(sound, np.float32).tobytes())
    return digest.hexdigest()[:16]


def _webmushra(test: dict[str, Any]) -> str:
    """Its configuration: JSON is YAML. The folder goes into webMUSHRA's own under the name of the test."""
    base = f"configs/resources/{test['test']}/{SOUNDS}"
    pages = [
        {
            "type": "mushra" if test["kind"] == "mushra" else "paired_comparison",
            "id": f"item{number}",
            "name": item["name"],
            "showWaveform": False,
            "enableLooping": True,
            "reference": f"{base}/{number}-{_of(item, REFERENCE)}.wav",
            "createAnchor35": False,
            "createAnchor70": False,
            "stimuli": {
                blind: f"{base}/{number}-{blind}.wav" for blind, name in item["sounds"].items() if name != REFERENCE
            },
        }
        for number, item in enumerate(test["items"])
    ]
    last = {"type": "finish", "name": "Thank you", "content": "", "showResults": False, "writeResults": True}
    head = {"testname": test["title"], "testId": test["test"], "bufferSize": 2048, "stopOnErrors": True}
    return json.dumps(head | {"showButtonPreviousPage": True, "remoteService": "", "pages": [*pages, last]}, indent=1)


def _of(item: dict[str, Any], name: str) -> str:
    return next(blind for blind, each in item["sounds"].items() if each == name)
