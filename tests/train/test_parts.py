"""Parts that learn at their own rate or not at all."""

import sys

import numpy as np
import optax
import pytest
from flax import nnx

from circuitnn import hybrid
from circuitnn.composition import chain, residual
from circuitnn.model import run
from circuitnn.train import Dataset, TruncatedBPTT, fit, per_part
from tests.models import Gain, Leaky

REGIME = TruncatedBPTT(64, warmup=16)
QUIET = {"epochs": 6, "batch": 8, "progress": False}


@pytest.fixture(scope="module")
def data() -> Dataset:
    x = np.random.default_rng(1).standard_normal((4, 640, 1))
    y = run(target(), x)[1]
    return Dataset(x, np.asarray(y), controls={"volume": 1.0})


def target():
    return chain(first=Gain(0.5), low=Leaky(0.8), last=Gain(2.0))


def start(named=True):
    parts = {"first": Gain(1.0), "low": Leaky(0.5), "last": Gain(-0.0)}
    return chain(**parts) if named else chain(*parts.values())


def numbers(model):
    return {".".join(map(str, path)): np.asarray(each[...]) for path, each in nnx.to_flat_state(nnx.state(model))}


def bits(model):
    return {name: value.tobytes() for name, value in numbers(model).items()}


def moved(before, after):
    return {name for name, value in bits(before).items() if bits(after)[name] != value}


FIRST, LOW, LAST = "models.0.weight", "models.1.pole", "models.2.weight"


@pytest.mark.parametrize(
    ("parts", "default", "learnt"),
    [
        ({"low": None}, optax.adam(0.02), {FIRST, LAST}),
        ({"models.1": None}, optax.adam(0.02), {FIRST, LAST}),
        ({"low.pole": None, "first": None}, optax.adam(0.02), {LAST}),
        # weight decay would move a value whose gradient is zero
        ({"last": None}, optax.adamw(0.02, weight_decay=0.1), {FIRST, LOW}),
        ({"first": optax.adam(0.02)}, None, {FIRST}),
        ({"models": None, "first": optax.sgd(0.02)}, optax.adam(0.02), {FIRST}),
    ],
)
def test_frozen_parts_are_bit_for_bit_what_they_were(data, parts, default, learnt):
    before = chain(first=Gain(0.7), low=Leaky(0.5), last=Gain(1.3))
    after, history = fit(before, data, REGIME, optimizer=per_part(parts, default=default), **QUIET)
    assert moved(before, after) == learnt
    assert history.loss[-1] < history.loss[0]


def test_minus_zero_stays_minus_zero(data):
    after, _ = fit(start(), data, REGIME, optimizer=per_part({"last": None}, default=optax.adam(0.01)), **QUIET)
    assert np.signbit(after["last"].weight[...])


def test_each_part_has_its_own_rate(data):
    before = chain(first=Gain(0.7), low=Leaky(0.5), last=Gain(1.3))
    rates = per_part({"first": optax.sgd(1e-3), "low": optax.sgd(1e-2)}, default=optax.sgd(1e-1))
    one = {"epochs": 1, "batch": 1000, "progress": False}  # a single update
    steps = {}
    for name, optimizer in {"own": rates, "same": optax.sgd(1.0)}.items():
        after, history = fit(before, data, REGIME, optimizer=optimizer, **one)
        assert history.updates == 1
        steps[name] = {key: value - numbers(before)[key] for key, value in numbers(after).items()}
    for key, rate in {FIRST: 1e-3, LOW: 1e-2, LAST: 1e-1}.items():
        np.testing.assert_allclose(steps["own"][key], rate * steps["same"][key], rtol=1e-3)


def test_one_optimiser_for_all_parts_is_that_optimiser(data):
    before = chain(first=Gain(0.7), low=Leaky(0.5), last=Gain(1.3))
    plain, _ = fit(before, data, REGIME, optimizer=optax.adam(0.02), **QUIET)
    split, _ = fit(
        before, data, REGIME, optimizer=per_part({"low": optax.adam(0.02)}, default=optax.adam(0.02)), **QUIET
    )
    for key, value in numbers(plain).items():
        np.testing.assert_allclose(numbers(split)[key], value, rtol=1e-6)


