import pytest

from circuitnn.numerics.rules import RULES, rule_named


def test_the_rules_integrate_a_ramp_exactly():
    for rule in RULES.values():
        h, z = 0.1, rule.memory * rule.gain * 0.1  # x = t: x' = 1
        for n in range(1, 6):
            x = z + rule.gain * h
            assert x == pytest.approx(n * h)
            z = x + rule.memory * rule.gain * h


def test_an_unknown_rule_is_an_error_that_lists_them():
    with pytest.raises(ValueError, match="trapezoidal, backward_euler"):
        rule_named("simpson")
