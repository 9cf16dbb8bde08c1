"""The law of the bipolar transistor, as in SPICE."""

from functools import partial
from typing import Any, Protocol

from circuitnn.deferred import Array, jnp, lax
from circuitnn.devices.depletion import depletion
from circuitnn.devices.diode_law import relative_current
from circuitnn.devices.law import Exponentials, LawFunction, Parameters
from circuitnn.devices.temperature import thermal_voltage

_STEEPEST = 1.5  # of the base's current: beyond so much of it Newton's steps do not believe the slope of a resistance
_LARGEST_EXPONENT = 50.0
_LEAST = 1e-3  # of RB, that crowding leaves


class BaseCurrent(Protocol):
    """What flows through the base's resistance: of its voltage, its value, and the current that it depends on."""

    def __call__(self, volts: Array, resistance: Array, base: Array) -> Array: ...


def exact(volts: Array, resistance: Array, base: Array) -> Array:
    """Ohm's law."""
    del base
    return volts / resistance


def held(volts: Array, resistance: Array, base: Array) -> Array:
    """The same with the slope that SPICE's small signals see: the resistance does not follow the signal."""
    del base
    return volts / lax.stop_gradient(resistance)


def downhill(volts: Array, resistance: Array, base: Array) -> Array:
    """The same with slopes by which Newton's iteration comes to the solution from everywhere.

    A base that is driven by volts, ``(v - v_be) / R(i_b) = i_b(v_be)``, with a resistance that falls as fast as the
    root of its current: where the left is more than twice the right, the difference *grows* with v_be, and a step goes
    the wrong way. The current in what the falling resistance adds to the slope is bounded by that of the base: at the
    solution they are the same.
    """
    conductance = 1 / resistance
    steady = lax.stop_gradient(conductance)
    bounded = lax.stop_gradient(jnp.minimum(volts, _STEEPEST * resistance * jnp.maximum(base, 0)))
    return volts * steady + bounded * (conductance - steady)


def transistor(p: Parameters, v: list[Array], e: Exponentials, *, through: BaseCurrent, is_leaky: bool) -> Any:
    """Ebers and Moll's transistor with the Early effect and high-level injection, as in SPICE.

    The currents are those from the base to the emitter and to the collector, so that the emitter's current out of it
    is the first and the collector's into it minus the second:
    ``i_be = T + F/BF + ISE (e^(v_be/(NE kT/q)) - 1)``, ``i_bc = R/BR + ISC (e^(v_bc/(NC kT/q)) - 1) - T``, where
    ``F, R = IS (e^(v/(N kT/q)) - 1)`` and
    ``T = (F - R) (1 - v_bc/VAF - v_be/VAR) 2 / (1 + (1 + 4 F/IKF + 4 R/IKR)^NKF)``.

    Args:
        p: parameters.
        v: of the ports.
        e: exponentials of the junctions.
        through: the law of the base's resistance, with the slopes that are wanted.
        is_leaky: whether junctions are taken as SPICE has them below -3 N kT/q, as it matters to germanium.
    """
    be, bc = v[:2]
    power_be, power_bc, leak_be, leak_bc, power_substrate = e

    def grown(volts: Array, emission: str, power: Any) -> Array:
        return relative_current(volts, p[emission], power) if is_leaky else power - 1

    forward = p.get("IBE", p["IS"]) * grown(be, "NF", power_be)
    reverse = p.get("IBC", p["IS"]) * grown(bc, "NR", power_bc)
    base_emitter, base_collector = forward / p["BF"], reverse / p["BR"]
    if leak_be is not None:
        base_emitter = base_emitter + p["ISE"] * grown(be, "NE", leak_be)
    if leak_bc is not None:
        base_collector = base_collector + p["ISC"] * grown(bc, "NC", leak_bc)
    share = _injected(p, forward, reverse) * _early(p, be, bc)
    transport = (forward - reverse) * share
    currents = [transport + base_emitter, base_collector - transport]
    ports = iter(v[2:])
    if "RBM" in p:
        base = base_emitter + base_collector
        ratio = _crowding(base, p["IRB"]) if "IRB" in p else share
        resistance = jnp.maximum(p["RBM"] + (p["RB"] - p["RBM"]) * ratio, _LEAST * p["RB"])
        currents.append(through(next(ports), resistance, base))
    outer = next(ports) if "XCJC" in p else None
    substrate = next(ports) if "CJS" in p or "ISS" in p else None
    if substrate is not None:
        currents.append(p["ISS"] * (power_substrate - 1) if "ISS" in p else jnp.zeros_like(substrate))
    epitaxy = next(ports) if "RCO" in p else None
    if epitaxy is not None:
        currents.append(_through_epitaxy(p, epitaxy, bc, is_small=through is held))
    charges = []
    if "CJE" in p:
        inside = p["CJC"] if outer is None else p["CJC"] * p["XCJC"]
        charges = [
            depletion(be, p["CJE"], p["VJE"], p["MJE"], p["FC"]) + p["TF"] * forward * share * _slowed(p, forward, bc),
            depletion(bc, inside, p["VJC"], p["MJC"], p["FC"]) + p["TR"] * reverse,
        ]
    if outer is not None:
        charges.append(depletion(outer, p["CJC"] * (1 - p["XCJC"]), p["VJC"], p["MJC"], p["FC"]))
    if "CJS" in p:
        charges.append(_substrate_charge(p, substrate))
    if "QCO" in p:
        charges += [p["QCO"] * _modulation(p, volts) for volts in (bc, next(ports))]
    return currents, charges


