"""The numbers that a training gives out, and the weights that it keeps for them."""

import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from circuitnn import losses, metrics
from circuitnn.model import run, trace
from circuitnn.train import Dataset, History, TruncatedBPTT, fit, per_part
from circuitnn.train.optimizing import traced_loss
from circuitnn.train.stopping import Stopping
from tests.models import Gain, Leaky

BPTT = TruncatedBPTT(length=64, warmup=16)
QUIET = {"epochs": 2, "batch": 8, "progress": False}
RATE = 100  # few samples are many seconds
KNOBS = {"volume": [[0.5], [0.7], [0.9], [1.0]]}


def recorded(samples, pole=0.9, *, silence=50, recordings=1):
    x = np.random.default_rng(0).standard_normal((recordings, samples, 1))
    x[:, :silence] = 0
    _, y, states = trace(slow(pole), x)
    return Dataset(x, np.asarray(y), states=np.asarray(states), fs=RATE)


def slow(pole):
    model = Leaky(pole)
    model.fs = RATE
    return model


def without_states(data):
    return Dataset(data.x, data.y, fs=data.fs)


def still(model, data, validation, **options):
    """A training that changes nothing."""
    return fit(model, data, BPTT, optimizer=optax.sgd(0.0), validation=validation, **{**QUIET, "epochs": 1, **options})


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda d: Dataset(d.x, d.y), "the validation data do not say where the knobs volume were"),
        (lambda d: Dataset(d.x, d.y, controls={"volme": 0.5}), r"the validation data: no knob 'volme' \(did you mean"),
        (lambda d: Dataset(d.x, d.y, controls=KNOBS, fs=44_100), "validation data are at 44100 Hz, the data at 48000"),
        (lambda d: Dataset(np.repeat(d.x, 2, -1), d.y, controls=KNOBS), "the validation data's x has 2 feature"),
        (lambda d: Dataset(d.x, np.repeat(d.y, 2, -1), controls=KNOBS), "the validation data's y has 2 feature"),
        (lambda d: Dataset(d.x[:, :79], d.y[:, :79], controls=KNOBS), "too short: a window takes 16 . 64 .* only 79"),
        (lambda d: Dataset(d.x, 0 * d.y, controls=KNOBS), "the validation data's y is silent"),
    ],
)
def test_validation_data_are_checked_as_the_data_are(data, make, says):
    with pytest.raises(ValueError, match=says):
        fit(Gain(), Dataset(data.x, data.y, controls=KNOBS), BPTT, validation=make(data), **QUIET)


def test_validation_data_of_other_states_are_refused(data):
    other = Dataset(data.x, data.y, states=np.repeat(data.states, 2, -1))
    with pytest.raises(ValueError, match="the validation data have 2 state"):
        fit(Leaky(), data, BPTT, validation=other, **QUIET)


def test_weights_that_training_spoils_are_not_given_back(data):
    learning = {"loss": lambda y, target: jnp.mean(jnp.square(y - 0.5 * target)), "state_weight": 0.0, **QUIET}
    model, history = fit(Leaky(0.8), data, BPTT, validation=data, optimizer=optax.adam(0.05), **learning)
    assert history.initial < 1e-12 < 1e-3 < min(history.validation)
    assert float(model.pole[...]) == np.float32(0.8)


def test_the_error_of_microamperes_is_the_error(data):
    micro = Dataset(data.x, 1e-6 * data.x, controls={"volume": 1.0})
    _, history = still(Gain(1.5e-6), micro, micro)
    assert history.initial == pytest.approx(0.25, rel=1e-5)
    assert history.validation[0] == pytest.approx(0.25, rel=1e-5)
    assert history.loss[0] == pytest.approx(0.25, rel=1e-5)


@pytest.mark.parametrize("loss", [losses.esr, losses.dc, losses.pre_emphasis, losses.normalised_state_error])
def test_ratios_do_not_depend_on_the_unit(loss):
    target = np.random.default_rng(0).standard_normal((2, 50, 1)).astype(np.float32)
    of_volts = float(loss(1.3 * target + 0.1, target))
    small = np.float32(1e-12) * target
    assert float(loss(1.3 * small + np.float32(1e-13), small)) == pytest.approx(of_volts, rel=1e-4)
    gradients = [jax.grad(loss)(1.3 * of + 0.1 * np.max(of), of) for of in (target, small)]
    np.testing.assert_allclose(np.float32(1e-12) * gradients[1], gradients[0], rtol=1e-3)
    assert not np.isfinite(loss(np.full_like(target, np.nan), target))
    assert np.isnan(loss(np.full_like(target, np.nan), 0 * target))


