"""Names of networks and losses: what there is, before JAX and what is built of it are imported."""

import difflib
import re
from typing import NamedTuple, final

SIZED = {"gru": 16, "lstm": 40, "lru": 16, "s4d": 16, "s6": 16, "state-matched": 8}  # units where none are said
OF_STATES = ("state-matched",)  # that learn the states of a circuit
SLOW = ("gru", "lstm")  # that may begin with a long memory
NAMED = (
    "wavenet-nano",
    "wavenet-feather",
    "wavenet-lite",
    "wavenet-standard",
    "wavenet-a2-lite",
    "wavenet-a2-full",
    "wiener-hammerstein",
)
MODELS = (*(f"{kind}-{size}" for kind, size in SIZED.items()), *(f"{kind}-{SIZED[kind]}-slow" for kind in SLOW), *NAMED)
"""Names that `recipe` knows; the numbers of units of the first ones may be others."""
LOSSES = (
    "esr",
    "esr-high-pass",
    "esr-dc",
    "esr-high-pass-dc",
    "esr-a-weighted",
    "esr-mr-stft",
    "mse",
    "mae",
)
"""Names that `loss` knows."""
LARGEST = 1024  # units


@final
class Parsed(NamedTuple):
    """A name of a network, taken apart.

    Attributes:
        kind: a key of `SIZED`, or one of `NAMED`.
        size: units; None for what has its size in its name.
        is_slow: whether its units remember for long from the start.
    """

    kind: str
    size: int | None = None
    is_slow: bool = False


def parsed(name: str) -> Parsed:
    """What a name says.

    Raises:
        ValueError: for another name than those of `MODELS`, with those that there are.
    """
    name = name.strip().lower()
    if name in NAMED:
        return Parsed(name)
    found = re.fullmatch(r"([a-z0-9-]+?)(?:-([0-9]{1,9}))?(-slow)?", name)
    if found and found[1] in (SLOW if found[3] else SIZED):
        size = SIZED[found[1]] if found[2] is None else int(found[2])
        if not 1 <= size <= LARGEST:
            raise ValueError(f"{name}: a network has from 1 to {LARGEST} units")
        return Parsed(found[1], size, bool(found[3]))
    near = difflib.get_close_matches(name, MODELS, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"there is no model {name!r}; there are {', '.join(MODELS)} (the numbers may be others){hint}")


def check_loss(name: str) -> None:
    """Raises a ValueError for another name than those of `LOSSES`, with those that there are."""
    if name not in LOSSES:
        raise ValueError(f"there is no loss {name!r}; there are {', '.join(LOSSES)}")
