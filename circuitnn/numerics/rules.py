"""Discretisation rules: how a derivative becomes a difference."""

from typing import NamedTuple, final


@final
class Rule(NamedTuple):
    """A rule ``x_n = z_{n-1} + gain h x'_n`` with z_n, the companion state, from what is known after the sample:

    ``z_n = x_n + history (x_n - x_{n-1}) + memory gain h x'_n``.

    Attributes:
        gain: 1/2 for the trapezoidal rule (the bilinear transform), 1 for backward Euler, 2/3 for BDF2.
        memory: 1 for the trapezoidal rule, which remembers the derivative, else 0.
        history: 1/3 for BDF2, which remembers the sample before, else 0.
    """

    gain: float
    memory: float
    history: float


RULES = {
    "trapezoidal": Rule(gain=0.5, memory=1.0, history=0.0),
    "backward_euler": Rule(gain=1.0, memory=0.0, history=0.0),
    "bdf2": Rule(gain=2 / 3, memory=0.0, history=1 / 3),  # Gear 1971
}


def rule_named(name: str) -> Rule:
    """The rule of that name.

    Raises:
        ValueError: when there is none.
    """
    if name not in RULES:
        raise ValueError(f"no discretisation rule named {name!r}; there are {', '.join(RULES)}")
    return RULES[name]
