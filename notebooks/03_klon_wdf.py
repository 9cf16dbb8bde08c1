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
# # Two stages of the Klon as wave digital filters
#
# A wave digital filter is a tree: components are its leaves, adaptors for series and parallel connections its branches,
# and what has no port resistance, a diode pair or an ideal source, is its root. Here the network before the gain
# amplifier and the clipping stage of the Klon Centaur (Chowdhury 2020, arXiv 2009.02833) are built by hand, derived
# from their netlists, and compared with each other, with nodal analysis and with ngspice.

# %%
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from IPython.display import display

import circuitnn as cn
from circuitnn.wdf import Capacitor, DiodePair, Parallel, ResistiveVoltageSource, Resistor, Series, VoltageSource

jax.config.update("jax_enable_x64", True)
fs = 48_000

# %% [markdown]
# ## By hand
#
# Behind C3 the signal divides: through R7 past the amplifier ("feed-forward network 1", the current in R19), and
# through the gain control into it. The guitar, an ideal source of voltage, is the root. A value may be an expression of
# a knob. Heard are the voltages across R19 and, by the amplifier, across the control.

# %%
past = Series(Resistor("1.5k", "R7"), Parallel(Resistor("15k", "R19"), Capacitor("1u", "C16")))
into = Series(Parallel(Resistor("10k", "R6"), Capacitor("68n", "C5")), Resistor("100k*gain", "Rgain"))
tree = Series(Capacitor("100n", "C3"), Parallel(past, into))
options = {"output": ("v(R19)", "v(Rgain)"), "controls": {"gain": 0.5}, "dtype": np.float64}
by_hand = cn.wdf.WDFModel(tree, VoltageSource("Vin"), fs, **options)
print(by_hand)

# %% [markdown]
# S, P and R are adaptors for series connections, parallel ones and all others, with their number of ports; z⁻¹ marks
# what has a state.
#
# ## Derived
#
# The same network is in the catalogue as a netlist. `derive` finds a tree by itself. It looks at the network from
# another place, beside Rgain: without a nonlinear device any place will do, and nothing is connected to the root.

# %%
circuit = cn.circuits.klon_feed_forward_1()
derived = cn.wdf.derive(circuit, fs, dtype=np.float64)
print(derived)

# %% [markdown]
# Nodal analysis solves for the voltages of all nodes at once instead. At the same rate and rule (here the trapezoidal
# one, the bilinear transform) all three are the same filter, to rounding:

# %%
x = 0.5 * cn.audio.excitation(1.0, fs)
_, nodal = cn.run(cn.nodal.NodalModel(circuit, fs, dtype=np.float64), x)
outputs = {"by hand": cn.run(by_hand, x)[1][:, 0], "derived": cn.run(derived, x)[1]}
for name, y in outputs.items():
    print(f"{name}: {np.max(np.abs(y - nodal)):.0e} V from the nodal model, of {np.max(np.abs(nodal)):.2f} V")

# %% [markdown]
# ## What the gain knob does
#
# Of a model, `cn.plot.response` draws what its answer to an impulse says, beside that of the analog circuit. A model of
# the same tree with one output, first the voltage by the amplifier, then that across R19:

# %%
gain = 0.01, 0.03, 0.1, 0.3, 1
into_amplifier = cn.wdf.WDFModel(tree, VoltageSource("Vin"), fs, **options | {"output": "v(Rgain)"})
pair = {"circuit": cn.circuits.klon_pre_amp(), "filter": into_amplifier}
cn.plot.response(pair, "gain", positions=gain, title="Into the amplifier")

# %%
past_amplifier = cn.wdf.WDFModel(tree, VoltageSource("Vin"), fs, **options | {"output": "v(R19)"})
cn.plot.response({"circuit": circuit, "filter": past_amplifier}, "gain", positions=gain, title="Past it, across R19")

# %% [markdown]
# The control loads C3 and divides what R6 and C5 let through: the lower its resistance, the less reaches the amplifier,
# and at 0 nothing does. Past it, most of that happens in the first tenth of the turn. The bilinear transform squeezes
# the highest frequencies, all up to infinity, below half the sample rate: there the filter falls off earlier.
#
# ## The clipping stage
#
# The diodes are the root, and the rest is in parallel to them. A source of voltage with a resistor in series, Vin with
# R13, may be a leaf. Seen from the diodes, the tree is a resistance R and a wave a. Their voltage is a function of
# both, so that nothing is iterated.


# %%
def clipping(fs, **options):
    source = Series(ResistiveVoltageSource("1k", "Vin"), Capacitor("1u", "C9"))
    load = Series(Capacitor("1u", "C10"), Resistor("47k", "R16"))
    diodes = DiodePair(saturation="15u", emission=1.0)
    return cn.wdf.WDFModel(Parallel(source, load), diodes, fs, output="v(R16)", dtype=np.float64, **options)


