"""Convolutions in a row: the laws, against SciPy, and files of RTNeural."""

import numpy as np
import pytest
from flax import nnx
from scipy import signal

import circuitnn as cn
from circuitnn.convolutional import CNN
from circuitnn.networks import Scaling
from circuitnn.testing import check_model

VOLTS = Scaling(np.array([0.3]), np.array([2.0]), input_offset=np.array([0.1]), output_offset=np.array([-0.5]))


def small(dtype=np.float32, **more):
    options = {"controls": ("gain",), "scaling": VOLTS, "rngs": nnx.Rngs(0)} | more
    return CNN((3, 2), kernel_size=(3, 2), dilations=(1, 4), activation=("tanh", "relu"), dtype=dtype, **options)


@pytest.mark.slow
def test_laws():
    x = np.random.default_rng(0).normal(size=(2, 20, 1))
    check_model(lambda dtype: small(dtype), x, controls={"gain": np.linspace(0, 1, 20)})


def test_sums_of_delayed_inputs():
    model, x = small(controls=(), scaling=None), np.random.default_rng(1).normal(size=40).astype(np.float32)
    h = x[:, None]
    for layer, shape in zip(model.convolutions, (np.tanh, lambda v: np.maximum(v, 0)), strict=True):
        weight, dilation = np.asarray(layer.conv.weight[...]), layer.conv.dilation
        taps = np.zeros((*weight.shape[:2], dilation * (weight.shape[2] - 1) + 1))
        taps[..., ::dilation] = weight[..., ::-1]
        sums = [sum(signal.lfilter(fir, 1, u) for fir, u in zip(rows, h.T, strict=True)) for rows in taps]
        h = shape(np.stack(sums, axis=-1) + np.asarray(layer.conv.bias[...]))
    y = h @ np.asarray(model.layers[-1].linear.weight[...]).T + np.asarray(model.layers[-1].linear.bias[...])
    carry = [np.zeros((2, 1), np.float32), np.zeros((4, 3), np.float32)]
    start = tuple(ring._replace(samples=zeros) for ring, zeros in zip(model.init_carry(), carry, strict=False))
    np.testing.assert_allclose(cn.run(model, x, (*start, ()))[1], y[:, 0], rtol=0, atol=1e-6)
    assert model.receptive_field == 1 + 2 + 4


def test_there_and_back_through_rtneural_and_a_file(tmp_path):
    model, x = small(), np.linspace(-1, 1, 20, dtype=np.float32)
    read = cn.export.read_rtneural(cn.export.rtneural(model, tmp_path / "cnn.json"))
    np.testing.assert_allclose(cn.run(read, x)[1], cn.run(model, x)[1], rtol=0, atol=2e-6)
    assert cn.export.rtneural(read, tmp_path / "again.json").read_bytes() == (tmp_path / "cnn.json").read_bytes()
    cn.train.save(model, tmp_path / "cnn.npz")
    assert cn.train.restore(tmp_path / "cnn.npz").settings == model.settings


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"channels": ()}, "for each of 0 layers"),
        ({"channels": (2, 2), "dilations": (1,)}, "for each of 2 layers"),
        ({"channels": (2,), "dilations": (2**22,)}, "at most"),
        ({"channels": (2,), "activation": "tan"}, "there are"),
        ({"channels": (2**12, 2**12)}, "at most"),
    ],
)
def test_faults_at_construction(options, words):
    with pytest.raises(ValueError, match=words):
        CNN(**options, rngs=nnx.Rngs(0))
