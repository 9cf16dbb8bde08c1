"""What the figures of a study look like."""

from circuitnn.study import MORE_REGIMES
from circuitnn.study.style import LOOKS, OTHER_LOOK, OTHER_LOOKS, line, telling_apart


def test_each_regime_of_the_library_looks_like_no_other():
    looks = {tuple(line(name).values()) for name in MORE_REGIMES}
    assert len(looks) == len(MORE_REGIMES) == len(LOOKS)
    assert OTHER_LOOK not in looks
    assert tuple(line("one of my own").values()) == OTHER_LOOK


def test_regimes_of_a_study_are_told_apart():
    own = ["TBPTT", "published", "tuned", "third"]
    with telling_apart(own):
        looks = [tuple(line(name).values()) for name in own]
    assert len({*looks}) == len(own)
    assert tuple(line("tuned").values()) == OTHER_LOOK
    many = [f"regime {number}" for number in range(2 * len(OTHER_LOOKS))]
    with telling_apart(many):
        assert len({tuple(line(name).values()) for name in many}) == len(OTHER_LOOKS)
