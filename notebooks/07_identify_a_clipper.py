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
# # Which components are in that box?
#
# A diode clipper, its netlist, and two recordings: what was played into it and what came out. `cn.train.identify` finds
# the values of the components, and where the recorder has moved or turned the recording.
#
# In place of a recording: another clipper than the netlist says, run at eight times the rate (which the model that is
# fitted is not), 7.3 samples late, upside down, with noise 40 dB below the signal.

# %%
import numpy as np
from IPython.display import Audio, display

import circuitnn as cn

fs = 48_000
netlist = cn.circuits.diode_clipper()  # nominal: 2.2k, 10n, IS 2.52n, N 1.752
box = netlist.replace(C1=13e-9, **{"DCLIP.IS": 5e-9, "DCLIP.N": 1.6})

x = 4.5 * cn.audio.guitar(6.0, fs, seed=1)  # volts; or cn.audio.read("played.wav"), times the volts of full scale
model = cn.nodal.NodalModel(box, fs, oversampling=8, dtype=np.float32)
clean = np.asarray(cn.run(model, np.pad(x, (0, model.latency)).astype(np.float32))[1], float)[model.latency :]

late = np.fft.irfft(np.fft.rfft(clean) * np.exp(-2j * np.pi * np.fft.rfftfreq(len(clean)) * 7.3), len(clean))
noise = 0.01 * clean.std() * np.random.default_rng(0).standard_normal(len(clean))
y = -late + noise

# %% [markdown]
# ## Against the input
#
# `cn.audio.align` says how one recording lies to another one. The clipper has a delay of its own, a low-pass of 2.2k
# and 13n, and clipping has a phase too: against its input the recording seems to be later than the recorder made it.

# %%
print(cn.audio.align(x, y, fs=fs))

# %% [markdown]
# ## The values
#
# R1 is known, from its colour code. Delay and polarity are found against what the circuit itself makes of the input.

# %%
values, report = cn.train.identify(netlist, x, y, fs=fs, fit=("C1", "D1.is", "D1.n"), progress=False)
print(report)

# %%
for name, found in values.items():
    truth = float(box.values[name])
    print(f"{name:9} {found:.4g}, in truth {truth:.4g}: {100 * (found / truth - 1):+.2f} %")

# %% [markdown]
# ## Heard and seen


# %%
def through(circuit):
    model = cn.nodal.NodalModel(circuit, fs, oversampling=4)
    return np.asarray(cn.run(model, np.pad(x, (0, model.latency)).astype(np.float32))[1])[model.latency :]


nominal, found = through(netlist), through(netlist.replace(**values))
heard = report.alignment.apply(y)
cn.plot.waveforms({"recording, aligned": heard, "nominal values": nominal, "values found": found}, fs)

# %% [markdown]
# The recording, what the nominal values make of the same guitar, and what the found ones make of it:

# %%
for title, sound in (("recording", heard), ("nominal values", nominal), ("values found", found)):
    print(title)
    display(Audio(cn.audio.resample(sound[fs : 4 * fs], fs, fs // 2), rate=fs // 2, normalize=False))

# %% [markdown]
# The law of the diodes follows: current over voltage, of which the music has shown the part that it reaches.

# %%
volts = np.linspace(0.3, 0.6, 200)


def current(circuit):
    saturation, ideality = (float(circuit.values[f"DCLIP.{name}"]) for name in ("IS", "N"))
    return saturation * np.expm1(volts / (ideality * 0.02585))


circuits = {"in the box": box, "nominal": netlist, "found": netlist.replace(**values)}
print(f"the recording reaches {np.abs(clean).max():.2f} V")
cn.plot.curves(
    volts,
    {name: 1e3 * current(circuit) for name, circuit in circuits.items()},
    x="voltage of a diode in V",
    y="current in mA",
    log="y",
    title="The law of the diodes, found from the sound",
)

# %% [markdown]
# ## What recordings cannot tell
#
# With R1 unknown as well, no recording of voltages tells the impedance level: all resistances times a factor, with all
# capacitances and currents over it, is the same box to the ear. The report says so, and what is known all the same.

# %%
_, report = cn.train.identify(netlist, x, y, fs=fs, fit=("R1", "C1", "D1.is", "D1.n"), progress=False)
print(report)
print(f"in truth R1*C1 = {2200 * 13e-9:.4g} s, R1*IS = {2200 * 5e-9:.4g} V")
