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
# # Exposure bias on a diode clipper
#
# A recurrent model of a circuit can be trained on the circuit's true states: before every sample it is shown where the
# circuit really is. That is *teacher forcing*. It is fast and stable, but the model never sees its own errors. On its
# own, it has to live with them. How much worse it gets is its **exposure bias**.
#
# Here the circuit is the clipping stage of a distortion pedal, a coupling capacitor and a resistor before two
# antiparallel diodes and a capacitor, and the model a *state-matched GRU* (Peussa et al. 2021): a gated recurrent unit
# whose first two units are the circuit's states, the voltages of the two capacitors.

# %%
import numpy as np
import optax
from flax import nnx

import circuitnn as cn

fs = 48_000
circuit = cn.circuits.diode_clipper_second_order()
print(circuit.to_spice())

# %% [markdown]
# One netlist gives the model that everything else learns from. The input is made here: plucked strings, a sweep and
# noise, at the level of a hot guitar signal. `record` keeps the input, the output, and the voltages of the capacitors.

# %%
teacher = cn.nodal.NodalModel(circuit, fs=fs)
train = cn.train.record(teacher, 4.5 * cn.audio.excitation(12, fs, seed=0), fs=fs)
test = cn.train.record(teacher, 4.5 * cn.audio.excitation(4, fs, seed=1), fs=fs)

cn.plot.waveforms({"input": test.x[0], "output, held by the diodes": test.y[0]}, fs, seconds=0.025, difference=False)

# %% [markdown]
# The regime is one argument. The two trainings below get the same windows, batches and number of updates; three seeds
# of each are trained at once.

# %%
scaling = cn.recurrent.Scaling.from_data(train.x, train.y, train.states)
window = {"length": 512, "warmup": 100}
regimes = {
    "teacher forcing": cn.train.TeacherForcing(**window),
    "truncated BPTT": cn.train.TruncatedBPTT(**window),
}
reports = {}
for name, regime in regimes.items():
    models = [
        cn.recurrent.StateMatchedGRU(circuit.state_names, hidden=8, output="Cl", scaling=scaling, rngs=nnx.Rngs(seed))
        for seed in range(3)
    ]
    models, history = cn.train.fit(models, train, regime, optimizer=optax.adam(1e-2), epochs=12, progress=False)
    reports[name] = [cn.train.exposure_bias(model, test) for model in models]

for name, found in reports.items():
    forced, free, bias = (
        np.median([getattr(report, figure) for report in found])
        for figure in ("esr_teacher_forced", "esr_free_running", "exposure_bias_db")
    )
    print(f"{name:16s} ESR one step {forced:.1e}, free running {free:.1e}, exposure bias {bias:4.1f} dB")

# %% [markdown]
# What happens after the last true state, averaged over stretches of time that grow with it:

# %%
cn.plot.exposure_bias(reports)

# %% [markdown]
# The whole comparison, with scheduled sampling, state-matched GRUs, black boxes, a second circuit and tests of
# significance, is `make benchmark`.
