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
# # My netlist
#
# A pedal as a SPICE netlist: what was read of it, how it responds, how it sounds, what another diode does, and which
# parts matter. Nothing here is particular to this netlist: put the path of your own file where `NETLIST` stands.
# LTspice drawings (`.asc`) read the same way.

# %%
import numpy as np
from IPython.display import Audio

import circuitnn as cn

NETLIST = """An overdrive of one op-amp, with drive and tone
.param drive=0.5 tone=0.5
Vin in 0 DC 0 AC 1
Cin in a 47n
Rin a 0 470k
* The amplifier: its clipping diodes lie in the feedback.
E1 b 0 a m 1e5
Rg m g 4.7k
Cg g 0 47n
Rf m b {5k+500k*drive}
Cf m b 51p
D1 m b 1N4148
D2 b m 1N4148
* The tone control.
Rt b out {300+10k*(1-tone)}
Ct out 0 10n
Rl out 0 100k
.end
"""
circuit = cn.read_netlist(NETLIST)
print(circuit)

# %% [markdown]
# `.param` with a number from 0 to 1 are its knobs. How it responds to small signals, exactly, at five positions of a
# knob, the others at their defaults:

# %%
cn.plot.response(circuit, "drive")

# %%
cn.plot.response(circuit, "tone", controls={"drive": 0.2})

# %% [markdown]
# ## How it sounds
#
# The same netlist as a model in the time domain. Volts go in and come out: 0.2 V is what a passive pick-up gives.

# %%
fs = 48_000
model = cn.nodal.NodalModel(circuit, fs, oversampling=4)
x = 0.2 * cn.audio.guitar(2.5, fs, seed=1)
_, y = cn.run(model, x, controls=cn.controls(model, drive=0.7))
Audio(np.asarray(y), rate=fs)

# %% [markdown]
# Which harmonics it makes, and from which level on:

# %%
cn.plot.harmonics(model, 0.5, controls={"drive": 0.7})

# %% [markdown]
# A knob can move while it plays, each sample at another position.

# %%
sweep = np.linspace(0, 1, len(x))
_, moving = cn.run(model, x, controls=cn.controls(model, drive=0.7, tone=sweep))
Audio(np.asarray(moving), rate=fs)

# %% [markdown]
# ## Another diode
#
# Germanium in the place of one of the two: the library has its own parts with published parameters. Beside each other,
# where they are loud, where they are quiet, and in frequency:

# %%
other = cn.nodal.NodalModel(cn.read_netlist(NETLIST.replace("D2 b m 1N4148", "D2 b m 1N34A")), fs, oversampling=4)
_, y_other = cn.run(other, x, controls=cn.controls(other, drive=0.7))
cn.plot.comparison({"two 1N4148": y, "1N34A in one direction": y_other}, fs)

# %% [markdown]
# ## Which parts matter
#
# Every value is differentiable. The gradient of the output's level with respect to the logarithm of each value says how
# much ten percent of it matter: the tone control's capacitor beside the one that only keeps DC out.

# %%
import jax
import jax.numpy as jnp

values = {name: circuit[name].value for name in ("Cin", "Rg", "Cg", "Cf", "Ct", "Rl")}


def level(logarithms):
    changed = circuit.replace(**{name: jnp.exp(value) for name, value in logarithms.items()})
    _, y = cn.run(cn.nodal.NodalModel(changed, fs), x[:fs])
    return 10 * jnp.log10(jnp.mean(y**2))


slopes = jax.grad(level)({name: jnp.log(value) for name, value in values.items()})
for name, slope in sorted(slopes.items(), key=lambda each: -abs(each[1])):
    print(f"{name:4} {0.1 * float(slope):+.3f} dB for 10 % more")

# %% [markdown]
# ## Where to go on
#
# - `circuitnn play my.cir` makes a page that plays it while its knobs are turned; `circuitnn compare my.cir
#   "my.cir@D1=1N34A"` one with numbers and a blind test.
# - `cn.wdf.derive(circuit, fs)` is the same as a wave digital filter, `cn.spice.transient(circuit, x, fs)` what ngspice
#   makes of it.
# - `cn.export.c(model, "pedal.h")` is one file of C, `cn.export.lv2(model, "pedal.lv2")` a plug-in.
