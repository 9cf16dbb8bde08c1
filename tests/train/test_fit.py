import os
import signal
import subprocess
import sys
import textwrap
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from circuitnn.losses import esr, mse, weighted
from circuitnn.train import (
    CheckpointError,
    Dataset,
    DivergenceError,
    GrowingHorizon,
    InTurn,
    MultipleShooting,
    NoiseInjection,
    ScheduledSampling,
    TeacherForcing,
    TruncatedBPTT,
    fit,
)
from tests.models import Gain, Leaky

SHORT = {"length": 64, "warmup": 16}
REGIMES = [
    TeacherForcing(**SHORT),
    ScheduledSampling(**SHORT),
    TruncatedBPTT(**SHORT),
    TruncatedBPTT(**SHORT, blocks=3),
    NoiseInjection(**SHORT),
    MultipleShooting(**SHORT, segment=16),
    GrowingHorizon(**SHORT),
    InTurn((TeacherForcing(**SHORT), 1), (TruncatedBPTT(**SHORT), 2)),
]
QUIET = {"optimizer": optax.adam(0.02), "epochs": 12, "batch": 8, "progress": False}


@pytest.mark.parametrize("regime", REGIMES, ids=lambda r: type(r).__name__)
def test_every_regime_finds_the_pole(data, regime):
    model, history = fit(Leaky(0.5), data, regime, **QUIET)
    assert abs(float(model.pole[...]) - 0.8) < 0.02
    assert history.loss.shape == (12,)
    assert history.loss[-1] < 0.1 * history.loss[0]
    assert history.samples == 12 * len(history.loss) // 12 * data_samples(data, regime)


def data_samples(data, regime):
    part = regime.parts[0][0] if isinstance(regime, InTurn) else regime
    windows = 4 * ((640 - part.warmup) // (part.length * part.blocks))
    return max(1, windows // 8) * min(8, windows) * part.length * part.blocks


def test_the_given_model_is_not_changed(data):
    model = Leaky(0.5)
    fit(model, data, TruncatedBPTT(**SHORT), **QUIET)
    assert float(model.pole[...]) == 0.5


def test_many_models_train_at_once_each_in_its_own_order(data):
    models, history = fit([Leaky(0.2), Leaky(0.2), Leaky(0.95)], data, TruncatedBPTT(**SHORT), **QUIET)
    poles = [float(model.pole[...]) for model in models]
    np.testing.assert_allclose(poles, 0.8, atol=0.06)
    assert history.loss.shape == (12, 3)
    # The same start, another order of the data.
    assert history.loss[0, 0] != history.loss[0, 1]


def test_one_of_many_is_what_it_is_alone(data):
    # Same data order: a single window batch that holds everything makes the order irrelevant.
    whole = {**QUIET, "batch": 1000}
    alone, _ = fit(Leaky(0.3), data, TruncatedBPTT(**SHORT), **whole)
    both, _ = fit([Leaky(0.3), Leaky(0.9)], data, TruncatedBPTT(**SHORT), **whole)
    np.testing.assert_allclose(alone.pole[...], both[0].pole[...], rtol=1e-5)


def test_same_seed_same_weights(data):
    regime = ScheduledSampling(**SHORT)
    a, b, c = (float(fit(Leaky(0.5), data, regime, seed=s, **QUIET)[0].pole[...]) for s in (1, 1, 2))
    assert a == b != c


def test_validation_keeps_the_best_weights(data):
    # A learning rate this high jumps about: the best weights are not the last.
    loud = {**QUIET, "optimizer": optax.adam(0.3)}
    model, history = fit(Leaky(0.3), data, TruncatedBPTT(**SHORT), validation=data, validation_every=1, **loud)
    assert len(history.validation) == 12
    best = fit(Leaky(0.3), data, TruncatedBPTT(**SHORT), **{**loud, "epochs": 1 + int(np.argmin(history.validation))})
    assert np.argmin(history.validation) < 11
    np.testing.assert_allclose(model.pole[...], best[0].pole[...], rtol=1e-6)


def test_a_schedule_is_given_the_number_of_updates(data):
    seen = []

    def optimizer(updates):
        seen.append(updates)
        return optax.adam(optax.cosine_decay_schedule(0.05, updates))

    _, history = fit(Leaky(0.5), data, TruncatedBPTT(**SHORT), **{**QUIET, "optimizer": optimizer})
    assert seen == [history.updates]


def test_gradients_do_not_reach_over_the_border_of_a_block(data):
    # With one-sample blocks the carry is a constant, so TBPTT sees only the direct effect: the same as d/d pole of
    # one step from a known state.
    regime = TruncatedBPTT(length=1, warmup=0, blocks=2)
    one = Dataset(data.x[:1, :2], data.y[:1, :2], states=data.states[:1, :2], initial=np.full((1, 1), 0.5))
    model, _ = fit(
        Leaky(0.5), one, regime, optimizer=optax.sgd(0.1), epochs=1, loss=mse, state_weight=0.0, progress=False
    )
    pole, state = 0.5, 0.5
    for u, target in zip(data.x[0, :2, 0], data.y[0, :2, 0], strict=True):
        after = pole * state + (1 - pole) * u
        pole -= 0.1 * 2 * (after - target) * (state - u)
        state = after
    np.testing.assert_allclose(model.pole[...], pole, rtol=1e-5)


def lost():
    bad = jax.tree.map(lambda a: a, Leaky(0.5))
    bad.pole = nnx.Param(jnp.asarray(jnp.nan, jnp.float32))
    return bad


@pytest.mark.parametrize("is_many", [False, True])
def test_a_loss_that_is_not_finite_stops_and_says_where(data, is_many, tmp_path):
    models = [lost(), lost()] if is_many else lost()
    with pytest.raises(DivergenceError, match="model 0 .*epoch 0, update 0" if is_many else "epoch 0, update 0"):
        fit(models, data, TruncatedBPTT(**SHORT), checkpoint=tmp_path / "x.npz", **QUIET)
    assert not (tmp_path / "x.npz").exists()


def test_one_of_several_that_diverges_does_not_stop_the_others(data, tmp_path):
    with pytest.warns(
        UserWarning, match="model 1 became nan in epoch 0, update 0 of .*; the other models go on"
    ) as told:
        found, history = fit(
            [Leaky(0.5), lost()], data, TruncatedBPTT(**SHORT), validation=data, checkpoint=tmp_path / "x.npz", **QUIET
        )
    assert len([each for each in told if "go on" in str(each.message)]) == 1
    (alone,), _ = fit([Leaky(0.5)], data, TruncatedBPTT(**SHORT), validation=data, **QUIET)
    np.testing.assert_allclose(found[0].pole[...], alone.pole[...], rtol=1e-5)
    assert np.isfinite(history.loss[:, 0]).all()
    assert np.isnan(history.loss[:, 1]).all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda d: fit(Gain(), Dataset(d.x, d.y, controls={"volume": 1.0}), TeacherForcing(**SHORT)), "Gain has none"),
        (lambda d: fit(Leaky(), Dataset(d.x, d.y), TeacherForcing(**SHORT)), "needs the circuit's states"),
        (lambda d: fit(Gain(), Dataset(d.x, d.y), TruncatedBPTT(**SHORT)), r"do not say where the knobs volume were"),
        (lambda d: fit(Leaky(), Dataset(np.zeros((9, 2)), np.zeros(9)), TruncatedBPTT(**SHORT)), "x has 2 feature"),
        (lambda d: fit(Leaky(), d, TruncatedBPTT(length=1000)), "only 640"),
        (lambda d: fit([], d, TruncatedBPTT()), "at least one model"),
        (lambda d: fit(Leaky(), d, TruncatedBPTT(**SHORT), epochs=0), "at least 1"),
        (lambda d: TruncatedBPTT(length=0), "length must be"),
        (lambda d: ScheduledSampling(start=1.5), "fractions"),
        (lambda d: InTurn((TruncatedBPTT(), 0.0)), "positive share"),
    ],
)
def test_what_does_not_fit_is_one_clear_error(data, call, says):
    with pytest.raises(ValueError, match=says):
        call(data)


