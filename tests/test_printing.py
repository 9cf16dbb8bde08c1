"""What is printed is read: at most 30 lines that say what a thing is."""

import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.description import LINES, block, counted, shortened
from circuitnn.recurrent import GRU, LSTM, STN, Memoryless, StateMatchedGRU

CIRCUIT = cn.read_netlist(
    "* Low pass\n.param tone=0.25 load=10k\nVin in 0 0\nR1 in out {1k+10k*(1-tone)}\nR2 out 0 {load}\n"
    "C1 out 0 10n\n.end"
)
SILENCE = np.zeros((2, 480, 1))
TREE = cn.wdf.Parallel(cn.wdf.ResistiveVoltageSource("2.2k"), cn.wdf.Capacitor("10n"))


@pytest.fixture(scope="module")
def said():
    """Things, and words that have to be in what is printed of them."""
    rngs = nnx.Rngs(0)
    gru = GRU(8, controls=("gain",), rngs=rngs)
    return {
        "a GRU": (gru, ["GRU: 1 input, 1 output, float32, 297 learnable numbers", "hidden 8", "knobs: gain 0.5"]),
        "an LSTM": (LSTM(8, fs=44_100, rngs=rngs), ["LSTM at 44100 Hz:", "hidden 8"]),
        "an STN": (STN(("C1", "C2"), rngs=rngs), ["STN:", "hidden 8 8", "states: C1, C2"]),
        "a state-matched GRU": (StateMatchedGRU(("C1",), rngs=rngs), ["StateMatchedGRU:", "states: C1"]),
        "an LRU": (
            cn.recurrent.LRU(4, 3, rngs=rngs),
            ["LRU:", "hidden 4, layers 3, states 16", "time_constants 5e-05 0.02"],
        ),
        "a WaveNet": (
            cn.convolutional.WaveNet.nam("nano", fs=48_000, rngs=rngs),
            [
                "head_scale 0.02, condition input",
                "arrays[0]: channels 4, dilations 1 2 4 8 16 32 64, kernel_size 3, activation tanh, head_size 2",
                "... 512 (13 in all), kernel_size 3, activation tanh, head_bias True",
                "hears 4 093 samples (85.3 ms)",
            ],
        ),
        "a WaveNet of many settings": (
            cn.convolutional.WaveNet(
                [
                    cn.convolutional.LayerArray(
                        2,
                        (1, 5),
                        activation=cn.convolutional.Activation("leaky_relu", slope=0.1),
                        gating=("none", "gated"),
                        film={"mixer": True},
                    )
                ],
                head=cn.convolutional.Head(3, (4, 1)),
                controls=("gain",),
                rngs=rngs,
            ),
            [
                "arrays[0]: channels 2, dilations 1 5, kernel_size 3, activation (name leaky_relu, slope 0.1), "
                "gating none gated",
                "head: channels 3, kernel_sizes 4 1, activation tanh",
                "hears 16 samples\n",
            ],
        ),
        "a TCN": (
            cn.convolutional.TCN.micro(300, controls=("limit",), fs=44_100, rngs=rngs),
            ["blocks 4, kernel_size 13, dilation_growth 10", "hears 13 333 samples (302 ms)", "by FiLM"],
        ),
        "a network without memory": (Memoryless((4,), rngs=rngs), ["Memoryless:", "hidden 4"]),
        "a nodal model": (
            cn.nodal.NodalModel(CIRCUIT, trainable=("C1",), oversampling=4),
            [
                "NodalModel at 48000 Hz: 1 input, 1 output, float32, 1 learnable number, ",
                "circuit: Low pass",
                "states: C1",
            ],
        ),
        "a WDF": (cn.wdf.WDFModel(TREE, cn.wdf.DiodePair()), ["WDFModel at 48000 Hz:", "nothing to learn"]),
        "a filter": (cn.filters.CoupledForm(4), ["CoupledForm at 48000 Hz:", "order 4"]),
        "a tone stack": (
            cn.filters.NeuralToneStack({"bass": 0.5}),
            ["NeuralToneStack at 48000 Hz:", "knobs: bass 0.5"],
        ),
        "a chain": (
            cn.chain(drive=gru, tone=cn.hybrid.Gain(2.0)),
            ["Chain:", "  drive: GRU, hidden 8", "  tone: Gain"],
        ),
        "a residual": (cn.residual(gru), ["Residual:", "  GRU, hidden 8, layers 1, 297 learnable numbers"]),
        "a WaveNet in a chain": (
            cn.chain(cn.hybrid.Gain(2.0), cn.convolutional.WaveNet.nam("nano", rngs=rngs)),
            ["  1: WaveNet, head_scale 0.02, condition input, hears 4 093 samples, 842", "    arrays[1]: channels 2"],
        ),
        "a hybrid": (
            cn.hybrid.klon(version="plugin", oversampling=2),
            ["gain_stage: Oversampled", "      drive: Chain at 96000 Hz"],
        ),
        "a circuit": (
            CIRCUIT,
            [
                "Circuit 'Low pass': 4 components, 2 nodes",
                "inputs: Vin; outputs: out",
                "R: R1, R2",
                "knobs: tone 0.25",
                "other parameters: load 10000",
                "states: C1",
            ],
        ),
        "the largest circuit": (cn.circuits.phase90(), ["29 components", "C: C1, C2, C3, C4"]),
        "data": (
            cn.train.Dataset(SILENCE, SILENCE, controls={"a": 0.5, "b": [[0], [1]]}),
            [
                "Dataset: 2 recordings of 0.01 s at 48000 Hz",
                "x (2, 480, 1) float64",
                "knobs: a 0.5, b moves or differs",
            ],
        ),
        "a history": (
            cn.train.History(loss=[0.5, 0.3], validation=[[0.1, 0.2]], seconds=[1.0, 2.0], updates=10),
            ["History: 2 epochs, 10 updates, 3 s", "loss: 0.5 at first, 0.3 at last", "validation ESR of model 1: 0.2"],
        ),
        "a history of many": (cn.train.History(loss=np.ones((3, 200)), seconds=[1.0] * 3), ["and 172 more lines"]),
        "an empty history": (cn.train.History(), ["History: 0 epochs"]),
        "a bias": (
            cn.train.ExposureBias(
                0.1, 0.001, 0.02, 0.01, 10.0, np.arange(1, 101) / 1e4, np.ones(100), np.ones(100), 0.5
            ),
            ["ESR free running 0.1, teacher-forced 0.01: bias 10.0 dB", "2 % of the target's peak", "1 after 1.1 ms"],
        ),
        "no bias": (cn.train.ExposureBias(0.1, 0.0, 0.0), ["no states were shown"]),
        "responses": (
            cn.train.responses([20, 2e4], {"a": [0, 1]}, np.ones((2, 2))),
            ["2 settings of a, 2 frequencies"],
        ),
    }


