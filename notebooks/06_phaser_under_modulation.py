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
# # A phaser under modulation
#
# A phaser pedal is four all-pass filters in a row. An oscillator moves the gates of four transistors, and with them the
# notches that the ear follows. To a model that hears only the guitar, the oscillator is **hidden**: the same note comes
# out differently each time. Does it help such a model to have the circuit's own states?

# %%
from dataclasses import replace

import numpy as np
import optax
from flax import nnx
from IPython.display import Audio, display

import circuitnn as cn

fs = 48_000
circuit = cn.circuits.phase90()
print(circuit.inputs, circuit.state_names)

# %% [markdown]
# The gate voltage is the second input, `Vlfo`. Small signals show what it does:

# %%
from_guitar = replace(circuit, inputs=circuit.inputs[:1])
still = {f"gates at {gate} V": from_guitar.replace(Vlfo=gate) for gate in (-2.25, -2.1, -1.95)}
cn.plot.response(still, title="A higher gate voltage moves the notches up")

# %% [markdown]
# `simulate_dataset` plays sound and oscillator through the netlist and keeps the voltages of the four capacitors. Eight
# recordings are simulated side by side, each with a rate and phase of its own.


# %%
def simulated(seed, seconds, recordings):
    rng = np.random.default_rng(seed)
    sound = cn.audio.excitation(seconds, fs, seed=seed).reshape(recordings, -1)
    time = np.arange(sound.shape[1]) / fs
    rate, phase = rng.uniform(0.5, 3, (recordings, 1)), rng.uniform(0, 1, (recordings, 1))
    gates = -2.1 + 0.15 * np.sin(2 * np.pi * (rate * time + phase))
    return cn.train.simulate_dataset(
        circuit, sound, inputs={"Vlfo": gates}, volts=0.5, fs=fs, oversampling=2, progress=False
    )


train, test = simulated(0, 16, 8), simulated(1, 4, 1)
print("the guitar, and what comes out of the phaser")
display(Audio(test.x[0, : 2 * fs, 0], rate=fs), Audio(test.y[0, : 2 * fs, 0], rate=fs))

# %% [markdown]
# Three models with about as many numbers each: a GRU that is given the oscillator, one that is not, and a GRU whose
# hidden state also has to show the four capacitor voltages, from which the oscillator can be guessed.

# %%
given = {"train": train, "test": test}
hidden = {part: replace(data, x=data.x[..., :1]) for part, data in given.items()}


def scaling(data):
    return cn.recurrent.Scaling.from_data(data.x, data.y, data.states)


models = {
    "GRU, oscillator given": cn.recurrent.GRU(16, in_features=2, scaling=scaling(train), rngs=nnx.Rngs(0)),
    "GRU, oscillator hidden": cn.recurrent.GRU(16, scaling=scaling(hidden["train"]), rngs=nnx.Rngs(0)),
    "state-matched GRU, oscillator hidden": cn.recurrent.StateMatchedGRU(
        circuit.state_names, hidden=16, mapping="readout", scaling=scaling(hidden["train"]), rngs=nnx.Rngs(0)
    ),
}
regime = cn.train.TruncatedBPTT(length=2048, warmup=1000)
outputs = {}
for name, model in models.items():
    data = given if "given" in name else hidden
    fitted, history = cn.train.fit(
        model, data["train"], regime, optimizer=optax.adam(1e-2), epochs=25, batch=16, progress=False
    )
    models[name] = fitted
    outputs[name] = np.asarray(cn.run(fitted, data["test"].x[0])[1])[:, 0]
    error = cn.metrics.esr(outputs[name][fs // 2 :], test.y[0, fs // 2 :, 0])
    print(f"{name:38s} ESR {error:.3f}, {sum(history.seconds):.0f} s of training")

# %% [markdown]
# Without the oscillator, each model settles for a phaser that stands somewhere in between. So does what the
# state-matched GRU believes about the last capacitor:

# %%
matched = models["state-matched GRU, oscillator hidden"]
_, _, states = cn.trace(matched, hidden["test"].x[0])
believed = {"C4 in the circuit": test.states[0, :, 3], "C4 in the state-matched GRU": states[:, 3]}
cn.plot.waveforms(believed, fs, start=2, seconds=0.025)

# %%
for name, y in outputs.items():
    print(name)
    display(Audio(y[: 2 * fs], rate=fs))

# %% [markdown]
# One seed of one model is an anecdote. In the study (`make state-matching`, ten seeds, real guitar) all models that
# are not given the oscillator come to an ESR of 0.53 to 0.54, state-matched or not; given it, a plain and a
# state-matched GRU are at 0.007 and 0.006. From the input alone nobody can know where the oscillator is. After a second
# in which the output is heard as well one can: `10_a_hidden_oscillator`.
