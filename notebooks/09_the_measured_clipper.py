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
# # The measured clipper
#
# Two 1N4148 back to back, a resistor, a capacitor: a diode clipper on a breadboard, recorded by Chowdhury and Clarke
# ("Emulating diode circuits with differentiable wave digital filters", SMC 2022). What is known of it is little: the
# netlist, its nominal values, and two sound files of 8 bits. How many volts full scale is, nobody has written down.
#
# The files are `diode_dataset/trial_data/listening_audio/input.wav` and `output.wav` in
# [their repository](https://github.com/jatinchowdhury18/differentiable-wdfs) (BSD 3-clause). Put them into a folder
# `clipper-1n4148` beside this notebook; without them a simulated device stands in for the real one, with values and
# faults like those that are found below.

# %%
import tempfile
from pathlib import Path

import numpy as np

import circuitnn as cn
from circuitnn.plot import style

SECONDS = 12
netlist = cn.read_netlist("""Diode clipper of two 1N4148
Vin in 0 DC 0 AC 1
R1 in out 47k
C1 out 0 2.2n
D1 out 0 D1N4148
D2 0 out D1N4148
.model D1N4148 D(IS=2.52n N=1.752)
.end""")


def stand_in(fs):
    """A device with another capacitor, an offset at its input and a coupling at its output, recorded with 8 bits.

    What was played is recorded behind a coupling of its own.
    """
    x = cn.audio.guitar(SECONDS, fs, seed=4)
    box = cn.nodal.NodalModel(netlist.replace(C1=2.51e-9, **{"D1N4148.IS": 3.64e-9}), fs, oversampling=8)
    device = cn.chain(box, cn.filters.HighPass(1.5, fs))
    _, y = cn.run(device, np.pad(4.16 * x - 0.055, (0, device.latency)).astype(np.float32))
    _, lost = cn.run(cn.filters.HighPass(1.8, fs), x.astype(np.float32))
    files = (np.asarray(lost, float), np.asarray(y, float)[device.latency :])
    return tuple(np.round(127 * file) / 128 for file in files)


found = [next(Path("clipper-1n4148").glob(f"{name}.*"), None) for name in ("input", "output")]
if all(found):
    (x, fs), (y, _) = (cn.audio.read(path) for path in found)
    x, y = x[: SECONDS * fs], y[: SECONDS * fs]
else:
    fs = 50_000
    x, y = stand_in(fs)
print("the recording of the real device" if all(found) else "a simulated device", f"{len(x) / fs:.0f} s at {fs} Hz")

# %% [markdown]
# ## The first try
#
# The values of the capacitor and of the diodes, and the volts of full scale where the sound was played. The resistor is
# taken as it is, since voltages in and out do not tell the impedance level, and one in the recording for one volt. The
# last four seconds are held out: the fit does not see them.

# %%
QUICK = {"fs": fs, "held_out": 4.0, "excerpts": 30, "starts": 1, "oversampling": 2, "progress": False}
naive_values, naive = cn.train.identify(netlist, x, y, fit=("C1", "D1.is", "D1.n"), x_gain="fit", **QUICK)
print(naive)

# %% [markdown]
# The capacitor has a standard error of a few percent, and is wrong by twenty: noise is not what is wrong here. What
# gives it away is what the prediction leaves of the recording. The verdict says what would explain it, and by how much
# the values would move; their intervals reach as far as there.

# %%
print(naive.verdict)

# %% [markdown]
# ## What belongs to it
#
# An offset at the input, and a coupling capacitor before the recorder, whose corner is found.

# %%
values, report = cn.train.identify(
    netlist, x, y, fit=("C1", "D1.is", "D1.n"), x_gain="fit", x_offset="fit", output="ac", **QUICK
)
print(report)

# %% [markdown]
# N is far from the 1.75 of a 1N4148, and rightly so: full scale of the recorder is not one volt, and the recording
# tells only N over the volts of full scale. At N = 1.752 all that has volts or amperes in it shrinks with N; R C stays.

# %%
share = 1.752 / values["D1N4148.N"]
print(f"R C = {1e6 * 47e3 * values['C1']:.1f} us")
print(f"at N = 1.752: {share * report['x_gain'].fitted:.2f} V of full scale played, {share:.2f} V recorded")
print(f"offset {1e3 * share * report['x_offset'].fitted:.0f} mV, IS = {1e9 * share * values['D1N4148.IS']:.2f} nA")

