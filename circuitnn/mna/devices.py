# ruff: noqa: ARG001 - all laws have one signature
"""The laws of the nonlinear devices, each written once for one device: what it carries at given voltages.

Voltages and currents are lists of arrays (..., batch), one for each port and drive of the device. The exponentials,
the dear part of the laws, are taken for all devices together and handed in; derivatives are taken by JAX. Each law is
finite for every finite voltage, and has a finite derivative.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from jax import Array, lax
from jax import numpy as jnp

from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.expressions.tree import Expression, evaluate
from circuitnn.mna.charges import UNIT, depletion
from circuitnn.mna.elements import Device

Parameters = dict[str, Array]
Values = Mapping[str, Any]


def parameters_of(device: Device, values: Values) -> Parameters:
    """What the law of a device needs of the circuit's values."""
    if device.kind == "B":
        return {name: values[name] for name in device.parameters}
    found = {name: values[f"{device.model}.{name}"] for name in device.present}
    if device.kind == "D":
        current, each = found["IS"], 1 / (found["N"] * THERMAL_VOLTAGE)
        law = {"per_volt": each}
        if device.names:
            law["forward"] = current * sum(values[name] for name in device.names)
        if device.backward:
            law["backward"] = current * sum(values[name] for name in device.backward)
        if "CJO" in found:
            law |= {name: found[name] for name in ("CJO", "VJ", "M", "FC", "TT")}
            for side, names in (("ahead", device.names), ("behind", device.backward)):
                law[side] = sum((values[name] for name in names), 0 * current)
        return law
    area = values[device.names[0]]
    scaled = {"IS", "ISE", "ISC", "IKF", "IKR", "BETA", "CJE", "CJC", "CGS", "CGD"}
    return {name: value * area if name in scaled else value for name, value in found.items()}


def currents(device: Device, given: Parameters, v: list[Array], e: list[Array]) -> list[Array]:
    """Currents (or the voltage) of the drives of a device at the voltages of its ports.

    Args:
        device: static.
        given: its parameters, (..., batch or 1) each.
        v: (..., batch) for each port, in the device's own direction; volts, or amperes where it senses a current.
        e: (..., batch) for each of its `exponents`, their exponentials.
    """
    return LAWS[device.kind](device, given, v, e)


def exponents(device: Device, given: Parameters) -> list[tuple[int, int, Array]]:
    """What is raised to the power of e: (place among the ports, direction, exponents per volt) of each.

    All exponentials of a circuit are taken in one go. The first ones are those of `junctions`.
    """
    found = [(place, direction, per_volt) for place, direction, _, per_volt in junctions(device, given)]
    if device.kind in ("NPN", "PNP"):
        for place, (name, emission) in enumerate((("ISE", "NE"), ("ISC", "NC"))):
            if name in given:
                found.append((place, polarity(device), 1 / (given[emission] * THERMAL_VOLTAGE)))
    return found


def exponent_places(device: Device) -> tuple[int, ...]:
    """For each of the `exponents` its place among the ports."""
    if device.kind == "D":
        return (0,) * (bool(device.names) + bool(device.backward))
    if device.kind in "BW":
        return ()
    return (0, 1, *(place for place, name in enumerate(("ISE", "ISC")) if name in device.present))


def junctions(device: Device, given: Parameters) -> list[tuple[int, int, Array, Array]]:
    """The pn junctions of a device: (place among its ports, direction, saturation current, exponents per volt)."""
    if device.kind == "D":
        both = ((1, "forward"), (-1, "backward"))
        return [(0, sign, given[name], given["per_volt"]) for sign, name in both if name in given]
    if device.kind in "BW":
        return []
    sign = polarity(device)
    emissions = ("N", "N") if device.kind in ("NJF", "PJF") else ("NF", "NR")
    return [(place, sign, given["IS"], 1 / (given[name] * THERMAL_VOLTAGE)) for place, name in enumerate(emissions)]


def polarity(device: Device) -> int:
    """-1 for the devices that are the mirror image of the ordinary ones."""
    return -1 if device.kind in ("PNP", "PJF") else 1


def _diode(device: Device, given: Parameters, v: list[Array], e: list[Array]) -> list[Array]:
    """Shockley (1949): ``I = IS (e^(v/(N Vt)) - 1)``; those that face backwards with the other sign."""
    both = ((1, "forward"), (-1, "backward"))
    signed = [(sign, given[name]) for sign, name in both if name in given]
    total = [sign * current * (each - 1) for (sign, current), each in zip(signed, e, strict=True)]
    through = sum(total[1:], total[0])
    if "CJO" not in given:
        return [through]
    depleted = [
        sign * depletion(sign * v[0], given["CJO"] * given[side], given["VJ"], given["M"], given["FC"])
        for sign, side in ((1, "ahead"), (-1, "behind"))
    ]
    return [through, (depleted[0] + depleted[1] + given["TT"] * through) / UNIT]


