# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The Klon Centaur, with a network inside
#
# A pedal is a chain of circuits. Here it is the Klon Centaur (Chowdhury 2020, arXiv 2009.02833), whole, from its
# netlists. Then a small recurrent network takes the place of its gain stage, the knobs still live, and at last a
# capacitor of the tone control is found from what is heard at the output.

# %%
import dataclasses

import numpy as np
import optax
from flax import nnx
from IPython.display import Audio, display

import circuitnn as cn

fs = 48_000
pedal = cn.hybrid.klon(fs)
print("knobs:", dict(pedal.controls))
print("parts:", ", ".join(pedal.names))
print(pedal["gain_stage"])

# %% [markdown]
# The guitar is made here, of plucked strings, at the level of a passive pickup. Three positions of the gain knob are a
# batch.

# %%
guitar = 0.5 * cn.audio.guitar(2, fs, seed=1)
gains = np.array([0.1, 0.5, 0.9])
_, y = cn.run(pedal, np.tile(guitar[:, None], (3, 1, 1)), controls={"gain": gains[:, None]})
print("guitar")
display(Audio(guitar, rate=fs))
for gain, one in zip(gains, np.asarray(y[..., 0]), strict=True):
    print(f"gain {gain}")
    display(Audio(one, rate=fs))

# %%
heard = {"guitar": guitar} | {f"gain {gain}": one for gain, one in zip(gains, y, strict=True)}
cn.plot.waveforms(heard, fs, difference=False)

# %% [markdown]
# ## Three ways around
#
# Behind the buffer the signal goes three ways: past the amplifier through two networks, and through amplifier and
# diodes. The summing amplifier adds their currents. The gain control is ganged, and turns in all of them: with more
# drive there is less of the clean middle and treble. At 0 nothing reaches the amplifier. Outputs of a circuit may be
# currents.

# %%
stage = cn.circuits.klon_gain_stage()
ways = cn.nodal.NodalModel(dataclasses.replace(stage, outputs=("i(R19)", "i(R16)", "i(R17)", "i(R18)")), fs)
turns = np.linspace(0, 1, 21)
note = np.tile(0.2 * np.sin(2 * np.pi * 440 * np.arange(4800) / fs)[:, None], (len(turns), 1, 1))
lows, driven, *others = np.moveaxis(np.asarray(cn.run(ways, note, controls={"gain": turns[:, None]})[1]), -1, 0)
currents = {
    "clean lows, R19": lows,
    "amplifier and diodes, R16": driven,
    "clean middle and treble, R17 and R18": sum(others),
}
cn.plot.curves(
    turns,
    {name: 1e6 * np.sqrt(np.mean(current[:, 2400:] ** 2, axis=1)) for name, current in currents.items()},
    x="gain knob",
    y="r.m.s. current in µA",
    title="With more gain there is more of the amplifier and less around it",
)

# %% [markdown]
# ## A network for the gain stage
#
# A gated recurrent unit of 8 units with a linear read-out learns what amplifiers, diodes and the ways around them do,
# from eight seconds of guitar at five gains. The knob is a further input. So short a training does not make it
# perfect; the page *Hybrids* has the errors after some minutes.

# %%
train = 0.5 * cn.audio.guitar(8, fs, seed=2)
knob = np.linspace(0, 1, 5)[:, None]
_, volts = cn.run(pedal["gain_stage"], np.tile(train[:, None], (5, 1, 1)), controls={"gain": knob})
data = cn.train.Dataset(np.tile(train[:, None], (5, 1, 1)), volts, controls={"gain": knob}, fs=fs)
scaling = cn.recurrent.Scaling.from_data(data.x, data.y)
network = cn.recurrent.GRU(8, controls=("gain",), scaling=scaling, rngs=nnx.Rngs(0))
network, history = cn.train.fit(
    network,
    data,
    cn.train.TruncatedBPTT(2048, warmup=2048, blocks=4),
    optimizer=lambda updates: optax.adam(optax.cosine_decay_schedule(1e-2, updates)),
    epochs=20,
    batch=20,
    progress=False,
)
print(
    f"{history.updates} updates in {sum(history.seconds):.0f} s, error (ESR) of the last epoch {history.loss[-1]:.3f}"
)

# %% [markdown]
# In the pedal it stands where the circuits stood. All three knobs are those of the pedal.

# %%
hybrid = cn.hybrid.klon(fs, gain_stage=network)
_, imitated = cn.run(hybrid, np.tile(guitar[:, None], (3, 1, 1)), controls={"gain": gains[:, None]})
for gain, true, one in zip(gains, np.asarray(y), np.asarray(imitated), strict=True):
    print(f"gain {gain}: ESR of the whole pedal {float(cn.losses.esr(one, true)):.4f}")
print("gain 0.5, with the network")
display(Audio(np.asarray(imitated[1, :, 0]), rate=fs))

# %%
cn.plot.comparison({"circuits": y[1], "network inside": imitated[1]}, fs, title="Gain 0.5")

# %% [markdown]
# ## A capacitor, from what is heard at the end
#
# Somebody's pedal has 5.6 nF in its tone control and not 3.9 nF. The network is frozen, and so is everything else but
# this capacitor; the target is the output of the other pedal.

# %%
excitation = 0.3 * cn.audio.noise_bursts(2, fs, seed=3)
other = cn.hybrid.klon(fs, gain_stage=network)
tone = cn.nodal.NodalModel(cn.circuits.klon_tone().replace(C14=5.6e-9), fs)
other = cn.chain(buffer=other["buffer"], gain_stage=other["gain_stage"], tone=tone, output=other["output"])
_, heard = cn.run(other, excitation)
ours = cn.hybrid.klon(fs, gain_stage=network, trainable={"tone": ["C14"]})
learnt, history = cn.train.fit(
    ours,
    cn.train.Dataset(excitation, np.asarray(heard), controls=ours.controls, fs=fs),
    cn.train.TruncatedBPTT(2048, warmup=2048, blocks=4),
    optimizer=cn.train.per_part({"tone": lambda n: optax.adam(optax.cosine_decay_schedule(0.05, n))}, default=None),
    epochs=15,
    batch=4,
    progress=False,
)
found = 1e9 * float(learnt["tone"].circuit["C14"].value)
print(f"C14: 3.9 nF at first, {found:.2f} nF now, 5.60 nF in the other pedal; {history.updates} updates")