# %%
with style.context():
    figure, axes = style.panels(size=(style.WIDTH, 2.4))
    panel = axes[0, 0]
    for place, (colour, row) in enumerate(((style.VERMILION, naive["C1"]), (style.BLUE, report["C1"]))):
        ends = 1e9 * np.array(row.interval)
        panel.plot(ends, [place, place], color=colour, linewidth=6, alpha=0.5, solid_capstyle="butt")
        panel.plot(1e9 * row.fitted, place, "o", color=colour)
    panel.axvline(2.51, color=style.INK, linewidth=1)
    panel.annotate("an independent fit", (2.51, 0.5), (5, 0), textcoords="offset points", va="center")
    panel.set_yticks([0, 1], ["first try", "all of it"])
    panel.set(ylim=(1.6, -0.6), xlabel="C1 in nF, with its 95 % interval")
    style.title(figure, "What is missing widens the interval, as far as to the right answer")
figure

# %% [markdown]
# ## On seconds that it has not seen
#
# The last four seconds: recording, prediction, and how far the prediction is from the recording, beside one step of the
# 8-bit converter; FS is full scale. (The independent fit, 2.51 nF by another program, lies one percent below ours. The
# interval has it: it reaches to where the capacitor would move were what is still missing allowed for.)

# %%
unseen = slice(len(x) - 4 * fs, len(x))
predictions = {"first try": naive.predict(x), "all of it": report.predict(x)}
for name, predicted in predictions.items():
    rest = (y - predicted)[unseen]
    print(f"{name}: ESR {np.sum((rest - rest.mean()) ** 2) / np.sum((y[unseen] - y[unseen].mean()) ** 2):.2e}")

figure = cn.plot.waveforms(
    {"recording": y[unseen]} | {name: predicted[unseen] for name, predicted in predictions.items()},
    fs,
    unit="FS",
    title="What is left of the recording is as large as one step of the converter, the band",
)
step = np.diff(np.unique(y)).max()
figure.axes[1].axhspan(-0.5 * step, 0.5 * step, color=style.INK, alpha=0.15)
figure

# %% [markdown]
# ## What nobody had told
#
# The verdict on the second report names one thing more: lows that x has lost. The file of what was played has been
# recorded through a coupling capacitor that the clipper has not heard. `input="lost"` undoes it.

# %%
print(report.verdict)

# %%
final_values, final = cn.train.identify(
    netlist, x, y, fit=("C1", "D1.is", "D1.n"), x_gain="fit", x_offset="fit", output="ac", input="lost", **QUICK
)
print(final)
for name, each in (("first try", naive), ("all of it", report), ("with its lows", final)):
    print(f"{name}: ESR of the last four seconds {each.esr_held_out:.2e}")

# %% [markdown]
# ## Played and taken away
#
# `report.model` is the whole chain, scales, offset, coupling and circuit, as one model of the library: it plays, it is
# saved, and it leaves Python. The report is a page, too, which needs nothing but itself.

# %%
guitar = cn.audio.guitar(3.0, fs, seed=1)
_, heard = cn.run(report.model, guitar.astype(np.float32))
print(report.model)
print(f"played: {np.abs(heard).max():.2f} of full scale at most")

# %%
with tempfile.TemporaryDirectory() as folder:
    cn.train.save(report.model, f"{folder}/clipper.npz")
    again = cn.train.restore(f"{folder}/clipper.npz")
    cn.export.c(again, f"{folder}/clipper.h")
    page = cn.pages.identification(
        report, x, y, f"{folder}/clipper.html", title="The measured clipper", unit="full scale"
    )
    print(f"clipper.html: {page.stat().st_size / 1e3:.0f} kB")

# %% [markdown]
# The same from a shell:
#
# ```sh
# circuitnn identify clipper.cir input.wav output.wav --fit C1,D1.IS,D1.N --x-gain fit --x-offset fit \
#     --output-coupling ac --held-out 4 -o clipper.html --save clipper.npz
# circuitnn run clipper.npz guitar.wav out.wav
# ```
