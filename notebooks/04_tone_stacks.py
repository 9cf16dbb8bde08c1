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

import matplotlib.pyplot as plt
import numpy as np

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
TICKS = [20, 100, 1e3, 1e4], ["20", "100", "1k", "10k"]


def over_frequency(panel, **texts):
    panel.set(xscale="log", xlim=(20, 20e3), **texts)
    panel.set_xticks(*TICKS)
    panel.minorticks_off()
    panel.grid(color="0.92")
    panel.set_axisbelow(True)


freqs = report.unseen.freqs
positions, target, found = report.family["tone"]
colors = plt.colormaps["viridis"](0.8 * positions)
figure, (above, below) = plt.subplots(2, 1, figsize=(7.5, 5), layout="constrained", sharex=True, height_ratios=(3, 1))
for position, wanted, curve, color in zip(positions, target, found, colors, strict=True):
    above.plot(freqs, wanted, color=color, linewidth=6, alpha=0.3)
    above.plot(freqs, curve, color=color, linewidth=1.2)
    above.annotate(
        f"{position:g}", (freqs[-1], curve[-1]), (4, 0), textcoords="offset points", va="center", color=color
    )
    below.plot(freqs, curve - wanted, color=color, linewidth=1.2)
largest = np.max(np.abs(found - target))
above.set_title(f"At five positions, the filter is within {largest:.2f} dB of the circuit", loc="left")
above.annotate("tone", (1, 1.02), xycoords="axes fraction")
over_frequency(above, ylabel="gain in dB\nbroad: circuit, thin: filter")
over_frequency(below, ylabel="error in dB", xlabel="frequency in Hz")
plt.show()

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


def level(y, window=fs // 25):
    """In dB, over 40 ms each."""
    return 10 * np.log10(np.mean(np.reshape(y, (-1, window)) ** 2, axis=1))


knob = 0.5 - 0.5 * np.cos(2 * np.pi * 0.5 * time)
y, exact = both(knob)
ratio = 10 * np.log10(np.sum((y - exact) ** 2) / np.sum(exact**2))
middle = time[fs // 50 :: fs // 25]
figure, (above, below) = plt.subplots(2, 1, figsize=(7.5, 4.4), layout="constrained", sharex=True, height_ratios=(1, 3))
above.set_title(f"While the knob turns, the difference is {-ratio:.0f} dB below the sound", loc="left")
above.plot(time, knob, color="#D55E00")
above.set(ylabel="tone", ylim=(-0.1, 1.1), yticks=(0, 1))
below.plot(middle, level(exact), color="0.75", linewidth=6)
below.plot(middle, level(y), color="#0072B2", linewidth=1.2)
below.plot(middle, level(y - exact), color="#CC79A7")
below.annotate(
    "circuit (broad)\nfilter (thin)", (2.02, level(y)[-1]), va="center", color="#0072B2", annotation_clip=False
)
below.annotate("their difference", (2.02, level(y - exact)[-1]), va="center", color="#CC79A7", annotation_clip=False)
below.set(xlabel="time in s", ylabel="level in dB re 1 V", xlim=(0, 2))
for panel in (above, below):
    panel.grid(color="0.92")
plt.show()

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
    "direct form": (direct, "#D55E00"),
    "state variable": (dataclasses.replace(direct, structure="state variable"), "#009E73"),
    "coupled form": (coupled, "#0072B2"),
}

# %%
figure, panel = plt.subplots(figsize=(7.5, 3.4), layout="constrained")
for name, (form, color) in forms.items():
    _, y = form.filtered(form.at_rest(), np.eye(1, len(n))[0])
    envelope = np.max(np.abs(np.reshape(y, (-1, 16))), axis=1)
    panel.semilogy(1e3 * n[::16] / fs, envelope, color=color)
    shift = 7 if name == "state variable" else -7 if name == "coupled form" else 0
    panel.annotate(
        name, (1e3 * n[-1] / fs, envelope[-1]), (6, shift), textcoords="offset points", va="center", color=color
    )
panel.set_title("Two stable filters in turn: direct form grows without end, the others die away", loc="left")
panel.set(
    xlabel="time after an impulse of 1 V in ms", ylabel="largest output in 16 samples, V", xlim=(0, 1e3 * n[-1] / fs)
)
panel.grid(color="0.92")
plt.show()

# %% [markdown]
# ## Other sample rates
#
# `model.at(rate)` keeps the poles where they are in hertz and fits the outputs anew. Nothing is trained.

# %%
settings = np.linspace(0, 1, 101)[:, None]
exact = np.abs(cn.nodal.frequency_response(circuit, freqs, controls={"tone": settings}))
figure, panel = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
styles = {
    48_000: ("0.75", 6, "-"),
    44_100: ("#D55E00", 1.4, "-"),
    96_000: ("#0072B2", 1.4, "-"),
    192_000: ("k", 1.2, ":"),
}
for rate, (color, width, dashes) in styles.items():
    h = np.abs(model.at(rate).frequency_response(freqs, controls={"tone": settings}))
    error = np.max(np.abs(20 * np.log10(h / exact)), axis=0)
    label = f"{rate / 1e3:g} kHz" + ", as fitted" * (rate == fs)
    panel.semilogy(freqs, error, color=color, linewidth=width, linestyle=dashes, label=label)
panel.legend(title="sample rate", loc="upper left")
panel.set_title("At other rates the filter is nearly as close to the circuit as at its own", loc="left")
over_frequency(panel, xlabel="frequency in Hz", ylabel="largest error in dB,\n101 positions", ylim=(1e-4, 1))
plt.show()

# %% [markdown]
# ## Turn it
#
# In Jupyter, with `pip install ipywidgets`, this is a slider; without it, a picture for one position.


# %%
def draw(tone=0.3):
    h = model.frequency_response(freqs, controls={"tone": tone})
    exact = cn.nodal.frequency_response(circuit, freqs, controls={"tone": tone})
    _, panel = plt.subplots(figsize=(7.5, 3), layout="constrained")
    panel.plot(freqs, 20 * np.log10(np.abs(exact)), color="0.75", linewidth=6)
    panel.plot(freqs, 20 * np.log10(np.abs(h)), color="#0072B2")
    panel.set_title(f"tone = {tone:.2f} (broad: circuit, thin: filter)", loc="left")
    over_frequency(panel, xlabel="frequency in Hz", ylabel="gain in dB", ylim=(-40, 0))
    plt.show()


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
