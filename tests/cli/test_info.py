"""What files are, from the command line."""

import numpy as np
import pytest
from flax import nnx

import circuitnn as cn


def rows(result):
    return dict(line.split(":", 1) for line in result.stdout.splitlines() if line[0] != " ")


def test_a_saved_model(call, folder):
    model = cn.recurrent.GRU(2, controls=("gain",), fs=44_100, dtype=np.float32, rngs=nnx.Rngs(0))
    cn.train.save(cn.chain(network=model, late=cn.hybrid.Delay(3)), "pedal.npz")
    told = call("info", "pedal.npz")
    found = {name: row.strip() for name, row in rows(told).items()}
    assert found["rate"] == "44100 Hz"
    assert found["knobs"] == "gain 0.5"
    assert found["latency"] == "3 samples"
    assert found["signals"] == "1 input, 1 output, float32"
    assert found["states"] == "none"
    # Three gates of two units that see the input, the knob and each other, with two biases; and what reads them.
    assert found["parameters"] == f"{3 * 2 * (2 + 2 + 2) + 2 + 1} learnable numbers"
    size = (folder / "pedal.npz").stat().st_size
    assert found["size"] == f"{size:,} bytes on disk, 20 bytes of memory for each stream".replace(",", " ", 1)
    assert "network: GRU" in told.stdout


def test_a_netlist(call):
    found = {name: row.strip() for name, row in rows(call("info", "tone.cir")).items()}
    assert found["rate"] == "48000 Hz (if none is said)"
    assert found["knobs"] == "tone 0.5, level 1"
    assert found["states"] == "C1"


@pytest.mark.parametrize("name", ["nowhere.npz", "nowhere", "in.wav"])
def test_bad_input(name, call):
    assert name in call("info", name, fails=2).stderr
