"""The MOSFET's law at level 3, semi-empirical, as ngspice-39 has it (Vladimirescu and Liu 1980, UCB/ERL M80/7)."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, final

from circuitnn.deferred import Array, custom_jvp, jax, jnp
from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.devices.law import Exponentials, Parameters
from circuitnn.devices.mosfet_laws import charges, gate

_LEAST = 1e-12  # siemens, of the slope in saturation
_PENETRATION = (0.0631353, 0.8013292, -0.01110777)  # Dang's polynomial of a cylindrical junction


@final
class _Bulk(NamedTuple):
    """What the bulk's voltage alone decides."""

    charge: Any  # over the oxide's capacitance, volts: its part of the threshold
    slope: Any  # 1 + F_B: by how much the channel's charge falls with the voltage along it
    inversion: Any  # n of weak inversion: 1 + NFS q/C_ox + charge/(2 (PHI - v_b)); None where there is none


@final
class _Channel(NamedTuple):
    """A channel, and what it is made of; volts, metres and amperes."""

    current: Array
    gate: Array
    on: Array  # voltage of the gate that opens it
    saturation: Array  # voltage along it
    along: Array
    field: Any  # at its end, V/m; None where carriers do not saturate
    shorter: "_Shorter | None"


@final
class _Shorter(NamedTuple):
    """By how much a channel is shorter than the whole, in metres, and its slopes along voltage and field."""

    by: Any
    along_slope: Any
    field_slope: Any


