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
# # A hidden oscillator
#
# A phaser's oscillator cannot be heard in the guitar that goes in. A model that hears only the guitar can be no better
# than the phaser on average ([notebook 06](06_phaser_under_modulation.ipynb)). But a second of what comes *out* tells
# where the oscillator is. With the oscillator in the model's memory, what follows can be played on its own.

# %%
from dataclasses import replace

import numpy as np
import optax
from flax import nnx
from IPython.display import Audio, display

import circuitnn as cn

fs = 48_000
circuit = cn.circuits.phase90()

# %% [markdown]
# Sound and gate voltage through the netlist. Each recording has a rate and a phase of its own.


# %%
def gates(rates, phases, samples):
    turns = np.outer(rates, np.arange(samples) / fs) + np.asarray(phases)[:, None]
    return -2.1 + 0.15 * np.sin(2 * np.pi * turns)


rng = np.random.default_rng(0)
seconds, rates, phases = 4, 0.5 * 6 ** rng.uniform(0, 1, 8), rng.uniform(0, 1, 8)
rates[-1], phases[-1] = 1.3, 0.2  # of the recording that is kept for the test
sound = cn.audio.excitation(8 * seconds, fs, seed=0).reshape(8, -1)
data = cn.train.simulate_dataset(
    circuit,
    sound,
    inputs={"Vlfo": gates(rates, phases, seconds * fs)},
    volts=0.5,
    fs=fs,
    oversampling=2,
    progress=False,
)
train = replace(data, x=data.x[:-1], y=data.y[:-1], states=data.states[:-1], initial=data.initial[:-1])
x, y, gate = data.x[-1, :, 0], data.y[-1, :, 0], data.x[-1, :, 1]

# %% [markdown]
# A state trajectory network is trained with the gate voltage **given**, one step ahead of true states: a short training
# on little sound.

# %%
network = cn.recurrent.STN(
    circuit.state_names,
    hidden=(16, 16),
    in_features=2,
    input_taps=2,
    scaling=cn.recurrent.Scaling.from_data(train.x, train.y, train.states),
    rngs=nnx.Rngs(0),
)


def adam(updates):
    return optax.adam(optax.cosine_decay_schedule(1e-2, updates))


network, history = cn.train.fit(
    network, train, cn.train.TeacherForcing(2048), optimizer=adam, epochs=30, batch=16, progress=False
)
print(f"loss {np.mean(history.loss[-1]):.2g} one step ahead")

# %% [markdown]
# ## The oscillator as memory
#
# `cn.hybrid.Oscillator` passes the sound on and adds a channel with its voltage. Its carry is the phase, as two numbers
# on the unit circle, and how far the rate is from the learnt one. A chain of it and the network is a model of one
# input.

# %%
model = cn.chain(
    lfo=cn.hybrid.Oscillator(fs, rate=1.0, bounds=(0.2, 5), offset=-2.1, depth=0.15),
    phaser=network,
)
context = slice(0, fs)
carry, found = cn.train.synchronise(model, x[context], y[context], rates=(0.3, 3.0), phases=12, refined=1)
print(found)

# %% [markdown]
# What came before is now in the carry: `cn.run` goes on from there, and hears nothing but the guitar. Beside it the
# same network told the true gate voltage, and told the average one.

# %%
ahead = slice(fs, None)
_, free = cn.run(model, x[ahead], carry)
_, both = cn.run(network, np.stack([[x, gate], [x, np.full_like(x, -2.1)]]).swapaxes(1, 2))
told, average = np.asarray(both)[:, ahead, 0]
outputs = {
    "oscillator found": np.asarray(free),
    "gates given": told,
    "gates at their mean": average,
}
for name, played in outputs.items():
    print(f"{name:20s} ESR over 3 s {cn.metrics.esr(played, y[ahead]):.3f}")

# %% [markdown]
# The rate that was found is a hundredth of a hertz off, a few hundredths of a turn in three seconds. So long the
# oscillator is as good as the gate voltage itself. What is left is the network's own error, which is largest against
# the sound where that is quiet, around 0.9 s and 1.9 s.

# %%
starts = np.arange(0, 3, 0.25)
parts = [slice(round(t * fs), round((t + 0.25) * fs)) for t in starts]
cn.plot.curves(
    starts + 0.125,
    {name: [cn.metrics.esr(played[part], y[ahead][part]) for part in parts] for name, played in outputs.items()},
    x="seconds since the last output that was seen",
    y="ESR in 0.25 s",
    log="y",
)

# %%
print("the phaser, then what the model goes on with")
display(Audio(y[ahead], rate=fs), Audio(outputs["oscillator found"], rate=fs))

# %% [markdown]
# A context that does not tell, such as a tenth of a second, is said to be one (`DataWarning`). With longer training, on
# real guitar, and with the circuit itself in the place of the network: `python -m benchmarks.hidden_modulation`, whose
# figures are in the documentation under *Does state matching help?*.