print(clipping(fs))

# %%
stage = cn.circuits.klon_clipping()
_, nodal = cn.run(cn.nodal.NodalModel(stage, fs, dtype=np.float64), 4 * x)
_, hand = cn.run(clipping(fs), 4 * x)
_, automatic = cn.run(cn.wdf.derive(stage, fs, dtype=np.float64), 4 * x)
for name, y in {"by hand": hand, "derived": automatic}.items():
    print(f"{name}: {np.max(np.abs(y - nodal)):.0e} V from the nodal model, of {np.max(np.abs(nodal)):.2f} V")

# %% [markdown]
# ngspice solves the same netlist with steps of its own. At 48 kHz the two curves cannot be told apart by eye. What is
# between them is the error of the trapezoidal rule, which falls with the square of the sample rate.


# %%
def tone(rate):
    time = np.arange(int(0.02 * rate)) / rate
    return 4 * np.sin(2 * np.pi * 500 * time) * np.minimum(1, time / 0.005)


rates = 12_000 * 2 ** np.arange(5)
outputs = [np.asarray(cn.run(clipping(rate), tone(rate))[1]) for rate in rates]

# %%
if cn.spice.version():
    finest = 4 * rates[-1]
    reference = cn.spice.transient(stage, tone(finest), finest)
    difference = [y - reference[:: finest // rate] for rate, y in zip(rates, outputs, strict=True)]
    errors = 1e3 * np.array([np.sqrt(np.mean(each**2)) for each in difference])  # millivolts
else:
    print("ngspice is not installed: nothing to compare with (Debian, Ubuntu: apt install ngspice)")

# %%
heard = {"filter at 48 kHz": outputs[2]}
if cn.spice.version():
    heard = {f"ngspice {cn.spice.version()}": reference[:: finest // rates[2]]} | heard
cn.plot.waveforms(heard, rates[2], start=0, seconds=0.012)

# %%
if cn.spice.version():
    falling = {"filter": errors, "1 / rate²": errors[0] * (rates[0] / rates) ** 2.0}
    title = "The error falls with the square of the rate"
    display(cn.plot.curves(rates, falling, x="sample rate in Hz", y="r.m.s. error in mV", log="xy", title=title))

# %% [markdown]
# ## A knob that moves
#
# Models in a row are a model, and knobs of one name are one knob: the gain control of the Klon has two halves, one in
# the network and one in the amplifier. It is turned up while a note sounds, with a value for each sample.

# %%
time = np.arange(fs // 10) / fs
note = 0.3 * np.sin(2 * np.pi * 110 * time)
turned = 0.5 - 0.5 * np.cos(np.pi * time / time[-1])
stages = cn.circuits.klon_pre_amp(), cn.circuits.klon_amplifier()
pedal = cn.chain(*(cn.wdf.derive(each, fs, dtype=np.float64) for each in stages), clipping(fs))
_, y = cn.run(pedal, note, controls={"gain": turned})

# %%
same = cn.chain(*(cn.nodal.NodalModel(each, fs, dtype=np.float64) for each in (*stages, stage)))
difference = np.max(np.abs(y - cn.run(same, note, controls={"gain": turned})[1]))
print(f"{difference:.0e} V from nodal models in a row")
cn.plot.waveforms(y, fs, start=0, seconds=0.1, controls={"gain": turned}, title="The note while gain is turned up")

# %% [markdown]
# ## What each part does to the level
#
# `trainable` names what is learnt, here everything, on a logarithmic scale: so the gradient is the change for each
# part of the value. R13 is the resistor of the source here, RVin, and both diodes are of the model MD1: more resistance
# leaves less current for them, and with more saturation current they clip earlier.

# %%
model = clipping(fs, trainable=("R*", "C*", "*.IS"))


def level(model):
    _, y = cn.run(model, 4 * x)
    return 10 * jnp.log10(jnp.mean(y**2))


gradient = nnx.grad(level)(model)["values"]["log_scale"]
change = {name: 10 * float(value[...]) for name, value in gradient.items()}  # mdB for 1 %

# %%
values = model.circuit.values
ends = [cn.wdf.derive(model.circuit.replace(C9=values["C9"] * factor), fs, dtype=np.float64) for factor in (1.01, 0.99)]
print(f"C9, by gradient {change['C9']:.3f}, by two runs {1e3 * (level(ends[0]) - level(ends[1])) / 2:.3f} mdB per %")
cn.plot.bars(
    change,
    "change of level in mdB, for one percent more",
    title="The saturation current of the diodes matters most, and what feeds them",
)

# %% [markdown]
# The theory, and what `derive` does with circuits that are neither series nor parallel, is on the page *Wave digital
# filters*.
