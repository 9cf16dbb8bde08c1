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
# # An overdrive, from netlist to gradient
#
# A SPICE netlist is enough to simulate a circuit, to turn its knobs while it plays, and to ask what each component does
# to the sound: as a derivative. Here the circuit is a small overdrive of our own, an op-amp with two diodes in its
# feedback and a tone control behind it.

# %%
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

import circuitnn as cn

circuit = cn.read_netlist("""overdrive with a tone control
.param drive=0.5 tone=0.5
Vin in  0
E1  top 0   in inn 1e5           ; an op-amp
Rf  top f   {10k + 500k*drive}
Rs  f   inn 1k
Cf  top inn 100p
D1  top inn D4148
D2  inn top D4148
Ri  inn g   4.7k
Ci  g   0   47n
Rt  top m   {1k + 20k*(1 - tone)}
Ct  m   0   22n
Co  m   out 1u
Ro  out 0   100k
.model D4148 D(IS=2.52n N=1.752)
""")
print(circuit.controls, circuit.state_names)

# %% [markdown]
# ## What the knobs do to small signals
#
# `cn.nodal.frequency_response` solves the circuit's equations at each frequency, and `cn.plot.response` draws it over a
# knob, while the others stand where the netlist has them.

# %%
cn.plot.response(circuit, "drive")

# %%
cn.plot.response(circuit, "tone")

# %% [markdown]
# ## What it does to large ones, and what ngspice says
#
# The same netlist, as a model along time. At four times the sample rate the model's own error, that of the trapezoidal
# rule, is well below what can be heard. Where ngspice is installed, it plays the same signal.

# %%
fs = 4 * 48_000
time = np.arange(int(0.02 * fs)) / fs
x = 0.2 * np.sin(2 * np.pi * 220 * time) * np.minimum(1, time / 0.005)
_, y = cn.run(cn.nodal.NodalModel(circuit, fs=fs), x)

heard = {"circuitnn": y}
if cn.spice.version():
    heard[f"ngspice {cn.spice.version()}"] = reference = cn.spice.transient(circuit, x, fs)
    print(f"error-to-signal ratio: {float(cn.losses.esr(np.asarray(y), reference)):.1e}")
else:
    print("ngspice is not installed: nothing to compare with (Debian, Ubuntu: apt install ngspice)")
cn.plot.waveforms(heard, fs, start=0)

# %% [markdown]
# ## A knob that moves
#
# A knob may have a value for each sample, and may go to its very ends.

# %%
fs = 48_000
time = np.arange(fs // 10) / fs
x = 0.2 * np.sin(2 * np.pi * 220 * time)
turned = 0.5 - 0.5 * np.cos(2 * np.pi * time / time[-1])
_, y = cn.run(cn.nodal.NodalModel(circuit, fs=fs), x, controls={"drive": 0.5, "tone": turned})

cn.plot.waveforms(y, fs, start=0, seconds=0.1, controls={"tone": turned}, title="The tone goes up and back")

# %% [markdown]
# ## What each component does to the sound
#
# A `Circuit` is a pytree of numbers, so `jax.grad` gives the derivative with respect to all of them at once. Here, of
# the output's level in decibels. Multiplied by the value it is the change for each percent of tolerance.


# %%
def level(circuit):
    _, y = cn.run(cn.nodal.NodalModel(circuit, fs=fs), x)
    return 10 * jnp.log10(jnp.mean(y[len(y) // 2 :] ** 2))


gradient = jax.grad(level)(circuit)
parts = [name for name in circuit.values if name[0] in "RCD"]
change = np.array([0.01 * float(gradient.values[name] * circuit.values[name]) for name in parts])

Ri = float(circuit.values["Ri"])
both = [float(level(circuit.replace(Ri=Ri * factor))) for factor in (1.01, 0.99)]
print(
    f"Ri, by gradient {1e3 * change[parts.index('Ri')]:.2f}, by two runs {1e3 * (both[0] - both[1]) / 2:.2f} mdB per %"
)

cn.plot.bars(
    dict(zip(parts, 1e3 * change, strict=True)),
    "change of level in mdB, for one percent more",
    title="The emission coefficient of the diodes matters most",
)

# %% [markdown]
# ## Two component values from a recording
#
# A pedal with unknown capacitors was recorded, with some noise. `trainable` names what is to be found; those values are
# learnt on a logarithmic scale. The rest is an ordinary training loop.

# %%
x = 0.3 * cn.audio.excitation(1.0, fs, seed=3)[: fs // 4]
pedal = cn.nodal.NodalModel(circuit.replace(Ci=100e-9, Ct=10e-9), fs=fs)
recording = cn.run(pedal, x)[1] + 1e-3 * np.random.default_rng(0).standard_normal(len(x))

model = cn.nodal.NodalModel(circuit, fs=fs, trainable=("Ci", "Ct"))
optimizer = nnx.Optimizer(model, optax.adam(optax.cosine_decay_schedule(0.3, 100)), wrt=nnx.Param)


@nnx.jit
def update(model, optimizer):
    loss, gradient = nnx.value_and_grad(lambda model: cn.losses.esr(cn.run(model, x)[1], recording))(model)
    optimizer.update(model, gradient)
    return loss


path = []
for _ in range(100):
    values = model.circuit.values
    path.append((float(update(model, optimizer)), float(values["Ci"]), float(values["Ct"])))

# %%
esr, ci, ct = np.array(path).T
found = model.circuit.values
print(f"Ci {1e9 * float(found['Ci']):.2f} nF (100), Ct {1e9 * float(found['Ct']):.3f} nF (10)")
print(f"error-to-signal ratio {esr[0]:.1e} at first, {esr[-1]:.1e} now")
shares = {"Ci": 1e9 * ci / 100, "Ct": 1e9 * ct / 10}
cn.plot.curves(
    np.arange(len(esr)), shares, x="update", y="share of the pedal's value", log="y", title="Both capacitors are found"
)

# %% [markdown]
# `print(model.circuit.to_spice())` takes the result back to ngspice. The equations behind all of this are on the page
# *From netlist to gradient*.
