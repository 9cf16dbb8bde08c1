"""Discretisation rules: how a derivative becomes a difference."""

from typing import NamedTuple, final

from circuitnn.settings import register


@register
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


def alpha_transform(alpha: float) -> Rule:
    """Between backward Euler (0) and the trapezoidal rule (1), which rings at half the sample rate (Werner 2016).

    ``x_n = x_{n-1} + h (x'_n + alpha x'_{n-1})/(1 + alpha)``.

    Raises:
        ValueError: outside of 0 to 1.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be between 0 (backward Euler) and 1 (trapezoidal), got {alpha}")
    return Rule(gain=1 / (1 + alpha), memory=float(alpha), history=0.0)
