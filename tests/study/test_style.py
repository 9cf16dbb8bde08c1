"""What the figures of a study look like."""

from circuitnn.study import MORE_REGIMES
from circuitnn.study.style import LOOKS, OTHER_LOOK, line


def test_each_regime_of_the_library_looks_like_no_other():
    looks = {tuple(line(name).values()) for name in MORE_REGIMES}
    assert len(looks) == len(MORE_REGIMES) == len(LOOKS)
    assert OTHER_LOOK not in looks
    assert tuple(line("one of my own").values()) == OTHER_LOOK