def test_they_are_short_and_say_what_they_are(said):
    for thing, words in said.values():
        text = repr(thing)
        for some in words:
            assert some in text, text
        assert len(text.splitlines()) <= LINES
        assert max(map(len, text.splitlines())) <= 130


def test_a_wave_digital_filter_is_drawn(said):
    assert "P" in str(said["a WDF"][0])
    assert "root" in str(said["a WDF"][0])


def test_lines_and_words():
    assert counted(1, "input") == "1 input"
    assert counted(12_345, "weight") == "12 345 weights"
    assert block("title", ["a", "", "b"]) == "title\n  a\n  b"
    assert len(block("title", ["line"] * 100).splitlines()) == LINES
    assert shortened([f"R{n}" for n in range(100)], width=20) == "R0, R1 and 98 more"
    assert shortened([]) == "none"


def test_a_model_is_printed_inside_of_a_transformation(capsys):
    import jax

    model = cn.nodal.NodalModel(CIRCUIT, trainable=("tone", "C1"))
    jax.grad(lambda gain: (print(cn.chain(model, cn.hybrid.Gain(1.0))), gain)[1])(1.0)
    nnx.jit(lambda model: print(model))(model)
    assert capsys.readouterr().out.count("NodalModel at 48000 Hz") == 2


@pytest.mark.parametrize("name", ["names", "model", "models"])
def test_a_model_of_ones_own_may_have_attributes_of_any_name(name):
    model = cn.hybrid.Gain(2.0)
    setattr(model, name, ("JCM", "800"))
    assert str(model).startswith("Gain: 1 input, 1 output")
