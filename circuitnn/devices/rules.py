"""What a number of a component or of a ``.model`` may be."""

import enum
from typing import final

import numpy as np

from circuitnn.deferred import ArrayLike, is_traced

LARGEST = 1e50  # of the numbers of components and models, in SI units; one over it is the smallest, next to zero


@final
class Rule(enum.Enum):
    """What a number may be; its value says so in words."""

    ANY = "be finite"
    POSITIVE = "be positive"
    NOT_NEGATIVE = "not be negative"
    FRACTION = "be from 0 to less than 0.95"
    SHARE = "be from 0 to less than 1"
    COUPLING = "be between -1 and 1, and not 0"
    TEMPERATURE = "be above -273.15 degrees Celsius"

    @property
    def is_signed(self) -> bool:
        """Whether numbers of either sign obey it."""
        return self in (Rule.ANY, Rule.COUPLING, Rule.TEMPERATURE)

    def allows(self, number: ArrayLike) -> bool:
        """Whether all of these finite numbers obey it."""
        x = np.asarray(number)
        match self:
            case Rule.POSITIVE:
                good = x > 0
            case Rule.NOT_NEGATIVE:
                good = x >= 0
            case Rule.FRACTION:
                good = (x >= 0) & (x < 0.95)
            case Rule.SHARE:
                good = (x >= 0) & (x < 1)
            case Rule.COUPLING:
                good = (np.abs(x) < 1) & (x != 0)
            case Rule.TEMPERATURE:
                good = x > -273.15
            case _:
                good = np.isfinite(x)
        return bool(np.all(good))


def check_value(name: str, value: ArrayLike, rule: Rule) -> None:
    """Refuse a number that no component can have; traced numbers pass, because they are not known yet.

    Raises:
        ValueError: when it is no number, not finite, or against the rule.
    """
    if is_traced(value):
        return
    try:
        number = np.asarray(value, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a number, got {value!r}") from error
    if not np.all(np.isfinite(number)):
        raise ValueError(f"{name} must be finite, got {value}")
    if not rule.allows(number):
        raise ValueError(f"{name} must {rule.value}, got {value}")


def check_size(name: str, value: ArrayLike, largest: float = LARGEST, *, may_be_small: bool = False) -> None:
    """Refuse a number that arithmetic cannot hold together with others; traced numbers pass.

    Args:
        name: of the number.
        value: in SI units.
        largest: that is allowed; one over it is the smallest, next to zero.
        may_be_small: whether smaller ones are as good as zero, as of a source.

    Raises:
        ValueError: when it is not zero, and larger or smaller.
    """
    if is_traced(value):
        return
    size = np.abs(np.asarray(value, np.float64))
    is_small = (size < 1 / largest) & (size > 0) & (not may_be_small)
    if np.any((size > largest) | is_small):
        raise ValueError(f"{name} must be zero or between {1 / largest:.0e} and {largest:.0e} in size, got {value}")