def _bipolar(device: Device, given: Parameters, v: list[Array], e: list[Array]) -> list[Array]:
    """Ebers and Moll (1954) with the Early effect and the high-level injection of Gummel and Poon (1970), as in SPICE.

    Ports: base to emitter, base to collector; the drives are the currents along them, so that the emitter's current
    out of it is the first and the collector's into it minus the second.
    """
    sign = polarity(device)
    be, bc = (sign * each for each in v)
    forward, reverse = (given["IS"] * (each - 1) for each in e[:2])
    base_emitter, base_collector = forward / given["BF"], reverse / given["BR"]
    leakage = iter(e[2:])
    if "ISE" in given:
        base_emitter = base_emitter + given["ISE"] * (next(leakage) - 1)
    if "ISC" in given:
        base_collector = base_collector + given["ISC"] * (next(leakage) - 1)
    transport = forward - reverse
    charge: Any = 0
    for current, name in ((forward, "IKF"), (reverse, "IKR")):
        if name in given:
            charge = charge + current / given[name]
    injected: Any = 1
    if "IKF" in given or "IKR" in given:
        # Where the junctions are reversed the charge may fall below zero; SPICE takes it as zero.
        injected = 2 / (1 + jnp.sqrt(jnp.maximum(1 + 4 * charge, 1e-12)))
    early: Any = 1
    for voltage, name in ((bc, "VAF"), (be, "VAR")):
        if name in given:
            early = early - voltage / given[name]
    transport = transport * injected * early
    found = [sign * (transport + base_emitter), sign * (base_collector - transport)]
    if "CJE" in given:
        diffusion = given["TF"] * forward * injected * early, given["TR"] * reverse
        corner = given["FC"]
        found += [
            sign * (depletion(be, given["CJE"], given["VJE"], given["MJE"], corner) + diffusion[0]) / UNIT,
            sign * (depletion(bc, given["CJC"], given["VJC"], given["MJC"], corner) + diffusion[1]) / UNIT,
        ]
    return found


def _junction_fet(device: Device, given: Parameters, v: list[Array], e: list[Array]) -> list[Array]:
    """Shichman and Hodges (1968), as SPICE has it for JFETs; in both directions of the channel.

    With ``r(x) = max(x, 0)^2`` the triode and saturation regions are one formula:
    ``I = BETA (1 + LAMBDA |v_ds|) (r(v_gs - VTO) - r(v_gd - VTO))``.
    """
    sign = polarity(device)
    gs, gd = (sign * each for each in v)
    opened = [jnp.square(jnp.maximum(each - given["VTO"], 0)) for each in (gs, gd)]
    channel = given["BETA"] * (1 + given["LAMBDA"] * jnp.abs(gs - gd)) * (opened[0] - opened[1])
    found = [sign * (given["IS"] * (e[0] - 1) + channel), sign * (given["IS"] * (e[1] - 1) - channel)]
    if "CGS" in given:
        found += [
            sign * depletion(each, given[name], given["PB"], jnp.full_like(given["PB"], 0.5), given["FC"]) / UNIT
            for each, name in ((gs, "CGS"), (gd, "CGD"))
        ]
    return found


def _behavioural(device: Device, given: Parameters, v: list[Array], e: list[Array]) -> list[Array]:
    """A B source: whatever its expression says."""
    known: dict[Any, Any] = dict(given)
    known |= dict(zip(device.leaves, v, strict=True))
    value = evaluate(cast(Expression, device.law), known, jnp)
    dtype = v[0].dtype if v else jnp.result_type(value)
    shape = jnp.broadcast_shapes(jnp.shape(value), *(each.shape for each in v))
    return [lax.convert_element_type(jnp.broadcast_to(value, shape), dtype)]


def _wave(device: Device, given: Parameters, v: list[Array], e: list[Array]) -> list[Array]:
    """A one-port of a wave digital filter: its port is the incident wave, its law the current that goes with it."""
    return [cast(Callable[..., Array], device.law)(v[0], **given)]


LAWS: dict[str, Callable[[Device, Parameters, list[Array], list[Array]], list[Array]]] = {
    "D": _diode,
    "NPN": _bipolar,
    "PNP": _bipolar,
    "NJF": _junction_fet,
    "PJF": _junction_fet,
    "B": _behavioural,
    "W": _wave,
}
