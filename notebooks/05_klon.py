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

import matplotlib.pyplot as plt
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
colors = ["#0072B2", "#E69F00", "#D55E00"]
start = int(np.argmax(np.abs(guitar))) - 200
part = slice(max(0, start), max(0, start) + 900)
time = 1e3 * np.arange(part.stop - part.start) / fs
figure, panel = plt.subplots(figsize=(8, 2.8), layout="constrained")
panel.plot(time, guitar[part], color="0.6", label="guitar")
for gain, one, color in zip(gains, np.asarray(y[..., 0]), colors, strict=True):
    panel.plot(time, one[part], color=color, linewidth=1.2, label=f"gain {gain}")
panel.set(xlabel="time in ms", ylabel="volts")
figure.legend(loc="outside upper right", ncols=4)
plt.show()

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
figure, panel = plt.subplots(figsize=(8, 2.8), layout="constrained")
lows, driven, *others = np.moveaxis(np.asarray(cn.run(ways, note, controls={"gain": turns[:, None]})[1]), -1, 0)
currents = {
    "clean lows, R19": lows,
    "amplifier and diodes, R16": driven,
    "clean middle and treble, R17 and R18": sum(others),
}
for (title, current), color in zip(currents.items(), ("#009E73", "#D55E00", "#0072B2"), strict=True):
    panel.plot(turns, 1e6 * np.sqrt(np.mean(current[:, 2400:] ** 2, axis=1)), color=color, label=title)
panel.set(xlabel="gain knob", ylabel="rms current in µA", xlim=(0, 1), ylim=(0, None))
panel.grid(color="0.9")
panel.legend()
plt.show()

# %% [markdown]
# ## A network for the gain stage
#
# A gated recurrent unit of 8 units with a linear read-out learns what amplifiers, diodes and the ways around them do,
# from eight seconds of guitar at five gains. The knob is a further input. Half a minute of training does not make it
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
figure, axes = plt.subplots(1, 3, figsize=(9.5, 2.6), layout="constrained", sharex=True)
for panel, gain, true, one in zip(axes, gains, np.asarray(y), np.asarray(imitated), strict=True):
    panel.plot(time[:450], true[part, 0][:450], color="0.6", linewidth=3, label="circuits")
    panel.plot(time[:450], one[part, 0][:450], color="#0072B2", linewidth=1, label="network inside")
    panel.set(title=f"gain {gain}", xlabel="time in ms")
axes[0].set_ylabel("volts")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper")
plt.show()

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
