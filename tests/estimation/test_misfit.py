"""What is left, by frequency and by level."""

import numpy as np
import pytest

from circuitnn.estimation.misfit import misfit

FS, TIME = 48_000, 4800


def _signals():
    """Nine excerpts of 50 Hz and 2 kHz, three of each level; a tenth is left of the one, a hundredth of the other."""
    time = np.arange(TIME) / FS
    low, high = (np.sin(2 * np.pi * freq * time) for freq in (50, 2000))
    sizes = np.repeat([0.1, 1.0, 10.0], 3)[:, None]
    return sizes * (low + high), sizes * (0.1 * low + 0.01 * high)


def test_bands():
    found = misfit(*_signals(), FS, 20_000.0)
    assert [band[:2] for band in found.bands] == [(0, 100), (100, 1000), (1000, 5000), (5000, 20_000)]
    assert found.bands[0][2] == pytest.approx(1e-2, rel=1e-3)
    assert found.bands[2][2] == pytest.approx(1e-4, rel=1e-2)
    assert "left of the recording: below 100 Hz -20 dB" in str(found)
    assert "to 5 kHz -40 dB" in str(found)


def test_levels():
    y, rest = _signals()
    rest[6:] *= 10  # what grows with the level
    found = misfit(y, rest, FS, 20_000.0)
    quiet, medium, loud = found.levels
    assert quiet[:2] == pytest.approx((0.1, 0.1), rel=1e-6)
    assert loud[2] == pytest.approx(100 * medium[2], rel=1e-6)
    assert "of its excerpts, quiet -23 dB, medium -23 dB, loud -3 dB" in str(found)
    few = misfit(y[:3], rest[:3], FS, 20_000.0)
    assert few.levels == ()
    assert "excerpts" not in str(few)