def _injected(p: Parameters, forward: Array, reverse: Array) -> Any:
    """What high injection leaves: ``2 / (1 + (1 + 4 F/IKF + 4 R/IKR)^NKF)``."""
    charge: Any = 0
    for current, name in ((forward, "IKF"), (reverse, "IKR")):
        if name in p:
            charge = charge + current / p[name]
    if "IKF" not in p and "IKR" not in p:
        return 1
    # Where the junctions are reversed the charge may fall below zero; SPICE takes it as zero.
    charge = jnp.maximum(1 + 4 * charge, 1e-12)
    return 2 / (1 + (jnp.exp(p["NKF"] * jnp.log(charge)) if "NKF" in p else jnp.sqrt(charge)))


def _early(p: Parameters, be: Array, bc: Array) -> Any:
    factor: Any = 1
    for voltage, name in ((bc, "VAF"), (be, "VAR")):
        if name in p:
            factor = factor - voltage / p[name]
    return factor


def _modulation(p: Parameters, volts: Array) -> Array:
    """``sqrt(1 + GAMMA e^(v q/kT))``: by how much carriers from the base fill the epitaxial collector."""
    return jnp.sqrt(1 + p["GAMMA"] * jnp.exp(jnp.minimum(volts / thermal_voltage(p), _LARGEST_EXPONENT)))


def _through_epitaxy(p: Parameters, volts: Array, bc: Array, *, is_small: bool) -> Array:
    """The current through the epitaxial collector, RCO (Kull, Nagel, Lee, Lloyd, Prendergast, Dirks 1985).

    ``(v + kT/q (K_i - K_x - log((1 + K_i)/(1 + K_x)))) / (RCO (1 + v/VO))`` with ``K = sqrt(1 + GAMMA e^(v q/kT))`` at
    its two ends; ``v/RCO`` where it flows out of the collector.
    """
    inner, outer = _modulation(p, bc), _modulation(p, bc - volts)
    ratio = jnp.log((1 + inner) / (1 + outer))
    if is_small:  # ngspice-39 has another slope of the logarithm
        steady = lax.stop_gradient((inner, outer, ratio))
        of_inner = (inner - steady[0]) * (1 + steady[1]) / jnp.square(1 + steady[0])
        ratio = steady[2] + of_inner - (outer - steady[1]) / (1 + steady[1])
    filled = volts + thermal_voltage(p) * (inner - outer - ratio)
    forward = filled / (1 + jnp.maximum(volts, 0) / p["VO"])
    return jnp.where(volts > 0, forward, volts) / p["RCO"]


def _slowed(p: Parameters, forward: Array, bc: Array) -> Any:
    """By how much the transit time grows with the current: ``1 + XTF (F/(F + ITF))^2 e^(v_bc/(1.44 VTF))``."""
    if "XTF" not in p:
        return 1
    growth = p["XTF"]
    if "VTF" in p:
        growth = growth * jnp.exp(jnp.minimum(bc / (1.44 * p["VTF"]), 50.0))
    if "ITF" in p:
        conducting = jnp.maximum(forward, 0)
        growth = growth * jnp.square(conducting / (conducting + p["ITF"]))
    return 1 + growth


def _crowding(base: Array, half: Array) -> Array:
    """The share of RB - RBM that is left at a base current, with Hauser's angle z: ``3 (tan z - z) / (z tan^2 z)``."""
    current = jnp.maximum(base / half, 1e-9)
    z = 14.59025 * jnp.sqrt(current) / (2.4317 * (1 + jnp.sqrt(1 + 14.59025 * current)))
    squared, sine, cosine = z * z, jnp.sin(z), jnp.cos(z)
    series = (1 + squared * (0.4 + squared * 17 / 105)) / (1 + squared * (2 / 3 + squared * 17 / 45))
    large = jnp.maximum(z, 0.1)
    exact = 3 * cosine * (sine - large * cosine) / (large * jnp.square(jnp.maximum(sine, 0.09)))
    return jnp.where(z < 0.1, series, exact)


def _substrate_charge(p: Parameters, v: Any) -> Array:
    below = jnp.minimum(v, 0)
    reverse = (1 - jnp.exp((1 - p["MJS"]) * jnp.log(1 - below / p["VJS"]))) * p["VJS"] / (1 - p["MJS"])
    above = jnp.maximum(v, 0)
    return p["CJS"] * (reverse + above * (1 + p["MJS"] * above / (2 * p["VJS"])))


def _law(through: BaseCurrent, *, is_leaky: bool = False) -> LawFunction:
    return partial(transistor, through=through, is_leaky=is_leaky)


def gummel_poon(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """`transistor` of silicon whose base has a fixed resistance."""
    return transistor(p, v, e, through=exact, is_leaky=False)


# By variant: "bent" where a resistance depends on the current, "leaky" of large saturation currents, or both.
VARIANTS = {"bent": _law(exact), "leaky": _law(exact, is_leaky=True), "bent leaky": _law(exact, is_leaky=True)}
SMALL_SIGNALS = {"bent": _law(held), "bent leaky": _law(held, is_leaky=True)}
SEARCHES = {"bent": _law(downhill), "bent leaky": _law(downhill, is_leaky=True)}
