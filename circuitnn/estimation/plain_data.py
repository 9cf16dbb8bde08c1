"""Reports as plain data: numbers, words, lists and mappings, as JSON has them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np


def plain(told: Any) -> Any:
    """What a report tells, without what it computes with."""
    if dataclasses.is_dataclass(told) and not isinstance(told, type):
        fields = {each.name: getattr(told, each.name) for each in dataclasses.fields(told)}
        more = {name: getattr(told, name) for name in ("interval", "verdict", "warnings") if hasattr(told, name)}
        return {name: plain(value) for name, value in (fields | more).items() if name != "recording"}
    if isinstance(told, Mapping):
        return {str(name): plain(value) for name, value in told.items()}
    if isinstance(told, (tuple, list)):
        return [plain(each) for each in told]
    if isinstance(told, (bool, np.bool_)):
        return bool(told)
    if isinstance(told, (int, np.integer)):
        return int(told)
    if isinstance(told, (float, np.floating)):
        return float(told) if np.isfinite(told) else None
    return told
