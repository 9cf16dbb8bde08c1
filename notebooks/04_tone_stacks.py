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
# # A filter that follows a tone control
#
# `cn.train.fit_tone_stack` finds a small network that turns the position of each knob into the numbers of a filter
# (Sinjanakhom et al. 2024). Here it learns the tone control of the Big Muff: a low-pass and a high-pass, and a
# potentiometer that goes from one to the other.

# %%
import dataclasses

import numpy as np
from IPython.display import display

import circuitnn as cn

fs = 48_000
circuit = cn.circuits.big_muff_tone()  # or cn.read_netlist("my.cir"), or a folder of measured responses
model, report = cn.train.fit_tone_stack(circuit, fs=fs, schedule=(2000, 25), progress=False)
print(report)

# %% [markdown]
# The schedule is half of the usual one, to be quick. The settings of the report are random ones that were not fitted,
# and both ends of the knob.
#
# ## The family of curves

# %%
freqs = report.unseen.freqs
positions, target, found = report.family["tone"]
largest = np.max(np.abs(found - target))
cn.plot.response(
    {"circuit": circuit, "filter": model},
    "tone",
    positions=positions,
    title=f"At five positions, the filter is within {largest:.2f} dB of the circuit",
)

# %%
errors = {f"tone at {position:g}": error for position, error in zip(positions, found - target, strict=True)}
cn.plot.curves(freqs, errors, x="frequency in Hz", y="error in dB", log="x")

# %% [markdown]
# ## A knob that moves
#
# Two seconds of plucked strings while the knob goes from end to end and back, with a position for each sample. The
# circuit itself, as a nodal model, gets the same.

# %%
x = cn.audio.guitar(2.0, fs, seed=4)
time = np.arange(len(x)) / fs
nodal = cn.nodal.NodalModel(circuit, fs)


def both(knob):
    return [np.asarray(cn.run(each, x, controls={"tone": knob})[1]) for each in (model, nodal)]


knob = 0.5 - 0.5 * np.cos(2 * np.pi * 0.5 * time)
y, exact = both(knob)
ratio = 10 * np.log10(np.sum((y - exact) ** 2) / np.sum(exact**2))
cn.plot.waveforms(
    {"circuit": exact, "filter": y},
    fs,
    start=0,
    seconds=2,
    controls={"tone": knob},
    title=f"While the knob turns, the difference is {-ratio:.0f} dB below the sound",
)

# %% [markdown]
# What is left is an error of phase, as with a knob that stays: magnitudes are what is fitted first. The states of the
# filter are not the voltages of the capacitors, though. When a knob moves as fast as the sound, the two differ.

# %%
lines = []
for rate in (0, 1, 10, 100, 1000):
    y, exact = both(0.5 - 0.5 * np.cos(2 * np.pi * rate * time) if rate else 0.5)
    ratio = 10 * np.log10(np.sum((y - exact) ** 2) / np.sum(exact**2))
    lines.append(f"a knob that {f'goes to and fro at {rate} Hz' if rate else 'stays'}: difference {ratio:.0f} dB")
print("\n".join(lines))

# %% [markdown]
# ## Stable, however the knob moves
#
# A position at random for each sample, and one end or the other at random. Whatever the knob does, the output keeps
# below a bound, which the page on neural tone stacks derives.

# %%
random = np.random.default_rng(0)
noise = random.uniform(-1, 1, 10 * fs)
moves = {"anywhere": random.uniform(size=10 * fs), "end or end": random.integers(0, 2, 10 * fs).astype(float)}
form = model.form(np.linspace(0, 1, 1001)[:, None])  # the numbers at all positions: share (1001, blocks, 2), ...
peaks = {name: np.max(np.abs(cn.run(model, noise, controls={"tone": knob})[1])) for name, knob in moves.items()}
print(
    f"bound for an input of at most 1 V: {form.bound():.3g} V\n"
    + "\n".join(f"knob {name}: at most {peak:.2f} V" for name, peak in peaks.items())
)

# %% [markdown]
# This is no matter of course. Here is a low-pass that goes between 500 Hz and 2 kHz (Q = 5) after every eight samples.
# Each of the two is stable. In direct form their alternation is not.

# %%
n = np.arange(2000)
freq = np.where(n // 8 % 2, 2000.0, 500.0)
angle, radius = 2 * np.pi * freq / fs, np.exp(-np.pi * freq / (5 * fs))
below = np.stack([2 - 2 * radius * np.cos(angle), 1 - 2 * radius * np.cos(angle) + radius**2], axis=-1)
direct = cn.filters.Biquads(below[:, 1:] / 4, np.full((len(n), 1, 2), 4.0), below[:, None], order=2)
share = np.stack([1 - radius, 1 - radius], axis=-1)
coupled = cn.filters.Coupled(angle[:, None], share[:, None], np.ones((len(n), 1, 2)), np.zeros(len(n)), order=2)
forms = {
    "direct form": direct,
    "state variable": dataclasses.replace(direct, structure="state variable"),
    "coupled form": coupled,
}

# %%
answers = {name: form.filtered(form.at_rest(), np.eye(1, len(n))[0])[1] for name, form in forms.items()}
cn.plot.curves(
    1e3 * n[::16] / fs,
    {name: np.max(np.abs(np.reshape(y, (-1, 16))), axis=1) for name, y in answers.items()},
    x="time after an impulse of 1 V in ms",
    y="largest output in 16 samples, V",
    log="y",
    title="Two stable filters in turn: direct form grows without end, the others die away",
)

# %% [markdown]
# ## Other sample rates
#
# `model.at(rate)` keeps the poles where they are in hertz and fits the outputs anew. Nothing is trained.

# %%
settings = np.linspace(0, 1, 101)[:, None]
exact = np.abs(cn.nodal.frequency_response(circuit, freqs, controls={"tone": settings}))
largest = {}
for rate in (48_000, 44_100, 96_000, 192_000):
    h = np.abs(model.at(rate).frequency_response(freqs, controls={"tone": settings}))
    largest[f"{rate / 1e3:g} kHz" + ", as fitted" * (rate == fs)] = np.max(np.abs(20 * np.log10(h / exact)), axis=0)
cn.plot.curves(
    freqs,
    largest,
    x="frequency in Hz",
    y="largest error in dB, 101 positions",
    log="xy",
    title="At other rates the filter is nearly as close to the circuit as at its own",
)

# %% [markdown]
# ## Turn it
#
# In Jupyter, with `pip install ipywidgets`, this is a slider; without it, a picture for one position.


# %%
def draw(tone=0.3):
    figure = cn.plot.response({"circuit": circuit, "filter": model}, controls={"tone": tone}, title=f"tone {tone:.2f}")
    figure.axes[0].set_ylim(-40, 0)
    display(figure)


try:
    import ipywidgets
except ModuleNotFoundError:
    draw()
else:
    ipywidgets.interact(draw, tone=ipywidgets.FloatSlider(0.3, min=0, max=1, step=0.01, description="tone"))

# %% [markdown]
# `cn.train.save(model, "muff.npz")` keeps the filter, `cn.train.restore("muff.npz")` brings it back, and `circuitnn run
# muff.npz guitar.wav out.wav --knob tone=0.3` plays through it. Equations and proofs are on the page *Neural tone
# stacks*.
