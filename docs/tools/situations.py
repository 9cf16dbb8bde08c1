"""Situations of users, each of which can be played: what is wrong, and a call that meets it."""

from pathlib import Path

import numpy as np
import optax
from flax import nnx

import circuitnn as cn

FS = 48_000
MUSIC = cn.audio.guitar(3.0, FS, seed=1)
SHORT = MUSIC[: FS // 2]
NOISE = np.random.default_rng(0).standard_normal(len(MUSIC))
TONE = np.sin(2 * np.pi * 440 * np.arange(FS) / FS)
CLIPPER = cn.circuits.diode_clipper()
BIASED = "a comparator\nVin in 0\nVb b 0 4.5\nC1 in a 100n\nR1 a b 1Meg\nR2 out 0 1k\n"
NETLIST = "a low-pass\nVin in 0 DC 0 AC 1\nR1 in out 1k\nC1 out 0 100n\n"


def late(signal, samples):
    return np.concatenate([np.zeros(samples), signal])[: len(signal)]


def slower(signal, ppm):
    return np.interp(np.arange(len(signal)) * (1 - 1e-6 * ppm), np.arange(len(signal)), signal)


def written(name, signal=SHORT):
    cn.audio.write(name, signal, FS)
    return name


def cut_short(name):
    content = Path(written(name)).read_bytes()
    Path(name).write_bytes(content[: len(content) // 3])
    return name


def text(name, content):
    Path(name).write_text(content, encoding="utf-8")
    return name


def emptied(name):
    Path(name).mkdir()
    return name


def with_nan(signal, at=1000):
    return np.where(np.arange(len(signal)) == at, np.nan, signal)


def network(controls=(), fs=None):
    return cn.recurrent.GRU(2, controls=controls, fs=fs, rngs=nnx.Rngs(0))


def data(x=SHORT, y=None, **options):
    return cn.train.Dataset(x, np.tanh(x) if y is None else y, **({"fs": FS} | options))


def fitted(model, of, **options):
    regime = cn.train.TruncatedBPTT(length=64, warmup=8)
    return cn.train.fit(
        model, of, regime, **({"optimizer": optax.adam(1e-3), "epochs": 1, "progress": False} | options)
    )


def damaged(name):
    cn.train.save(network(), name)
    content = bytearray(Path(name).read_bytes())
    content[100::50] = bytes(len(content[100::50]))
    Path(name).write_bytes(content)
    return name


def pickled(name):
    np.savez(name, weights=np.array([{"a": 1}], dtype=object))
    return name


def of_another_kind(name):
    cn.train.save(network(), name)
    return name


SITUATIONS = {
    "Sound files": {
        "The file is not there": lambda: cn.audio.read("guitra.wav"),
        "It is no sound": lambda: cn.audio.read(text("notes.wav", "to do: record guitar")),
        "It is truncated": lambda: cn.audio.read(cut_short("cut.wav")),
        "It has two channels": lambda: cn.audio.read(written("two.wav", np.stack([SHORT, SHORT], axis=-1))),
        "A folder has no sounds in it": lambda: cn.audio.find(emptied("recordings")),
        "What is written would clip": lambda: cn.audio.write("loud.flac", 2 * SHORT, FS),
        "The name has another ending": lambda: cn.audio.write("guitar.mp3", SHORT, FS),
        "A sample is NaN": lambda: cn.audio.write("nan.wav", with_nan(SHORT), FS),
        "A rate is no rate": lambda: cn.audio.resample(SHORT, 44_100.5, FS),
    },
    "Two recordings of one sound": {
        "All is well, and the recording is upside down": lambda: cn.audio.align(MUSIC, -late(MUSIC, 37), fs=FS),
        "They are given the other way round": lambda: cn.audio.align(late(MUSIC, 37), MUSIC, fs=FS),
        "One is silent": lambda: cn.audio.align(MUSIC, np.zeros(FS), fs=FS),
        "They are of different things": lambda: cn.audio.align(MUSIC, NOISE, fs=FS),
        "They are of a pure tone": lambda: cn.audio.align(TONE, np.roll(TONE, 100), fs=FS),
        "The delay is beyond the limit that was given": lambda: cn.audio.align(
            MUSIC, late(MUSIC, 2500), fs=FS, max_delay=0.05
        ),
        "They are too short": lambda: cn.audio.align(MUSIC[:300], MUSIC[:300], fs=FS),
        "The clocks of player and recorder differ by 50 ppm": lambda: cn.audio.align(MUSIC, slower(MUSIC, 50), fs=FS),
        "The click at the start was not recorded": lambda: cn.audio.align(
            MUSIC, 1e-3 * NOISE + late(MUSIC, 2 * FS), fs=FS, blips=(0.5,)
        ),
        "A sample of one is NaN": lambda: cn.audio.align(MUSIC, with_nan(MUSIC), fs=FS),
        "Samples are those of a 16 bit file": lambda: cn.audio.align(MUSIC, (30_000 * MUSIC).astype(np.int16), fs=FS),
        "Channels come before time": lambda: cn.audio.align(MUSIC, np.stack([MUSIC, MUSIC]), fs=FS),
        "Lengths differ, where values are identified": lambda: cn.train.identify(CLIPPER, SHORT, SHORT[:-1], fs=FS),
        "The recording is clipped for much of its length": lambda: cn.train.identify(
            CLIPPER, SHORT, np.clip(20 * SHORT, -0.1, 0.1), fs=FS
        ),
        "A component is asked for that is not there": lambda: cn.train.identify(CLIPPER, SHORT, SHORT, fs=FS, fit="C7"),
    },
    "Netlists and knobs": {
        "The file is not there": lambda: cn.read_netlist("pedal.cir"),
        "No source is called Vin": lambda: cn.read_netlist(NETLIST.replace("Vin", "Vguitar")),
        "No node is called out": lambda: cn.read_netlist(NETLIST.replace("out", "speaker")),
        "A node is held by nothing": lambda: cn.read_netlist(NETLIST + "C2 out loose 1n\nC3 loose 0 1n\n"),
        "A value cannot be read": lambda: cn.read_netlist(NETLIST.replace("100n", "hundred")),
        "Something follows a value": lambda: cn.read_netlist(NETLIST.replace("100n", "100 nF?")),
        "A value is beyond any precision": lambda: cn.read_netlist(NETLIST.replace("1k", "1e-300")),
        "A value is beyond single precision": lambda: cn.nodal.NodalModel(
            cn.read_netlist(NETLIST + "D1 out 0 DX\n.model DX D(IS=1e-40)\n")
        ),
        "An expression makes volts of single precision's rounding": lambda: cn.nodal.NodalModel(
            cn.read_netlist(BIASED + "B1 out 0 V={4.5+4*tanh(1e4*(v(a)-v(out)))}\n")
        ).init_carry(),
        "There are several states of rest": lambda: cn.nodal.NodalModel(
            cn.read_netlist(BIASED + "B1 out 0 V={4.5+4*tanh(100*(v(out)-v(a)))}\n")
        ).init_carry(),
        "A component is of no kind that is known": lambda: cn.read_netlist(NETLIST + "Z1 out 0 3\n"),
        "A diode has no model": lambda: cn.read_netlist(NETLIST + "D1 out 0 D1N4148X\n"),
        "Two parts have one name": lambda: cn.read_netlist(NETLIST + "R1 out 0 1k\n"),
        "A knob is misspelt": lambda: cn.circuits.bassman().replace(trebel=0.3),
        "A knob is outside of 0 to 1": lambda: cn.nodal.frequency_response(
            cn.circuits.bassman(), [1e3], controls={"treble": 1.5}
        ),
    },
    "Models and files of models": {
        "The file is not there": lambda: cn.train.restore("klon.npz"),
        "It is no model": lambda: cn.train.restore(text("model.npz", "weights")),
        "It holds Python objects, as a stranger's may": lambda: cn.train.restore(pickled("stranger.npz")),
        "It is damaged": lambda: cn.train.restore(damaged("damaged.npz")),
        "It is another model's": lambda: cn.train.load(
            cn.recurrent.LSTM(2, rngs=nnx.Rngs(0)), of_another_kind("gru.npz")
        ),
        "A path is given in place of a model": lambda: cn.run("klon.npz", SHORT),
        "A circuit is given in place of a model": lambda: cn.run(CLIPPER, SHORT),
        "A class is given in place of a model": lambda: cn.run(cn.recurrent.GRU, SHORT),
        "A network has no random numbers to begin with": lambda: cn.recurrent.GRU(8),
        "A knob is misspelt": lambda: cn.run(network(("gain",)), SHORT, controls={"gian": 0.5}),
        "A sample is NaN": lambda: cn.run(network(), with_nan(SHORT)),
        "A sample is NaN, and the stream is to go on": lambda: cn.run(network(), with_nan(SHORT), recover=True),
        "Double precision is asked for where JAX has single": lambda: cn.nodal.NodalModel(CLIPPER, dtype="float64"),
    },
    "Training": {
        "Input and output have different lengths": lambda: data(SHORT, SHORT[:-5]),
        "Samples are those of a 16 bit file": lambda: data((30_000 * SHORT).astype(np.int16)),
        "A sample of the target is NaN": lambda: data(SHORT, with_nan(SHORT)),
        "Recordings with other knobs are joined": lambda: cn.train.Dataset.join(
            [data(controls={"gain": 0.5}), data(controls={"tone": 0.5})]
        ),
        "The target is silent": lambda: fitted(network(), data(SHORT, np.zeros_like(SHORT))),
        "The recording is 5 ms late": lambda: fitted(network(), data(MUSIC, late(np.tanh(MUSIC), 240))),
        "The interface has clipped": lambda: fitted(network(), data(np.clip(MUSIC, -0.3, 0.3), np.tanh(MUSIC))),
        "The interface has an offset": lambda: fitted(network(), data(MUSIC, np.tanh(MUSIC) + 0.05)),
        "Data do not say their rate": lambda: fitted(network(), cn.train.Dataset(SHORT, np.tanh(SHORT))),
        "The optimiser is a word": lambda: fitted(network(), data(), optimizer="adam"),
        "The regime is a class": lambda: cn.train.fit(network(), data(), cn.train.TruncatedBPTT),
        "Data have a knob that the model has not": lambda: fitted(network(), data(controls={"gain": 0.5})),
        "Data lack the model's knob": lambda: fitted(network(("gain",)), data()),
        "Validation data are at another rate": lambda: fitted(network(), data(), validation=data(fs=44_100)),
        "The network is for another rate": lambda: fitted(network(fs=44_100), data()),
        "The checkpoint is another training's": lambda: [
            fitted(network(), data(), checkpoint="run.npz", optimizer=optax.adam(rate)) for rate in (1e-3, 3e-3)
        ],
        "The recording is too short for the regime": lambda: fitted(network(), data(SHORT[:50])),
        "Teacher forcing without true states": lambda: cn.train.fit(
            cn.recurrent.STN(("C1",), rngs=nnx.Rngs(0)), data(), cn.train.TeacherForcing(64)
        ),
    },
}
