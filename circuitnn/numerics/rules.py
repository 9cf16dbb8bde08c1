"""Discretisation rules: how a derivative becomes a difference."""

from typing import NamedTuple, final


@final
class Rule(NamedTuple):
    """A one-step rule ``x_n = z_{n-1} + gain h x'_n`` with the companion state ``z_n = x_n + memory gain h x'_n``.

    Attributes:
        gain: 1/2 for the trapezoidal rule (the bilinear transform), 1 for backward Euler.
        memory: 1 for the trapezoidal rule, which remembers the derivative, 0 for backward Euler.
    """

    gain: float
    memory: float


RULES = {"trapezoidal": Rule(gain=0.5, memory=1.0), "backward_euler": Rule(gain=1.0, memory=0.0)}


def rule_named(name: str) -> Rule:
    """The rule of that name.

    Raises:
        ValueError: when there is none.
    """
    if name not in RULES:
        raise ValueError(f"no discretisation rule named {name!r}; there are {', '.join(RULES)}")
    return RULES[name]