def level_3(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """The semi-empirical channel, its diodes and what the gate stores, as in SPICE.

    ``V_th = VTO - sigma v_ds + GAMMA (F_S sqrt(PHI - v_b) - sqrt(PHI)) + F_N (PHI - v_b)``, ``over = v_gs - V_th``,
    ``i = KP W/L F_G (over - (1 + F_B) u/2) u F_D / (1 - dL/L)`` with ``F_G = 1/(1 + THETA over)``, u the smaller of
    ``|v_ds|`` and the saturation voltage, ``F_D = 1/(1 + u/V_c)``, ``V_c = VMAX L/(UO F_G)``. With NFS the gate works
    below ``V_on = V_th + n kT/q`` too, where the current falls as ``e^((v_gs - V_on)/(n kT/q))``.
    """
    return _whole(p, v, e, lambda p, *volts: _channel(p, *volts).current)


def small_signal(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """The same with the slopes that ngspice's small signals see, which are not quite its derivatives."""
    return _whole(p, v, e, _seen_by_small_signals)


def _whole(
    p: Parameters, v: list[Array], e: Exponentials, current: Callable[..., Array]
) -> tuple[list[Array], list[Array]]:
    gs, gd, bs, bd = v[:4]
    forward = gs >= gd
    volts = jnp.where(forward, gs, gd), jnp.where(forward, gs - gd, gd - gs), jnp.where(forward, bs, bd)
    through, channel = current(p, *volts), _channel(p, *volts)
    thermal = p["N"] * THERMAL_VOLTAGE
    diodes = [
        p[name] * _relative(bulk / thermal, power)
        for name, bulk, power in (("IS_SOURCE", bs, e[0]), ("IS_DRAIN", bd, e[1]))
    ]
    flows = [jnp.where(forward, through, -through), *diodes]
    return [*flows, *gate(p, v, volts[0] - channel.on, channel.saturation)], charges(p, v)


@custom_jvp
def _seen_by_small_signals(p: Parameters, v_gate: Array, along: Array, v_bulk: Array) -> Array:
    return _channel(p, v_gate, along, v_bulk).current


@_seen_by_small_signals.defjvp
def _seen_jvp(primals, tangents):
    """ngspice-39 holds the saturation voltage where the channel is saturated, and simplifies what shortens it."""
    p, *listed = primals
    volts = tuple(listed)
    at = _channel(p, *volts)
    _, by_volts = jax.jvp(lambda a, b, c: _channel(p, a, b, c, at).current, volts, tangents[1:])
    current, by_parameters = jax.jvp(lambda p: _channel(p, *volts).current, (p,), (tangents[0],))
    return current, by_volts + by_parameters


def _relative(exponent: Array, power: Array) -> Array:
    """A bulk diode's current over its saturation current: below -3 thermal voltages ``-1 - (3/(e x))^3``."""
    ratio = 3 / (math.e * jnp.minimum(exponent, -3.0))
    return jnp.where(exponent >= -3, power - 1, -1 - ratio * ratio * ratio)


def _channel(p: Parameters, v_gate: Array, along: Array, v_bulk: Array, at: _Channel | None = None) -> _Channel:
    """A channel; ``along`` is not negative.

    Args:
        p: parameters, from `prepare`.
        v_gate: of the gate against the source, where the current comes from.
        along: from the source to the drain.
        v_bulk: of the bulk against the source.
        at: the same channel at voltages nearby, from which ngspice's small signals are counted; None for the law.
    """
    bulk = _bulk(p, v_bulk)
    flat = p["VTO"] - p["GAMMA"] * jnp.sqrt(p["PHI"]) if "GAMMA" in p else p["VTO"]
    threshold = flat + bulk.charge - p["FEEDBACK"] * along
    on = threshold if bulk.inversion is None else threshold + p["THERMAL"] * bulk.inversion
    over = jnp.maximum(v_gate, on) - threshold
    if at is None:
        saturation = _saturation(p, over, bulk)
        is_saturated, held = along > saturation, saturation
    else:
        # In weak inversion, too, ngspice has the saturation voltage follow the gate.
        weak = 0 if bulk.inversion is None else jnp.where(at.gate < at.on, v_gate - at.gate, 0)
        saturation = _saturation(p, over + weak, bulk)
        is_saturated, held = at.along > at.saturation, at.saturation
    within = jnp.where(is_saturated, held, along)
    current, field = _strong(p, over, within, bulk)
    if at is not None and field is not None:
        seen = at.along + saturation - at.saturation
        _, field = _strong(p, over + p["FEEDBACK"] * (seen - along), within, bulk)
    shorter = None
    if "ALPHA" in p:
        shorter = at.shorter if at is not None else None
        shorter = _shorter(p, along, saturation, field) if shorter is None else shorter
        by = shorter.by
        if at is not None:
            by = by + shorter.along_slope * (along - at.along - saturation + at.saturation)
            by = by if field is None else by + shorter.field_slope * (field - at.field)
        current = current / (1 - _punched(p, by) / p["LENGTH"])
    if bulk.inversion is not None:
        current = current * jnp.exp(jnp.minimum(v_gate - on, 0) / (p["THERMAL"] * bulk.inversion))
    return _Channel(current, v_gate, on, saturation, along, field, shorter)


def _bulk(p: Parameters, v_bulk: Array) -> _Bulk:
    phi = p["PHI"]
    reverse = jnp.sqrt(phi - jnp.minimum(v_bulk, 0))
    root = jnp.where(v_bulk <= 0, reverse, jnp.sqrt(phi) / (1 + jnp.maximum(v_bulk, 0) / (2 * phi)))
    left = root * root
    gamma: Any = p.get("GAMMA", 0.0)
    if "JUNCTION_DEPTH" in p:
        depth, diffusion = p["JUNCTION_DEPTH"], p["DIFFUSION"] / p["JUNCTION_DEPTH"]
        width = jnp.sqrt(p["ALPHA"]) * root / depth
        constant, linear, quadratic = _PENETRATION
        cylinder = constant + width * (linear + width * quadratic) + diffusion
        bent = jnp.sqrt(1 - jnp.square(width / (1 + width)))
        gamma = gamma * (1 - depth / p["LENGTH"] * (cylinder * bent - diffusion))
    narrow: Any = p.get("NARROW", 0.0)
    charge = gamma * root + narrow * left
    slope = 1 + gamma / (4 * root) + narrow
    return _Bulk(charge, slope, 1 + p["FAST_STATES"] + charge / (2 * left) if "FAST_STATES" in p else None)


def _mobility(p: Parameters, over: Array) -> Any:
    """1/F_G: by how much the gate's field slows the carriers."""
    return 1 + p["THETA"] * over if "THETA" in p else 1.0


def _saturation(p: Parameters, over: Array, bulk: _Bulk) -> Array:
    pinched = over / bulk.slope
    if "SATURATED" not in p:
        return pinched
    critical = p["SATURATED"] * _mobility(p, over)
    return pinched + critical - jnp.sqrt(pinched * pinched + critical * critical)


def _strong(p: Parameters, over: Array, within: Array, bulk: _Bulk) -> tuple[Array, Any]:
    """The current of a channel of its whole length, and the field at its end where carriers saturate (else None)."""
    slowed = _mobility(p, over)
    current = p["BETA"] * (over - 0.5 * bulk.slope * within) * within / slowed
    if "SATURATED" not in p:
        return current, None
    critical = p["SATURATED"] * slowed
    current = current * critical / (critical + within)
    slope = jnp.maximum(current * within / (critical * (critical + within)), _LEAST)
    return current, p["KAPPA"] * current / (p["LENGTH"] * slope)


def _shorter(p: Parameters, along: Array, saturation: Array, field: Any) -> _Shorter:
    """Before it is punched through."""
    beyond, scale = jnp.maximum(along - saturation, 0), p["KAPPA"] * p["ALPHA"]
    if field is not None:
        half = 0.5 * p["ALPHA"] * field
        root = jnp.sqrt(jnp.maximum(half * half + scale * beyond, 1e-30))
        terms = root - half, scale / (2 * root), 0.5 * p["ALPHA"] * (half / root - 1)
        return _Shorter(*(jnp.where(beyond > 0, term, 0) for term in terms))
    pinched = jnp.maximum(saturation, 1e-9)
    root, ratio = jnp.sqrt(scale * (beyond + pinched / 8)), jnp.minimum(along / pinched, 1)
    slope = jnp.where(beyond > 0, 0.5 * root / (beyond + pinched / 8), 4 * root * ratio**3 / pinched)
    return _Shorter(root * ratio**4, slope, None)


def _punched(p: Parameters, by: Array) -> Array:
    """By how many metres it is shorter, which is not all of it where the drain reaches through."""
    half = 0.5 * p["LENGTH"]
    return jnp.where(by > half, p["LENGTH"] - half * half / jnp.maximum(by, half), by)
