"""The player of an exported header: knobs that move, blocks of any size, streams that go wrong."""

import itertools

import numpy as np
import pytest
from flax import nnx

from circuitnn import circuits, controls, run
from circuitnn.filters import NeuralToneStack
from circuitnn.hybrid import crossfade
from circuitnn.nodal import NodalModel
from circuitnn.recurrent import GRU
from tests.export.models import Swept

N, FRAME = 960, 32
X = 0.5 * np.random.default_rng(0).standard_normal(N)
FS = 48_000


def turned(model, every=1):
    """Knobs (N, knobs) that go to and fro, each at its own speed, held for so many samples."""
    time = np.arange(N) // every * every / FS
    rates = [40 + 13 * k for k in range(len(model.controls))]
    return np.stack([0.5 + 0.45 * np.sin(2 * np.pi * rate * time + rate) for rate in rates], axis=1)


def by_name(model, knobs):
    return {name: knobs[:, k] for k, name in enumerate(model.controls)}


def of_model(model, x, knobs):
    return np.asarray(run(model, np.reshape(x, (-1, model.in_features)), controls=by_name(model, knobs))[1])


def on_frames(knobs):
    """Straight lines between where the knobs are at the beginnings of frames, each reached at a frame's end."""
    begins = np.arange(0, N, FRAME)
    times = np.concatenate([[-1], begins + FRAME - 1])
    return np.stack([np.interp(np.arange(N), times, [row[0], *row[begins]]) for row in knobs.T], axis=1)


def roughness(y):
    return np.abs(np.diff(y[:, 0], 2)).max()


MODELS = {
    "own": Swept,
    "network": lambda: GRU(4, controls=("gain", "tone"), dtype=np.float64, rngs=nnx.Rngs(0)),
    "networks": lambda: crossfade(*(GRU(3, dtype=np.float64, rngs=nnx.Rngs(seed)) for seed in (1, 2))),
    "tone stack": lambda: NodalModel(circuits.bassman(), FS, dtype=np.float64),
    "clipping": lambda: NodalModel(circuits.tube_screamer_clipping(), FS, dtype=np.float64),
}
QUICK = ("own", "network")


def some(*names):
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", some(*MODELS))
def test_with_frames_of_one_sample_knobs_are_those_of_the_model(name, played):
    model = MODELS[name]()
    knobs = turned(model)
    y, wanted = played(model, frame=1).moving(X, knobs), of_model(model, X, knobs)
    np.testing.assert_allclose(y, wanted, rtol=0, atol=1e-10 * np.abs(wanted).max())


@pytest.mark.parametrize("smoothing", ["auto", "crossfade"])
@pytest.mark.parametrize("name", some(*MODELS))
def test_knobs_go_over_frames_without_a_click(name, smoothing, played):
    """Set at each sample, they go in straight lines from frame to frame; set once in a block, no other way."""
    model = MODELS[name]()
    knobs = turned(model)
    pedal = played(model, frame=FRAME, smoothing=smoothing)
    y, path = pedal.moving(X, knobs), of_model(model, X, on_frames(knobs))
    assert np.abs(y - path).max() < 5e-3 * np.abs(path).max()
    assert roughness(y) < 1.1 * roughness(of_model(model, X, knobs))