def test_batches_of_near_silence_do_not_count_for_more_than_the_others():
    """Of the energy of all data 1e-8 stand below each ratio, also within sums and filters."""
    x = np.zeros((8, 80, 1))
    x[0, 16:] = np.random.default_rng(0).standard_normal((64, 1))
    x[1:] = 1e-9
    data = Dataset(x, x, controls={"volume": 1.0}, fs=1000)
    sums = losses.weighted((1.0, losses.esr), (1.0, losses.pre_emphasis))
    _, history = still(Gain(1.5), data, None, loss=sums, batch=1)
    floor = 1e-8 * np.mean(x[:, 16:] ** 2)
    assert history.loss[0] == pytest.approx(2 * 0.25 / 8 + 7 * 0.25e-18 / floor / 8, rel=0.05)


@pytest.mark.parametrize("part", ["from rest", "in mid-signal", "from true states", "excerpts"])
def test_validation_is_over_seconds_and_from_a_true_start(part):
    whole = recorded(790 if part != "excerpts" else 3000)
    data = {
        "from rest": without_states(whole),
        "in mid-signal": without_states(whole.between(60, 790)),
        "from true states": whole.between(60, 790),
        "excerpts": without_states(whole),
    }[part]
    _, right = still(slow(0.9), whole, data)
    assert right.initial < 1e-10
    _, wrong = still(slow(0.5), whole, data)
    if part == "from rest":
        assert wrong.initial == pytest.approx(metrics.esr(run(slow(0.5), data.x)[1], data.y), rel=1e-5)
    elif part == "in mid-signal":
        y = run(slow(0.5), data.x)[1][:, RATE:]  # the first second tells nothing
        assert wrong.initial == pytest.approx(metrics.esr(y, data.y[:, RATE:]), rel=1e-5)
    elif part == "excerpts":
        # As a pole of 0.5 forgets within a second, all that counts is the whole recording but for what is left over.
        y = np.asarray(run(slow(0.5), data.x)[1])[:, : 100 + 7 * 414]
        assert wrong.initial == pytest.approx(metrics.esr(y, data.y[:, : 100 + 7 * 414]), rel=1e-5)


def test_hours_of_validation_cost_a_minute():
    data = recorded(64, recordings=3)
    long = Dataset(np.ones((2, 60_000, 1)), np.ones((2, 60_000, 1)), fs=RATE)  # of 20 minutes
    windows = long.windows(400, warmup=100, most=15)
    assert windows.x.shape == (15, 500, 1)
    places = long.places(400, warmup=100, most=15)
    assert (places[0], places[-1]) == (0, 2 * 149 - 1)
    assert np.ptp(np.diff(places)) <= 1
    assert len(data.places(64, most=15)) == 3


def past(values, initial=None, every=1):
    validation_epochs = list(range(every - 1, every * len(values), every))
    return History(loss=[1.0] * len(values), initial=initial, validation=values, validation_epochs=validation_epochs)


@pytest.mark.parametrize(
    ("target", "patience", "history", "is_over"),
    [
        (None, None, past([0.1]), False),
        (0.1, None, past([0.2, 0.11]), False),
        (0.1, None, past([0.2, 0.1]), True),
        (0.1, None, past([], initial=0.05), True),
        (0.1, None, past([[0.2, 0.05], [0.05, 0.3]]), True),
        (0.1, None, past([[0.2, 0.05]]), False),
        (None, 2, past([0.3, 0.1, 0.2]), False),
        (None, 2, past([0.3, 0.1, 0.2, float("nan")]), True),
        (None, 2, past([0.3, 0.2], initial=0.1), True),
        (None, 6, past([0.3, 0.1, 0.2], every=5), False),
        (None, 5, past([0.3, 0.1, 0.2], every=5), True),
        (None, 2, History(loss=[0.3, 0.1, 0.2, 0.2]), True),
        (0.1, None, History(loss=[0.3, 0.1]), True),
        (0.1, 1, History(), False),
    ],
)
def test_when_training_ends_early(target, patience, history, is_over):
    assert Stopping(target, patience).is_reached(history) == is_over