def test_a_checkpoint_of_another_training_is_refused(data, tmp_path):
    file = tmp_path / "run.npz"
    fit(Leaky(0.5), data, TruncatedBPTT(**SHORT), checkpoint=file, **QUIET)
    with pytest.raises(CheckpointError, match="seed"):
        fit(Leaky(0.5), data, TruncatedBPTT(**SHORT), checkpoint=file, seed=1, **QUIET)
    other = tmp_path / "other.npz"
    fit(Leaky(0.5), data, TruncatedBPTT(**SHORT), checkpoint=other, loss=weighted((1.0, mse), (1.0, esr)), **QUIET)
    with pytest.raises(CheckpointError, match="different: loss"):
        fit(Leaky(0.5), data, TruncatedBPTT(**SHORT), checkpoint=other, loss=weighted((2.0, mse), (1.0, esr)), **QUIET)


def test_a_finished_training_is_not_repeated(data, tmp_path):
    file = tmp_path / "run.npz"
    first, history = fit(Leaky(0.5), data, TruncatedBPTT(**SHORT), checkpoint=file, **QUIET)
    again, same = fit(Leaky(0.5), data, TruncatedBPTT(**SHORT), checkpoint=file, **QUIET)
    assert float(first.pole[...]) == float(again.pole[...])
    np.testing.assert_array_equal(history.loss, same.loss)


SCRIPT = """
    import sys, numpy as np, optax
    from circuitnn.train import Dataset, ScheduledSampling, fit, save
    from tests.models import Leaky
    x = np.random.default_rng(1).standard_normal((4, 6400, 1))
    data = Dataset(x, np.cumsum(x, 1) * 0.01, states=np.cumsum(x, 1) * 0.01)
    model, _ = fit(
        [Leaky(0.5), Leaky(0.7)], data, ScheduledSampling(length=64, warmup=16), optimizer=optax.adam(1e-3),
        epochs=60, validation=data, checkpoint=sys.argv[1], checkpoint_seconds=0.0, progress=False,
    )
    save(model[0], sys.argv[2])
    save(model[1], sys.argv[3])
"""


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_bits(tmp_path):
    def start(name):
        files = [tmp_path / f"{name}{end}.npz" for end in ("", "-a", "-b")]
        return files, subprocess.Popen([sys.executable, "-c", textwrap.dedent(SCRIPT), *files], env=os.environ)

    def written(file):
        return file.stat().st_mtime if file.exists() else 0

    whole, process = start("whole")
    assert process.wait(120) == 0
    killed, process = start("killed")
    for _ in range(3):
        # Killed without warning, each time once the run has got on: first at its first checkpoint, then later.
        before = written(killed[0])
        while process.poll() is None and written(killed[0]) <= before:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        assert not killed[1].exists(), "the run ended before it could be killed"
        _, process = start("killed")
    assert process.wait(120) == 0
    for a, b in zip(whole[1:], killed[1:], strict=True):
        with np.load(a) as one, np.load(b) as two:
            np.testing.assert_array_equal(one["leaf0"], two["leaf0"])
