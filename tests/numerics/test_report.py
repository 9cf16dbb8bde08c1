import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.numerics.report import SolveReport, SolveWarning, warn_of_failures


def test_blocks_add_up():
    failed = np.zeros((2, 10), bool)
    failed[1, [4, 7]] = True
    report = SolveReport.zero((2,)).add(jnp.asarray(failed[:, :3])).add(jnp.asarray(failed[:, 3:]))
    assert report.samples.tolist() == [10, 10]
    assert report.failed.tolist() == [0, 2]
    assert report.first_failed.tolist() == [-1, 4]
    across = SolveReport.zero((2,)).add(jnp.asarray(failed.T), axis=0)
    assert across.failed.tolist() == [0, 2]
    assert across.first_failed.tolist() == [-1, 4]


def test_the_warning_says_how_many_and_where():
    failed = jnp.zeros((2, 10), bool).at[1, 4].set(True)
    with pytest.warns(SolveWarning, match="1 of 20 samples, first at sample 4 of batch entry 1"):
        warn_of_failures((SolveReport.zero((2,)).add(failed), None))
    for dtype, is_said in ((np.float32, True), (np.float64, False)):
        with pytest.warns(SolveWarning) as said:
            warn_of_failures((SolveReport.zero((2,)).add(failed), np.zeros(3, dtype)))
        assert ("In single precision it may be rounding" in str(said[0].message)) is is_said


def test_nothing_is_said_when_all_is_well():
    warn_of_failures(SolveReport.zero(()).add(jnp.zeros(5, bool)))
