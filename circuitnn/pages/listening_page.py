"""The page that a listener opens: a blind test with its sounds in it, which needs nothing but itself."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from circuitnn.pages import templates

TEMPLATE = "listening.html.j2"


def write(path: str | os.PathLike, test: Mapping[str, Any], sounds: Sequence[Mapping[str, NDArray]]) -> Path:
    """Write it; nothing in it says which sound is whose.

    Args:
        path: ends in .html.
        test: `test`, its identity; `kind`, "mushra" or "abx"; `title`, `trials`, `fs`.
        sounds: for each item the "reference" and the blind ones by names that say nothing, (time,) in full scale.

    Returns:
        The path.

    Raises:
        OSError: when the file cannot be written.
    """
    told = {name: test[name] for name in ("test", "kind", "trials")}
    items = [{name: templates.wav(sound, test["fs"]) for name, sound in item.items()} for item in sounds]
    return templates.write(
        path,
        Path(__file__).with_name(TEMPLATE),
        {},
        title=test["title"],
        kind=test["kind"],
        data=told | {"items": items},
    )
