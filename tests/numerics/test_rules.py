import numpy as np
import pytest

from circuitnn.numerics.rules import RULES, rule_named


@pytest.mark.parametrize("name", RULES)
def test_a_rule_integrates_a_ramp_exactly(name):
    rule, h = RULES[name], 0.1  # x = t: x' = 1
    z = rule.memory * rule.gain * h + rule.history * h
    for n in range(1, 6):
        x = z + rule.gain * h
        assert x == pytest.approx(n * h)
        z = x + rule.history * h + rule.memory * rule.gain * h


@pytest.mark.parametrize(("name", "order"), [("trapezoidal", 2), ("backward_euler", 1), ("bdf2", 2)])
def test_the_error_of_a_decay_falls_with_the_order(name, order):
    """x' = -x from 1, with true values to start from."""
    rule, errors = RULES[name], []
    for steps in (100, 200):
        h = 1 / steps
        x, before = 1.0, np.exp(h)
        for _ in range(steps):
            z = x + rule.history * (x - before) - rule.memory * rule.gain * h * x
            x, before = z / (1 + rule.gain * h), x
        errors.append(abs(x - np.exp(-1)))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.05)


def test_an_unknown_rule_is_an_error_that_lists_them():
    with pytest.raises(ValueError, match="trapezoidal, backward_euler, bdf2"):
        rule_named("simpson")
