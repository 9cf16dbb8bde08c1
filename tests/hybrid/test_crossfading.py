"""Models at several positions of a knob as one."""

import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn import train
from circuitnn.composition import chain
from circuitnn.hybrid import Crossfade, Delay, Gain, crossfade
from circuitnn.hybrid.crossfading import weights
from circuitnn.model import run
from circuitnn.rates import resampled
from circuitnn.testing import check_model
from tests.models import Gain as Volume
from tests.models import Leaky

NOISE = np.random.default_rng(0).standard_normal((2, 64, 1))
PLACE = np.linspace(0, 1, 64)


def gains(**options):
    return crossfade(Gain(1.0), Gain(3.0), Gain(-2.0), **options)


def test_it_is_the_laws_of_a_model():
    turned = np.stack([PLACE, PLACE[::-1]])
    check_model(
        lambda dtype: crossfade(Leaky(0.5, dtype), chain(Delay(3, dtype=dtype), Leaky(0.9, dtype)), knob="drive"),
        NOISE,
        controls={"drive": turned},
    )


@pytest.mark.parametrize("positions", [(0.0, 0.5, 1.0), (0.1, 0.3, 0.9)])
def test_between_two_positions_both_are_heard_in_a_straight_line(positions):
    model = gains(positions=positions, default=positions[1])
    y = np.asarray(run(model, NOISE, controls={"GAIN": PLACE})[1])
    np.testing.assert_allclose(y, np.interp(PLACE, positions, (1, 3, -2))[:, None] * NOISE, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(run(model, NOISE)[1], 3 * NOISE, rtol=1e-6)
    np.testing.assert_allclose(sum(weights(jnp.asarray(PLACE), positions)), 1, rtol=1e-6)


def test_one_model_is_itself_wherever_the_knob_is():
    np.testing.assert_allclose(run(crossfade(Gain(2.0)), NOISE, controls={"gain": 0.9})[1], 2 * NOISE)


def test_the_knob_reaches_models_that_have_it_and_others_are_handed_on():
    model = crossfade(quiet=Volume(), loud=Volume(2.0), knob="volume", default=1.0)
    assert model.controls == {"volume": 1.0}
    np.testing.assert_allclose(run(model, NOISE, controls={"volume": 0.5})[1], 0.5 * 1.5 * NOISE, rtol=1e-6)
    assert gains(knob="drive").controls == {"drive": 0.5}
    assert list(crossfade(Volume(), Volume(2.0)).controls) == ["gain", "volume"]


def test_it_is_kept_whole(tmp_path):
    model = crossfade(low=Gain(1.0), high=chain(Gain(3.0), Delay(2)), knob="drive", positions=(0.25, 1), default=0.3)
    train.save(model, tmp_path / "m.npz")
    again = train.restore(tmp_path / "m.npz")
    assert isinstance(again, Crossfade)
    assert (again.knob, again.positions, again.default, again.latency) == ("drive", (0.25, 1.0), 0.3, 2)
    np.testing.assert_array_equal(run(again, NOISE)[1], run(model, NOISE)[1])


def test_another_rate():
    assert crossfade(Leaky(), Leaky(0.2)).rebuilt_at(96_000) is None
    model = gains(positions=(0, 0.2, 1), default=0.1).rebuilt_at(96_000)
    assert (model.positions, model.default) == ((0, 0.2, 1), 0.1)
    assert resampled(crossfade(Leaky(), Leaky(0.2)), 96_000).latency > 0


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: crossfade(), "at least one model"),
        (lambda: gains(positions=(0, 1)), "3 models, and 2 positions"),
        (lambda: gains(positions=(0, 0.5, 0.5)), "have to rise"),
        (lambda: gains(positions=(0, 0.5, 1.5)), "outside 0..1"),
        (lambda: gains(positions=(0, 0.5, np.nan)), "not finite"),
        (lambda: gains(default=-1), "outside 0..1"),
        (lambda: crossfade(Gain(1.0), Gain(1.0, features=2)), "crossfade: the models differ"),
    ],
)
def test_bad_input_is_one_clear_error(build, says):
    with pytest.raises(ValueError, match=says):
        build()
