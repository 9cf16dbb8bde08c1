"""Which values are meant by patterns of their names."""

import fnmatch
from collections.abc import Iterable, Mapping, Sequence


def tolerances(names: Iterable[str], trainable: Sequence[str] | Mapping[str, float | None]) -> dict[str, float | None]:
    """Tolerance of each learnable value by name, None for no bounds; a later pattern overrules an earlier one.

    Raises:
        ValueError: for a pattern that matches none of the names, or a tolerance that is not between 0 and 1.
    """
    names = tuple(names)
    trainable = (trainable,) if isinstance(trainable, str) else trainable
    patterns = trainable if isinstance(trainable, Mapping) else dict.fromkeys(trainable)
    bounds: dict[str, float | None] = {}
    for pattern, tolerance in patterns.items():
        if tolerance is not None and not 0 < tolerance < 1:
            raise ValueError(f"trainable: the tolerance of {pattern!r} must be between 0 and 1, got {tolerance}")
        matching = [name for name in names if fnmatch.fnmatchcase(name.lower(), pattern.lower())]
        if not matching:
            raise ValueError(f"trainable: {pattern!r} matches no value; there are {', '.join(names)}")
        bounds |= dict.fromkeys(matching, tolerance)
    return bounds