@pytest.mark.parametrize("smoothing", ["interpolate", "crossfade"])
def test_a_jump_of_a_knob_is_spread_over_a_frame(smoothing, played):
    model, x = Swept(), np.sin(2 * np.pi * 100 * np.arange(N) / FS)
    jump = np.tile([[0.1, 2.0]], (N, 1))
    jump[N // 2 :] = 0.9, 4.0
    abrupt, steady = of_model(model, x, jump), of_model(model, x, jump[-1:].repeat(N, 0))
    pedal = played(model, frame=FRAME, smoothing=smoothing)
    y = pedal.moving(x, jump)
    step = np.abs(np.diff(y[:, 0])).max()
    assert np.abs(np.diff(abrupt[:, 0])).max() > 2 * step  # the model itself does what it is told at once
    assert step < 1.2 * np.abs(np.diff(steady[:, 0])).max()
    np.testing.assert_allclose(y[: N // 2], abrupt[: N // 2], atol=1e-12)
    np.testing.assert_allclose(y[-100:], abrupt[-100:], atol=1e-6)  # and arrives


@pytest.mark.parametrize(("frame", "smoothing"), [(1, "auto"), (7, "interpolate"), (7, "crossfade")])
def test_any_cut_gives_the_same_bits(frame, smoothing, played):
    model = Swept()
    knobs = turned(model, every=60)
    pedal = played(model, frame=frame, smoothing=smoothing)
    wanted = pedal.moving(X, knobs, every=60)
    for sizes in ((1,), (60,), (7, 1, 52), (30, 0, 30)):
        pedal.start()
        pieces = []
        for start in range(0, N, 60):
            for k, value in enumerate(knobs[start]):
                pedal.set_knob(k, value)
            blocks = list(itertools.islice(itertools.cycle(sizes), 60 // sum(sizes) * len(sizes)))
            pieces.append(pedal.play(X[start : start + 60], blocks))
        np.testing.assert_array_equal(np.concatenate(pieces), wanted)


def test_a_stream_begins_at_rest_with_the_knobs_that_were_set_before(played):
    model = Swept()
    pedal = played(model)
    pedal.set_knob(0, 0.9)
    pedal.set_knob(1, 3.5)
    wanted = np.asarray(run(model, X[:, None], controls=controls(model, tone=0.9, load=3.5))[1])
    np.testing.assert_allclose(pedal.play(X), wanted, atol=1e-14)


def test_knobs_have_ends_and_what_is_none_is_passed_over(played):
    model = Swept()
    pedal = played(model)
    for index, value in ((0, 7.0), (1, -3e300), (2, 0.1), (-1, 0.1), (0, np.nan), (1, np.inf), (1, 4.0)):
        pedal.set_knob(index, value)
    wanted = np.asarray(run(model, X[:, None], controls={"tone": 1.0, "load": 4.0})[1])
    np.testing.assert_allclose(pedal.play(X), wanted, atol=1e-14)


@pytest.mark.parametrize("smoothing", ["interpolate", "crossfade"])
def test_after_what_is_no_number_it_begins_anew_at_rest(smoothing, played):
    pedal = played(Swept(), smoothing=smoothing)
    wanted = pedal.play(X)
    for wrong in (np.nan, np.inf, -np.inf):
        x = np.concatenate([X[:100], [wrong], X[:20]])
        pedal.set_knob(0, 0.4)
        assert np.isfinite(pedal.play(x)).all()
        pedal.set_knob(0, 0.5)
        np.testing.assert_array_equal(pedal.play(X), wanted)


def test_several_inputs_and_in_place(played):
    model = Swept(features=2)
    x = np.random.default_rng(1).standard_normal((N, 2))
    pedal = played(model)
    wanted = of_model(model, x, np.tile([[0.5, 2.0]], (N, 1)))
    np.testing.assert_allclose(pedal.play(x), wanted, atol=1e-14)
    pedal.start()
    np.testing.assert_allclose(pedal.in_place(x), wanted, atol=1e-14)


def test_it_checks_itself(played):
    pedal = played(Swept())
    wanted = pedal.play(X)
    assert pedal.check() < 1e-14
    np.testing.assert_array_equal(pedal.play(X), wanted)  # at rest again
    single = played(Swept(dtype=np.float32))
    assert 1e-9 < single.check() < 1e-6


def test_without_knobs(played):
    pedal = played(GRU(3, dtype=np.float64, rngs=nnx.Rngs(0)))
    pedal.set_knob(0, 0.3)
    assert pedal.check() < 1e-13


@pytest.mark.slow
def test_a_filter_that_follows_its_knobs(played):
    model = NeuralToneStack({"treble": 0.5, "bass": 0.5}, fs=FS, order=4, hidden=(8,), dtype=np.float64)
    knobs = turned(model)
    wanted = of_model(model, X, knobs)
    y = played(model, frame=1).moving(X, knobs)
    np.testing.assert_allclose(y, wanted, rtol=0, atol=1e-10 * np.abs(wanted).max())
