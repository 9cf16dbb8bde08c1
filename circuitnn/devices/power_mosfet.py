"""The vertical power MOSFET, VDMOS: a channel, a body diode, and a gate whose charge bends at the drain's voltage."""

import math
from collections.abc import Callable, Mapping

from circuitnn.deferred import Array, custom_jvp, jax, jnp
from circuitnn.devices.depletion import depletion
from circuitnn.devices.device import ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.diode_law import relative_to_saturation, reverse_ratio, with_breakdown
from circuitnn.devices.law import Exponentials, Junction, Parameters
from circuitnn.devices.rules import LARGEST, Rule
from circuitnn.devices.temperature import TEMPERATURES, junction, kelvin, quadratic, relative, saturation_growth
from circuitnn.expressions.values import Value

_GATE_DRAIN = ("CGDMAX", "CGDMIN")
_BODY = ("CJO", "TT")
_WARM = ("TEMP",)
_LEAST_MOBILITY = 1e-3  # that THETA leaves: where its formula has a pole nothing flows
_LEAST_SATURATION, _LEAST_SLOPE = 1e-28, 1e-4  # amperes as in ngspice, volts
_HIGHEST_CORNER = 2.5  # volts, of FC VJ
_LEAST_DISTANCE = 1e-6  # of M from 1, where the charge's formula has a pole