def test_a_schedule_knows_the_number_of_updates(data):
    seen = []

    def schedule(updates):
        seen.append(updates)
        return optax.sgd(optax.linear_schedule(0.01, 0.0, updates))

    before = chain(first=Gain(0.7), low=Leaky(0.5), last=Gain(1.3))
    after, history = fit(before, data, REGIME, optimizer=per_part({"low": schedule}, default=None), **QUIET)
    assert seen == [history.updates]
    assert moved(before, after) == {LOW}


def test_many_models_at_once(data):
    models = [chain(first=Gain(0.7), low=Leaky(pole), last=Gain(1.3)) for pole in (0.3, 0.6)]
    rates = per_part({"first": None, "low": optax.adam(0.05)}, default=optax.adam(0.01))
    trained, history = fit(models, data, REGIME, optimizer=rates, **QUIET)
    assert history.loss.shape == (6, 2)
    for before, after in zip(models, trained, strict=True):
        assert moved(before, after) == {LOW, LAST}
    assert bits(trained[0])[LOW] != bits(trained[1])[LOW]


def test_a_resumed_run_ends_with_the_same_bits(data, tmp_path, monkeypatch):
    before = chain(first=Gain(0.7), low=Leaky(0.5), last=Gain(1.3))
    module = sys.modules["circuitnn.train.resuming"]

    def train(file):
        rates = per_part({"first": None, "low": lambda _: optax.adam(0.02)}, default=optax.sgd(0.01))
        return fit(before, data, REGIME, optimizer=rates, checkpoint=file, checkpoint_seconds=0, **QUIET)[0]

    whole = train(None)
    save = module.save_tree

    def save_and_stop(path, tree, header):
        save(path, tree, header)
        if header["epochs"] == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "save_tree", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "run.npz")
    assert bits(train(tmp_path / "run.npz")) == bits(whole)


@pytest.mark.parametrize(
    ("model", "parts", "says"),
    [
        (start(), {"drive": None}, "no part 'drive'; there are first, low, last"),
        (start(named=False), {"first": None}, "there are models.0, models.1, models.2"),
        (start(), {"lo": None}, "no part 'lo'"),
        (chain(a=residual(start()), b=Leaky()), {"x": None}, "there are a, a.first, a.low, a.last, b"),
        (Leaky(), {"x": None}, "there are pole"),
        (start(), {"first": None, "low": None, "last": None}, "nothing is left"),
    ],
)
def test_unknown_parts_are_named(data, model, parts, says):
    controls = data.controls if model.controls else None
    own = Dataset(data.x, data.y, controls=controls)
    default = None if "first" in parts and len(parts) == 3 else optax.adam(0.01)
    with pytest.raises(ValueError, match=says):
        fit(model, own, REGIME, optimizer=per_part(parts, default=default), **QUIET)
    with pytest.raises(ValueError, match="at least one part"):
        per_part({}, default=None)


def test_names_reach_through_wrappers(data):
    fast = Leaky(0.5)
    fast.fs = 2 * data.fs
    model = chain(stage=hybrid.Oversampled(chain(low=fast, last=Gain(1.3)), 2), out=residual(Gain(0.5)))
    rates = per_part({"stage.low": None, "out": None}, default=optax.adam(0.01))
    after, _ = fit(model, data, REGIME, optimizer=rates, **QUIET)
    assert moved(model, after) == {"models.0.model.models.1.weight"}


def test_a_part_without_learnable_values(data):
    model = chain(fixed=hybrid.Gain(2.0), low=Leaky(0.5))
    own = Dataset(data.x, data.y)
    fit(model, own, REGIME, optimizer=per_part({"fixed": None}, default=optax.adam(0.01)), **QUIET)
    with pytest.raises(ValueError, match="'fixed' has no learnable value"):
        fit(model, own, REGIME, optimizer=per_part({"fixed": optax.adam(0.01)}, default=None), **QUIET)
