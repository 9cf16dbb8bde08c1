import numpy as np
import pytest

from circuitnn.model import trace
from circuitnn.train import Dataset, record
from tests.models import Leaky

RAMP = np.arange(100.0)


def ramp() -> Dataset:
    return Dataset(RAMP, -RAMP, states=10 * RAMP[:, None], controls={"knob": RAMP / 100}, fs=10)


def knobs(**controls) -> Dataset:
    return Dataset(RAMP, RAMP, controls=controls, fs=10)


def test_one_recording_or_many():
    one = ramp()
    assert one.x.shape == one.y.shape == one.states.shape == (1, 100, 1)
    assert one.seconds == 10
    assert Dataset(np.zeros((3, 50, 2)), np.zeros((3, 50, 1))).samples == 150


def test_windows_carry_their_past_along():
    windows = ramp().windows(20, warmup=5)
    assert windows.x.shape == (4, 25, 1)
    np.testing.assert_array_equal(windows.x[:, 0, 0], [0, 20, 40, 60])
    # The state before a window is the one after the sample before it; a recording starts at rest.
    np.testing.assert_array_equal(windows.initial[:, 0], [0, 190, 390, 590])
    np.testing.assert_array_equal(windows.controls["knob"][1], RAMP[20:45] / 100)


def test_split_keeps_the_state_before_each_part():
    first, second = ramp().split(0.3, 0.5)
    assert (first.x.shape[1], second.x.shape[1]) == (30, 50)
    assert second.x[0, 0, 0] == 30
    assert second.initial[0, 0] == 290


def test_join_cuts_to_the_shortest():
    joined = Dataset.join([ramp(), ramp().between(0, 40)])
    assert joined.x.shape == (3, 40, 1)
    np.testing.assert_array_equal(joined.initial[:, 0], [0, 390, 0])


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Dataset(np.array([0.0, np.nan, 1.0]), np.zeros(3)), "x has 1 NaN .* recording 0 at sample 1"),
        (lambda: Dataset(np.zeros(3), np.zeros(4)), "y has 1 x 4 samples, x has 1 x 3"),
        (lambda: Dataset(np.zeros(0), np.zeros(0)), "x has no samples"),
        (lambda: Dataset(np.zeros(3, int), np.zeros(3)), "floating-point"),
        (lambda: Dataset(np.zeros(3), np.zeros(3), states=np.zeros((2, 1))), "states has 1 x 2"),
        (lambda: Dataset(np.zeros(3), np.zeros(3), fs=0), "positive number of hertz"),
        (lambda: Dataset(np.zeros(3), np.zeros(3), controls={"k": np.zeros(2)}), "knob k: expected"),
        (lambda: ramp().windows(200), "only 100"),
        (lambda: ramp().split(0.9, 0.9), "at most 1"),
        (lambda: ramp().between(50, 50), "no samples"),
        (lambda: Dataset.join([]), "at least one"),
        (lambda: Dataset.join([ramp(), knobs(tone=0.5)]), "differ in knobs: knob, and tone in part 1"),
        (lambda: Dataset.join([knobs(), ramp()]), "differ in knobs: none, and knob in part 1"),
        (lambda: Dataset.join([ramp(), knobs(knob=0.5)]), r"differ in states: 1 feature\(s\), and 0 in part 1"),
        (lambda: Dataset.join([knobs(), Dataset(RAMP, np.ones((100, 2)), fs=10)]), "differ in y: 1 .* and 2 in part 1"),
        (lambda: Dataset.join([knobs(), Dataset(RAMP, RAMP, fs=20)]), "10 Hz, and 20 Hz in part 1"),
        (lambda: knobs(tone=np.nan), "knob tone: nan is not finite"),
        (lambda: knobs(tone=np.where(RAMP == 7, np.inf, 0.5)), r"knob tone: inf at \[7\] is not finite"),
        (lambda: knobs(tone="half"), "knob tone: expected a number"),
        (lambda: Dataset(RAMP, RAMP, states=RAMP[:, None], initial=[np.nan]), "initial has 1 NaN"),
        (lambda: Dataset(RAMP, RAMP, states=RAMP[:, None], initial=[1.0, 2.0]), r"initial must be \(1, 1\)"),
        (lambda: Dataset(RAMP, RAMP, fs=np.inf), "positive number of hertz"),
    ],
)
def test_bad_data_is_one_clear_error(build, says):
    with pytest.raises(ValueError, match=says):
        build()


def test_join_knows_knobs_in_any_case():
    joined = Dataset.join([knobs(tone=0.2, gain=0.3), knobs(Gain=0.4, Tone=0.5)])
    assert {name: knob[:, 0].tolist() for name, knob in joined.controls.items()} == {
        "tone": [0.2, 0.5],
        "gain": [0.3, 0.4],
    }


def test_record_observes_an_oversampled_teacher_at_every_kth_sample():
    teacher = Leaky(0.95)
    x = np.random.default_rng(0).standard_normal(480)
    _, y, _ = trace(teacher, x)
    data = record(teacher, x, fs=12_000, block=100)
    np.testing.assert_array_equal(data.x[0, :, 0], x[3::4])
    np.testing.assert_allclose(data.states[0, :, 0], y[3::4], atol=1e-6)
    with pytest.raises(ValueError, match="no multiple of 44100"):
        record(teacher, x, fs=44_100)
