"""Two devices against one: the same losses. A process of its own, as the devices of a CPU are counted at its start."""

import os
import subprocess
import sys

import pytest

from circuitnn.train import TruncatedBPTT, fit
from tests.models import Leaky

TWO = """
import jax, numpy as np, optax
from flax import nnx
from jax.sharding import Mesh
from circuitnn import audio
from circuitnn.recurrent import GRU
from circuitnn.train import Dataset, TruncatedBPTT, fit, recordings

assert len(jax.devices()) == 2
fs = 48_000
x = np.random.default_rng(0).standard_normal(4000).astype(np.float32)
memory = Dataset(x, np.tanh(3 * x), fs=fs)
np.save("x.npy", x)
np.save("y.npy", np.tanh(3 * x))
disk = recordings("x.npy", "y.npy", fs=fs)

def losses(model, data, mesh, regime=TruncatedBPTT(64, warmup=16, blocks=2)):
    options = {"optimizer": optax.adam(1e-2), "batch": 8, "epochs": 2, "validation": memory, "progress": False}
    trained, history = fit(model, data, regime, mesh=mesh, **options)
    first = trained[0] if isinstance(trained, list) else trained
    assert all(len(leaf.devices()) == 1 for leaf in jax.tree.leaves(nnx.state(first)))
    return np.array([*history.loss, *history.validation])

models = [GRU(3, fs=fs, rngs=nnx.Rngs(seed)) for seed in range(4)]
for model, data in ((models[0], memory), (models[0], disk), (models, memory), (models, disk)):
    one = losses(model, memory, None)
    two = losses(model, data, 2 if data is memory else Mesh(np.array(jax.devices()), ("some",)))
    np.testing.assert_allclose(two, one, rtol=1e-5)
    assert one[0].mean() > 1.05 * one[-3].mean()
uneven = (models[:3], {}, "3 models on 2 devices"), (models[0], {"batch": 7}, "7 windows of a batch on 2 devices")
for model, options, says in uneven:
    try:
        fit(model, memory, TruncatedBPTT(64, warmup=16), mesh=2, progress=False, **options)
        raise AssertionError("no error")
    except ValueError as error:
        assert says in str(error), error
print("the same")
"""


@pytest.mark.slow
def test_two_devices_against_one(tmp_path):
    flags = {"XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", TWO],
        cwd=tmp_path,
        env={**os.environ, **flags, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout == "the same\n", done.stderr


def test_what_cannot_be_divided_is_said(data):
    def trained(mesh, **options):
        fit(Leaky(0.5), data, TruncatedBPTT(64, warmup=16), mesh=mesh, progress=False, **options)

    with pytest.raises(ValueError, match=r"mesh=64: JAX has 1 device\(s\) here"):
        trained(64)
    with pytest.raises(TypeError, match="number of devices"):
        trained("two")
    trained(1, epochs=1, batch=7)