def test_training_ends_at_its_target_or_when_a_callback_says_so(data):
    learning = {"optimizer": optax.adam(0.02), "validation": data, "validation_every": 1, **QUIET, "epochs": 40}
    _, history = fit(Leaky(0.5), data, BPTT, target=0.01, **learning)
    assert len(history.loss) < 40
    assert history.validation[-1] <= 0.01 < history.validation[-2]
    poles = []

    def until_far_enough(end):
        poles.append(end.model().pole[...])
        return end.epoch == 3

    stopped, history = fit(Leaky(0.5), data, BPTT, callback=until_far_enough, **{**learning, "validation_every": 9})
    assert len(poles) == len(history.loss) == 3
    assert poles[0] < poles[1] < poles[2] == stopped.pole[...]  # copies; the last one was validated though not its turn
    assert history.validation_epochs == [2]
    seldom = {"validation_every": 0, "validation_seconds": 0}
    for name, bad in {"target": 0.0, "patience": 0, "state_weight": -1.0, "callback": 3, **seldom}.items():
        with pytest.raises((ValueError, TypeError), match=name):
            fit(Leaky(0.5), data, BPTT, **{**learning, name: bad})


def test_optimizers_are_told_the_loss(data):
    plateau = optax.contrib.reduce_on_plateau(factor=0.1, patience=1, min_scale=1e-4)
    _, history = fit(Leaky(0.5), data, BPTT, optimizer=optax.chain(optax.sgd(0.0), plateau), **QUIET)
    assert history.loss[0] > 0
    model, _ = fit(Leaky(0.8), data, BPTT, optimizer=optax.chain(optax.sgd(0.5), plateau), **{**QUIET, "epochs": 3})
    assert abs(float(model.pole[...]) - 0.8) < 1e-3


@pytest.mark.slow
def test_lbfgs_finds_the_pole_at_once(data):
    whole = {**QUIET, "batch": 1000, "epochs": 5, "state_weight": 0.0}
    models, history = fit([Leaky(0.5), Leaky(0.3)], data, BPTT, optimizer=optax.lbfgs(), **whole)
    np.testing.assert_allclose([model.pole[...] for model in models], 0.8, atol=1e-4)
    assert np.all(history.loss[-1] < 1e-6)


def test_an_optimizer_that_cannot_work_is_one_error_before_anything_is_compiled(data):
    broken = optax.GradientTransformationExtraArgs(lambda p: (), lambda g, s, p=None, *, temperature, **more: (g, s))
    for optimizer in (broken, per_part({"pole": broken}, default=None)):
        with pytest.raises(ValueError, match=r"the optimizer does not work on this model: .*temperature"):
            fit(Leaky(), data, BPTT, optimizer=optimizer, **QUIET)
    with pytest.raises(ValueError, match="loss has to give one number"):
        fit(Leaky(), data, BPTT, loss=lambda y, target: y - target, **QUIET)


def test_the_same_training_is_compiled_once(data):
    traces, weight = [], 1.0

    def trained(rate):
        def loss(y, target):
            traces.append(rate)
            return weight * jnp.mean(jnp.square(y - target))

        before = len(traces)
        _, history = fit(
            Leaky(0.5), data, BPTT, optimizer=optax.adam(rate), loss=loss, **{**QUIET, "state_weight": 0.0}
        )
        return history.loss.tolist(), len(traces) - before

    first, count = trained(0.01)
    assert count > 1
    assert trained(0.01) == (first, 1)  # to see that it is the same
    other, count = trained(0.02)
    assert other != first
    assert count > 1
    weight = 2.0
    assert trained(0.01)[0][0] == pytest.approx(2 * first[0], rel=0.1)


def test_a_loss_whose_gradient_has_another_rule_is_another_loss():
    def ruled(factor):
        @jax.custom_vjp
        def loss(y, target):
            return jnp.mean(jnp.square(y - target))

        loss.defvjp(lambda y, target: (loss(y, target), y - target), lambda error, g: (factor * g * error, None))
        return traced_loss(lambda y, target: loss(y, target), (2, 8, 1), np.float32)

    assert ruled(2.0) == ruled(2.0) != ruled(3.0)


def test_what_is_kept_compiled_keeps_no_data(data):
    own = Dataset(data.x.copy(), data.y.copy(), states=data.states)
    seen = weakref.ref(own.x)
    fit(Leaky(0.5), own, BPTT, validation=own, optimizer=optax.adam(0.01), **QUIET)
    del own
    gc.collect()
    assert seen() is None
