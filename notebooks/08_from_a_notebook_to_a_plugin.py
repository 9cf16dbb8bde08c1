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
# # From a notebook to a plug-in
#
# The clipping stage of a Tube Screamer, from its netlist, as one header of C: the text that a plug-in or a pedal
# includes. Here it is compiled into the small program that comes with it, and its sound is laid over that of Python.

# %%
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from flax import nnx
from IPython.display import Audio, display

import circuitnn as cn

fs, volts = 48_000, 0.3
folder = Path(tempfile.mkdtemp())
model = cn.nodal.NodalModel(cn.circuits.tube_screamer_clipping(), fs, dtype=np.float32)
header = cn.export.c(model, folder / "drive.h", main=True)
print("\n".join(header.read_text().splitlines()[:20]))

# %% [markdown]
# ## The same sound
#
# `cc -O2 drive_main.c -lm -o drive`, then a guitar goes through it with the knob `drive` at 0.8. Python does the same.

# %%
compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
x = 0.5 * cn.audio.guitar(4.0, fs, seed=2).astype(np.float32)
cn.audio.write(folder / "guitar.wav", x, fs)
y = np.asarray(cn.run(model, volts * x, controls={"drive": 0.8})[1]) / volts
y_c = y  # without a compiler there is nothing to see
if compiler:
    subprocess.run([compiler, "-O2", "drive_main.c", "-lm", "-o", "drive"], cwd=folder, check=True)
    command = [str(folder / "drive"), "guitar.wav", "out.wav", "--volts", str(volts), "drive=0.8"]
    print(subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout)
    y_c = cn.audio.read(folder / "out.wav")[0]
print(f"largest difference: {np.abs(y - y_c).max() / np.abs(y).max():.1e} of the peak, in single precision")

# %%
both = {"Python": volts * y, "the exported C": volts * y_c}
cn.plot.waveforms(both, fs, title="The exported C lies on the model")

# %% [markdown]
# ## A knob that moves
#
# A plug-in hears of a knob once a block. A sine goes through a tone stack, with the treble going from 0.1 to 0.9 in a
# quarter of a second. How rough the output is, its largest second difference in each block says. Blocks of 512 samples
# make steps. With `frame=1` they are taken as they come, and each is a click; the header goes from each to the next in
# a straight line over a control frame of 32 samples.

# %%
x = np.sin(2 * np.pi * 220 * np.arange(fs // 4) / fs).astype(np.float32)
cn.audio.write(folder / "sine.wav", x, fs)
stack = cn.nodal.NodalModel(cn.circuits.bassman(), fs)


def swept(frame):
    """What the exported tone stack makes of the sine while the treble is turned."""
    if not compiler:
        return np.asarray(cn.run(stack, x, controls={"treble": np.linspace(0.1, 0.9, len(x))})[1])
    cn.export.c(stack, folder / "stack.h", frame=frame, main=True)
    subprocess.run([compiler, "-O1", "stack_main.c", "-lm", "-o", "stack"], cwd=folder, check=True)
    command = [str(folder / "stack"), "sine.wav", "out.wav", "treble=0.1:0.9", "--block", "512"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return cn.audio.read(folder / "out.wav")[0]


lines = {frame: swept(frame) for frame in (1, 32)}
blocks = len(x) // 512


def roughness(line):
    return np.max(np.abs(np.diff(line, 2))[: 512 * blocks].reshape(blocks, 512), axis=1)


cn.plot.curves(
    1e3 * 512 * np.arange(blocks) / fs,
    {f"frame={frame}": 1e3 * roughness(line) for frame, line in lines.items()},
    x="time in ms",
    y="second difference in mV",
    title="Steps of a knob click at once, and not over a control frame",
)

# %% [markdown]
# ## Networks, and rates
#
# Networks go the same way, and so do whole pedals. Three networks of three positions of a gain knob are one model with
# that knob; a host at another rate gets another header.

# %%
networks = [cn.recurrent.GRU(8, fs=fs, rngs=nnx.Rngs(seed)) for seed in range(3)]  # trained, in earnest
pedal = cn.chain(gain=cn.hybrid.crossfade(*networks, knob="gain"), level=cn.hybrid.Gain(0.5))
for rate in (48_000, 96_000):
    header = cn.export.c(pedal, folder / f"pedal_{rate}.h", fs=rate)
    print(f"{header.name}: {header.stat().st_size / 1000:.0f} kB, {cn.resampled(pedal, rate).latency} samples late")
display(Audio(volts * y[: 3 * fs : 2], rate=fs // 2, normalize=False))
