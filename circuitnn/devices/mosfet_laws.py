"""The MOSFET's law at level 1, and what all levels have beside the channel: the bulk's diodes, the gate's charges."""

from typing import Any

from circuitnn.deferred import Array, jnp
from circuitnn.devices.constants import CHARGE_UNIT
from circuitnn.devices.depletion import depletion
from circuitnn.devices.law import Exponentials, Parameters

_SMALLEST_SATURATION = 0.025  # volts, that Meyer's capacitances are made with


def level_1(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """Shichman and Hodges' channel with the effect of the bulk, and its two diodes, as in SPICE.

    With ``r(x) = max(x, 0)^2``, triode and saturation region in both directions are one formula:
    ``i_ds = KP/2 (1 + LAMBDA |v_ds|) (r(v_gs - V_on) - r(v_gd - V_on))``,
    ``V_on = VTO + GAMMA (s(max(v_bs, v_bd)) - sqrt(PHI))``, ``s(v) = sqrt(PHI - v)``, beyond 0 V its tangent down to 0.
    Currents: from the drain to the source, from the bulk to the source and to the drain; the gate's, see `gate`.
    """
    gs, gd, bs, bd = v[:4]
    on: Any = p["VTO"]
    if "GAMMA" in p:
        root, bulk = jnp.sqrt(p["PHI"]), jnp.maximum(bs, bd)
        below = jnp.sqrt(p["PHI"] - jnp.minimum(bulk, 0))
        on = on + p["GAMMA"] * (jnp.maximum(below - jnp.maximum(bulk, 0) / (2 * root), 0) - root)
    opened_gs, opened_gd = (jnp.square(jnp.maximum(volts - on, 0)) for volts in (gs, gd))
    channel = 0.5 * p["KP"] * (1 + p["LAMBDA"] * jnp.abs(gs - gd)) * (opened_gs - opened_gd)
    over = jnp.maximum(gs, gd) - on
    return [channel, *diodes(p, e), *gate(p, v, over, jnp.maximum(over, 0))], charges(p, v)


def diodes(p: Parameters, e: Exponentials) -> list[Array]:
    """Currents from the bulk to the source and to the drain: ``IS (e^(v/(N kT/q)) - 1)``."""
    return [p["IS_SOURCE"] * (e[0] - 1), p["IS_DRAIN"] * (e[1] - 1)]


def charges(p: Parameters, v: list[Array]) -> list[Array]:
    """Of what overlaps between gate and source, gate and drain, then of the bulk's junctions to drain and source."""
    gs, gd, bs, bd = v[:4]
    stored = [p[name] * volts for name, volts in (("CGSO", gs), ("CGDO", gd)) if name in p]
    if "CBD" not in p:
        return stored
    for volts, name, side in ((bd, "CBD", "CSW_DRAIN"), (bs, "CBS", "CSW_SOURCE")):
        stored.append(depletion(volts, p[name], p["PB"], p["MJ"], p["FC"]))
        if side in p:
            stored[-1] = stored[-1] + depletion(volts, p[side], p["PB"], p["MJSW"], p["FC"])
    return stored


def gate(p: Parameters, v: list[Array], over: Array, saturation: Array) -> list[Array]:
    """Currents from the gate to the source, drain and bulk through Meyer's capacitances, which belong to no charges.

    Each is a capacitance times the rate of its voltage (Meyer 1971; ngspice-39). With ``D`` the saturation voltage,
    25 mV at the least, and u the smaller of ``|v_ds|`` and D, that to the source is
    ``2/3 C_ox (1 - ((D - u)/(2 D - u))^2)`` and that to the drain ``2/3 C_ox (1 - (D/(2 D - u))^2)`` in an open
    channel, falling to nothing at half of PHI below; that to the bulk rises from there to C_ox at PHI below.

    Args:
        p: parameters, COX in farads where there is an oxide, CGBO likewise what overlaps with the bulk.
        v: voltages gs, gd, bs, bd, then what `CHARGE_UNIT` would carry from the gate to source, drain and bulk, those
            that are there.
        over: by how much the gate is above what opens the channel, volts.
        saturation: D, volts.
    """
    gs, gd, rates = v[0], v[1], v[4:]
    if "COX" not in p:
        return [p["CGBO"] / CHARGE_UNIT * rate for rate in rates]
    forward = gs >= gd
    drain_source = jnp.abs(gs - gd)
    voltage = jnp.maximum(saturation, _SMALLEST_SATURATION)
    left = voltage - jnp.minimum(drain_source, voltage)
    share = jnp.clip(1 + 2 * over / p["PHI"], 0, 1) * (2 / 3)
    near, far = (share * (1 - jnp.square(part / (voltage + left))) for part in (left, voltage))
    to_source, to_drain = jnp.where(forward, near, far), jnp.where(forward, far, near)
    to_bulk = jnp.clip(-over / p["PHI"], 0, 1)
    scale = p["COX"] / CHARGE_UNIT
    to_gate = [scale * part for part in (to_source, to_drain, to_bulk)]
    if "CGBO" in p:
        to_gate[2] = to_gate[2] + p["CGBO"] / CHARGE_UNIT
    return [part * rate for part, rate in zip(to_gate, rates, strict=True)]
