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
# # My recording
#
# Two sound files, what was played into a pedal and what came out: a model of the pedal from them. The command line does
# all of this with `circuitnn train played.wav recorded.wav -o pedal.npz`; here are its steps, to be changed.
#
# To have something to record, a Tube Screamer's drive stage stands in for the pedal, and the recording has the faults
# that real ones have: it comes 37 samples late, upside down, with noise 40 dB below it. With your own files, read them
# in place of the next cell: `x, fs = cn.audio.read("played.wav")`.

# %%
import tempfile

import numpy as np
from IPython.display import Audio

import circuitnn as cn

fs = 44_100
x = cn.audio.guitar(24.0, fs, seed=0)
pedal = cn.nodal.NodalModel(cn.circuits.tube_screamer_clipping(), fs, oversampling=4)
_, y = cn.run(pedal, np.pad(0.5 * x, (0, pedal.latency)))
y = -np.pad(np.asarray(y, float)[pedal.latency :], (37, 0))[: len(x)]
y += 0.01 * np.std(y) * np.random.default_rng(0).standard_normal(len(y))

# %% [markdown]
# ## Checked, put in step, divided
#
# Rate, delay, polarity, clipping, silence, offset, drift of the clocks: what is wrong is told, and what can be mended
# is. The first part is for training, the next chooses the weights, the last decides nothing and tells how good the
# model is.

# %%
take = cn.capture.prepare(x, y, fs=fs)
print(take)
for finding in take.findings:
    print("-", finding)

# %% [markdown]
# ## Trained
#
# A GRU of eight units for a minute. A recipe has the network, its learning rate and the windows it is trained on;
# `gru-16`, `lstm-40`, `wavenet-nano` and others are there, and more epochs help all of them.

# %%
material = cn.capture.Material.of([take])
recipe = cn.capture.recipe("gru-8").fitted_to(1, take.parts["train"].stop, fs)
trainer = cn.capture.Trainer(material.part("train"), material.part("validation"), recipe)
model, history = trainer.fitted(trainer.untrained(), 40)
cn.plot.history(history)

# %% [markdown]
# ## Heard and seen
#
# On the seconds that it never saw. The error-to-signal ratio is the energy of the difference over that of the
# recording; the noise alone leaves 1e-4.

# %%
prediction = material.predicted(model)
recorded, predicted = (np.ravel(signal) for signal in (prediction.target, prediction.y))
print(f"ESR {cn.metrics.esr(predicted, recorded):.2g}")
cn.plot.comparison({"recorded": recorded, "model": predicted}, fs)

# %%
Audio(recorded[: 2 * fs], rate=fs)

# %%
Audio(predicted[: 2 * fs], rate=fs)

# %% [markdown]
# ## Kept, and taken elsewhere
#
# One file, which opens by itself; from it a header of C for a plug-in, or a page with all figures and sounds.

# %%
with tempfile.TemporaryDirectory() as folder:  # in place of one of your own
    cn.train.save(model, f"{folder}/pedal.npz")
    print(cn.train.restore(f"{folder}/pedal.npz"))
# cn.export.c(model, "pedal.h")
# cn.pages.training(model, history, prediction, "report.html")

# %% [markdown]
# With a netlist of the pedal, `cn.train.identify` finds the values of its parts from the same two files, and a network
# learns only what they leave: see the notebook about the measured clipper.