def vdmos(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """The VDMOS of ngspice-39, in both directions of the channel.

    With ``u = KSUBTHRES log(1 + e^((v - VTO - SUBSHIFT)/KSUBTHRES))`` of the larger one of v_gs and v_gd, and w the
    smaller one of u and ``MTRIODE |v_ds|``, the channel's current is
    ``KP (1 + LAMBDA v_ds) / (1 + THETA v_gs) w (u - w/2)`` in the direction of v_ds.
    Currents: of the channel from the drain to the source, of the body diode from the source to the drain, of RDS.
    """
    through, charges = _law(p, v, e)
    return [*through, *(volts / p["RDS"] for volts in v[3:])], charges


def small_signal(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """The same with the slopes of ngspice-39's small signals, which see no RDS, and LAMBDA and THETA forwards alone."""
    through, charges = _law(p, v, e, _modulation_of_small_signals, _leakage_of_small_signals)
    return [*through, *(jnp.zeros_like(volts) for volts in v[3:])], charges


def _law(
    p: Parameters,
    v: list[Array],
    e: Exponentials,
    modulation: Callable[..., Array] | None = None,
    leakage: Callable[..., Array] | None = None,
) -> tuple[list[Array], list[Array]]:
    gs, gd, body = v[:3]
    power, avalanche = e
    ds = gs - gd
    over = p["KSUBTHRES"] * jnp.logaddexp(0.0, (jnp.maximum(gs, gd) - p["VTO"] - p["SUBSHIFT"]) / p["KSUBTHRES"])
    reach = jnp.clip(p["MTRIODE"] * ds, -over, over)
    channel = (
        p["KP"]
        * (modulation or _modulation)(gs, ds, p["LAMBDA"], p.get("THETA"))
        * reach
        * (over - 0.5 * jnp.abs(reach))
    )
    diode = p["IS"] * relative_to_saturation(p, body, p["N"], power, avalanche)
    diode = diode if leakage is None else diode + p["IS"] * leakage(p, body)
    charges = []
    if "CGS" in p:
        charges.append(p["CGS"] * gs)
    if "CGDMAX" in p:
        charges.append(gate_drain_charge(gd, p["CGDMIN"], p["CGDMAX"], p["A"]))
    if "CJO" in p:
        charges.append(depletion(body, p["CJO"], p["VJ"], p["M"], p["FC"]) + p["TT"] * diode)
    return [channel, diode], charges


def _modulation(gs: Array, ds: Array, shortening: Array, degradation: Array | None) -> Array:
    """``(1 + LAMBDA v_ds) / (1 + THETA v_gs)``."""
    lengthened = 1 + shortening * ds
    return lengthened if degradation is None else lengthened / jnp.maximum(1 + degradation * gs, _LEAST_MOBILITY)


_modulation_of_small_signals = custom_jvp(_modulation)


@_modulation_of_small_signals.defjvp
def _small_signal_jvp(primals, tangents):
    """In the inverse direction ngspice-39 takes the slope along -v_ds, and that along v_gs for one along v_gd."""
    ds = primals[1]
    gs_dot, ds_dot, *parameters_dot = tangents
    is_forward = ds >= 0
    volts_dot = jnp.where(is_forward, gs_dot, gs_dot - ds_dot), jnp.where(is_forward, ds_dot, -ds_dot)
    return jax.jvp(_modulation, primals, (*volts_dot, *parameters_dot))


def _leakage_of_small_signals(p: Parameters, volts: Array) -> Array:
    """Over IS, what has the slope that ngspice-39 takes for the body diode's below -3 N kT/q beside the diode's own."""
    corner, ratio = reverse_ratio(volts, p["N"])
    is_leaking = (volts < corner) & (volts >= -p["BV"]) if "BV" in p else volts < corner
    return jnp.where(is_leaking, 3 * ratio - ratio * ratio * ratio, 0)


def gate_drain_charge(v: Array, least: Array, most: Array, steepness: Array) -> Array:
    """Charge in coulombs between gate and drain, the integral of their capacitance.

    ``C = CGDMAX + s (t(A v) - 1)``, ``s = (CGDMAX - CGDMIN) / (1 + pi/2)``; t is tanh above
    0 V, and arctan below.
    """
    swing = (most - least) / (1 + math.pi / 2)
    above, below = jnp.maximum(steepness * v, 0), jnp.minimum(steepness * v, 0)
    bent = above + jnp.log1p(jnp.exp(-2 * above)) - math.log(2) + below * jnp.arctan(below) - 0.5 * jnp.log1p(below**2)
    return (most - swing) * v + swing / steepness * bent


def at_temperature(p: Parameters) -> Parameters:
    """Parameters at TEMP as in ngspice-39, but for the threshold, which is for `prepare`."""
    t, nominal = kelvin(p)
    warm, ratio = dict(p), t / nominal
    warm["KP"] = p["KP"] * ratio ** p["MU"]
    warm["KSUBTHRES"] = p["KSUBTHRES"] * quadratic(t, nominal, p["TKSUBTHRES1"], p["TKSUBTHRES2"])
    for name in ("RD", "RG", "RS", "RB"):
        if name in p:
            warm[name] = p[name] * quadratic(t, nominal, p[f"T{name}1"], p[f"T{name}2"])
    if "RD" in p and "TEXP0" in p:
        warm["RD"] = p["RD"] * ratio ** p["TEXP0"]
    growth = saturation_growth(t, nominal, gap=p["EG"], exponent=p["XTI"], emission=p["N"])
    warm["IS"] = p["IS"] * growth
    for name in ("N", "NBV"):
        if name in p:
            warm[name] = p[name] * relative(t)
    if "CJO" in p:
        warm["VJ"], growth = junction(p["VJ"], p["M"], t, nominal)
        warm["CJO"] = p["CJO"] * growth
    return warm


def prepare(p: Parameters) -> Parameters:
    """The voltage from which the exponential of the breakdown begins, the threshold at TEMP, ngspice's limit of VJ."""
    ready = with_breakdown(p)
    emission = p["N"]
    if "TEMP" in p:
        ready["VTO"] = p["VTO"] - p["TCVTH"] * (p["TEMP"] - p["TNOM"])
        emission = emission / relative(kelvin(p)[0])
    if "VJ" in p:
        ready["VJ"] = jnp.where(p["FC"] * p["VJ"] > _HIGHEST_CORNER, _HIGHEST_CORNER / emission, p["VJ"])
        ready["M"] = jnp.where(p["M"] == 1, 1 - _LEAST_DISTANCE, p["M"])
    return ready


def of_card(
    card: Mapping[str, Value], line: Mapping[str, Value], polarity: int, note: Callable[[str], None]
) -> dict[str, Value]:
    """What a card says, where that is beyond what a device can have what ngspice takes in its place."""
    del line, polarity
    p = dict(card)
    for name in ("RD", "RS", "RG", "RB", "RDS"):
        resistance = p.get(name)
        if isinstance(resistance, float) and resistance < 0:
            note(f"{name}={resistance:g} is as none, as in ngspice")
            del p[name]
    for name, least in (("IS", _LEAST_SATURATION), ("KSUBTHRES", _LEAST_SLOPE)):
        value = p.get(name)
        if isinstance(value, float) and value < least:
            p[name] = least
            note(f"{name}={value:g} is {least:g} here")
    return {name: 0.0 if isinstance(value, float) and abs(value) < 1 / LARGEST else value for name, value in p.items()}


VDMOS = ModelDevice(
    letter="M",
    word="power MOSFET",
    kinds={"VDMOS": 1, "VDMOSN": 1, "VDMOSP": -1},
    spelled={"VDMOSN": ("VDMOS", "nchan"), "VDMOSP": ("VDMOS", "pchan")},
    pins=("drain", "gate", "source"),
    idle_nodes=2,
    insulated=("gate",),
    inner_nodes={"body": "source"},
    ports=(("gate", "source"), ("gate", "drain"), ("body", "outer drain"), ("outer drain", "outer source")),
    optional_ports={3: ("RDS",)},
    currents=(("drain", "source"), ("body", "outer drain"), ("outer drain", "outer source")),
    charges=(("CGS", 0), ("CGDMAX", 1), ("CJO", 2)),
    series=(("RD", "drain"), ("RG", "gate"), ("RS", "source"), ("RB", "body")),
    function=vdmos,
    small_signals={"": small_signal},
    junctions=(
        Junction(2, "IS", "N"),
        Junction(2, "IS", "NBV", when="BV", is_reverse=True, offset="BV"),
    ),
    at_temperature=at_temperature,
    prepare=prepare,
    parameters=(
        P("VTO", "V", 0.0, Rule.ANY, mirrors=True, other_names=("VT0", "VTH0", "VTH")),
        P("KP", "A/V^2", 1.0, scales=True),
        P("LAMBDA", "1/V", 0.0, Rule.NOT_NEGATIVE),
        P("THETA", "1/V", 0.0, Rule.NOT_NEGATIVE, when=("THETA",)),
        P("MTRIODE", "", 1.0),
        P("KSUBTHRES", "V", 0.1),
        P("SUBSHIFT", "V", 0.0, Rule.ANY),
        P("RD", "ohm", 0.0, when=("RD",)),
        P("RS", "ohm", 0.0, when=("RS",)),
        P("RG", "ohm", 0.0, when=("RG",)),
        P("RDS", "ohm", 0.0, when=("RDS",), divides=True),
        P("IS", "A", 1e-14, scales=True),
        P("N", "", 1.0),
        P("RB", "ohm", 0.0, when=("RB",)),
        P("BV", "V", 0.0, when=("BV",)),
        P("IBV", "A", 1e-10, when=("BV",)),
        P("NBV", "", 1.0, when=("BV",)),
        P("CJO", "F", 0.0, Rule.NOT_NEGATIVE, when=_BODY, scales=True, other_names=("CJ0", "CJ")),
        P("VJ", "V", 0.8, when=_BODY),
        P("M", "", 0.5, Rule.NOT_NEGATIVE, when=_BODY),
        P("FC", "", 0.5, Rule.FRACTION, when=_BODY),
        P("TT", "s", 0.0, Rule.NOT_NEGATIVE, when=_BODY),
        P("CGS", "F", 0.0, Rule.NOT_NEGATIVE, when=("CGS",)),
        P("CGDMAX", "F", 0.0, Rule.NOT_NEGATIVE, when=_GATE_DRAIN),
        P("CGDMIN", "F", 0.0, Rule.NOT_NEGATIVE, when=_GATE_DRAIN),
        P("A", "1/V", 1.0, when=_GATE_DRAIN),
        *TEMPERATURES,
        P("TCVTH", "V/K", 0.0, Rule.ANY, when=_WARM, other_names=("VTOTC",)),
        P("MU", "", -1.5, Rule.ANY, when=_WARM, other_names=("BEX",)),
        P("TEXP0", "", 0.0, Rule.ANY, is_thermal=True),
        P("TRD1", "1/K", 0.0, Rule.ANY, when=_WARM),
        P("TRD2", "1/K^2", 0.0, Rule.ANY, when=_WARM),
        P("TRG1", "1/K", 0.0, Rule.ANY, when=_WARM),
        P("TRG2", "1/K^2", 0.0, Rule.ANY, when=_WARM),
        P("TRS1", "1/K", 0.0, Rule.ANY, when=_WARM),
        P("TRS2", "1/K^2", 0.0, Rule.ANY, when=_WARM),
        P("TRB1", "1/K", 0.0, Rule.ANY, when=_WARM),
        P("TRB2", "1/K^2", 0.0, Rule.ANY, when=_WARM),
        P("TKSUBTHRES1", "1/K", 0.0, Rule.ANY, when=_WARM),
        P("TKSUBTHRES2", "1/K^2", 0.0, Rule.ANY, when=_WARM),
        P("EG", "eV", 1.11, when=_WARM),
        P("XTI", "", 3.0, Rule.ANY, when=_WARM),
    ),
    of_card=of_card,
    of_one=("CGS", *_GATE_DRAIN),
    factor="m",
    harmless=dict.fromkeys(("phi", "ron", "qg", "vgs_max", "vgd_max", "vds_max")),
    unmodelled=frozenset({"rq", "vq"}),
    hints={"RQ": "quasi-saturation is not modelled", "VQ": "quasi-saturation is not modelled"},
    equation="i_ds = KP (1 + LAMBDA v_ds) w (u - w/2), u = KSUBTHRES log(1 + e^((v_gs - VTO)/KSUBTHRES)), "
    "w = min(u, MTRIODE v_ds); body diode",
    source="ngspice-39",
    trial=Trial(
        {
            "VTO": 2.0, "KP": 0.5, "LAMBDA": 0.01, "THETA": 0.05, "MTRIODE": 0.8, "KSUBTHRES": 0.12, "IS": 1e-11,
            "N": 1.1, "CGS": 2e-10, "CGDMAX": 4e-10, "CGDMIN": 2e-11, "A": 0.5, "CJO": 3e-10, "TT": 1e-8,
        },
        (3.5, 2.2, 0.4),
    ),
)  # fmt: skip
