"""The bipolar transistor."""

from collections.abc import Callable, Mapping
from typing import Any

from jax import Array, lax
from jax import numpy as jnp

from circuitnn.devices.depletion import depletion
from circuitnn.devices.device import ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Exponentials, Junction, Parameters
from circuitnn.devices.rules import Rule
from circuitnn.devices.temperature import TEMPERATURES, junction, kelvin, relative, saturation_growth
from circuitnn.expressions.values import Value, combined

LARGEST_LEAKAGE = 1e-4  # amperes of ISE and ISC; beyond they are taken for multiples of IS, as in SPICE
LARGEST = {"NKF": 1.0, "FC": 0.949, "MJE": 0.949, "MJC": 0.949, "MJS": 0.949}  # of constants on a card
SMALLEST = 1e-9  # in the place of a nothing that counts as something
_CHARGE = ("CJE", "CJC", "TF", "TR")
_SUBSTRATE = ("substrate", "collector")  # of a lateral transistor: base and substrate


def gummel_poon(
    p: Parameters, v: list[Array], e: Exponentials, held: Callable[[Any], Any] = lambda resistance: resistance
) -> tuple[list[Array], list[Array]]:
    """Ebers and Moll's transistor with the Early effect and high-level injection, as in SPICE.

    The currents are those from the base to the emitter and to the collector, so that the emitter's current out of it
    is the first and the collector's into it minus the second:
    ``i_be = T + F/BF + ISE (e^(v_be/(NE kT/q)) - 1)``, ``i_bc = R/BR + ISC (e^(v_bc/(NC kT/q)) - 1) - T``, where
    ``F, R = IS (e^(v/(N kT/q)) - 1)`` and
    ``T = (F - R) (1 - v_bc/VAF - v_be/VAR) 2 / (1 + (1 + 4 F/IKF + 4 R/IKR)^NKF)``.
    """
    be, bc = v[:2]
    power_be, power_bc, leak_be, leak_bc, power_substrate = e
    forward, reverse = p["IS"] * (power_be - 1), p["IS"] * (power_bc - 1)
    base_emitter, base_collector = forward / p["BF"], reverse / p["BR"]
    if leak_be is not None:
        base_emitter = base_emitter + p["ISE"] * (leak_be - 1)
    if leak_bc is not None:
        base_collector = base_collector + p["ISC"] * (leak_bc - 1)
    charge: Any = 0
    for current, name in ((forward, "IKF"), (reverse, "IKR")):
        if name in p:
            charge = charge + current / p[name]
    injected: Any = 1
    if "IKF" in p or "IKR" in p:
        # Where the junctions are reversed the charge may fall below zero; SPICE takes it as zero.
        charge = jnp.maximum(1 + 4 * charge, 1e-12)
        injected = 2 / (1 + (jnp.exp(p["NKF"] * jnp.log(charge)) if "NKF" in p else jnp.sqrt(charge)))
    early: Any = 1
    for voltage, name in ((bc, "VAF"), (be, "VAR")):
        if name in p:
            early = early - voltage / p[name]
    transport = (forward - reverse) * injected * early
    currents = [transport + base_emitter, base_collector - transport]
    others = iter(v[2:])
    if "RBM" in p:
        ratio = _crowding(base_emitter + base_collector, p["IRB"]) if "IRB" in p else injected * early
        resistance = held(p["RBM"] + (p["RB"] - p["RBM"]) * ratio)
        currents.append(next(others) / jnp.maximum(resistance, 1e-3 * p["RB"]))
    outer = next(others) if "XCJC" in p else None
    substrate = next(others) if "CJS" in p or "ISS" in p else None
    if substrate is not None:
        currents.append(p["ISS"] * (power_substrate - 1) if "ISS" in p else jnp.zeros_like(substrate))
    charges = []
    if "CJE" in p:
        stored = p["TF"] * forward * injected * early
        inside = p["CJC"] if outer is None else p["CJC"] * p["XCJC"]
        charges = [
            depletion(be, p["CJE"], p["VJE"], p["MJE"], p["FC"]) + stored * _slowed(p, forward, bc),
            depletion(bc, inside, p["VJC"], p["MJC"], p["FC"]) + p["TR"] * reverse,
        ]
    if outer is not None:
        charges.append(depletion(outer, p["CJC"] * (1 - p["XCJC"]), p["VJC"], p["MJC"], p["FC"]))
    if "CJS" in p:
        charges.append(_substrate_charge(p, substrate))
    return currents, charges


def small_signal(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """The law with the slopes that SPICE's small signals see, whose base resistance does not follow the signal."""
    return gummel_poon(p, v, e, lax.stop_gradient)


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


def of_card(
    card: Mapping[str, Value], line: Mapping[str, Value], polarity: int, note: Callable[[str], None]
) -> dict[str, Value]:
    """The parameters of a model, as SPICE takes what it says: leakage over IS, and what counts together alone."""
    del line, polarity
    p = {name: value for name, value in card.items() if name not in ("C2", "C4")}
    current = p.get("IS", 1e-16)
    for leakage, relative_to in (("ISE", "C2"), ("ISC", "C4")):
        ratio = p.get(leakage, card.get(relative_to, 0.0))
        if leakage not in p and ratio == 0.0:
            continue
        is_ratio = leakage not in p or (isinstance(ratio, float) and ratio > LARGEST_LEAKAGE)
        p[leakage] = combined("*", ratio, current) if is_ratio else ratio
    if "RB" not in p or p["RB"] == 0.0 or ("IRB" not in p and p.get("RBM") == p["RB"]):
        p.pop("RBM", None), p.pop("IRB", None)
    elif "IRB" in p or "RBM" in p:
        p["RBM"] = p.get("RBM", p["RB"])
        p["RBM"] = SMALLEST if p["RBM"] == 0.0 else p["RBM"]
    if p.get("XCJC", 1.0) == 1.0 or "RB" not in p or p["RB"] == 0.0 or p.get("CJC", 0.0) == 0.0:
        p.pop("XCJC", None)
    elif p["XCJC"] == 0.0:
        p["XCJC"] = SMALLEST
    for name, most in LARGEST.items():
        value = p.get(name)
        if isinstance(value, float) and value > most:
            note(f"{name} is taken as {most:g}, the most that it may be")
            p[name] = most
    if p.get("TF", 0.0) == 0.0 or p.get("XTF", 0.0) == 0.0:
        for name in ("XTF", "VTF", "ITF"):
            p.pop(name, None)
    return p


def at_temperature(p: Parameters) -> Parameters:
    """Parameters at TEMP, as in SPICE."""
    t, nominal = kelvin(p)
    warm, gain = dict(p), jnp.exp(p["XTB"] * jnp.log(t / nominal))
    for current, emission in (("IS", ""), ("ISE", "NE"), ("ISC", "NC"), ("ISS", "")):
        if current in p:
            growth = saturation_growth(
                t, nominal, gap=p["EG"], exponent=p["XTI"], emission=p[emission] if emission else 1.0
            )
            warm[current] = p[current] * (growth / gain if emission else growth)
    warm |= {name: p[name] * gain for name in ("BF", "BR")}
    warm |= {name: p[name] * relative(t) for name in ("NF", "NR", "NE", "NC", "NS") if name in p}
    for potential, grading, capacitance in (("VJE", "MJE", "CJE"), ("VJC", "MJC", "CJC"), ("VJS", "MJS", "CJS")):
        if potential in p:
            warm[potential], growth = junction(p[potential], p[grading], t, nominal)
            warm[capacitance] = p[capacitance] * growth
    return warm


BIPOLAR = ModelDevice(
    letter="Q",
    word="transistor",
    kinds={"NPN": 1, "PNP": -1},
    pins=("collector", "base", "emitter"),
    optional_pin="substrate",
    process=("C2", "C4"),
    of_card=of_card,
    ports=(
        ("base", "emitter"), ("base", "collector"), ("outer base", "base"), ("outer base", "collector"), _SUBSTRATE,
    ),
    optional_ports={2: ("RBM",), 3: ("XCJC",), 4: ("CJS", "ISS")},
    other_ports={"PNP": {_SUBSTRATE: ("base", "substrate")}},  # lateral, as in SPICE
    currents=(("base", "emitter"), ("base", "collector"), ("outer base", "base"), _SUBSTRATE),
    charges=(("CJE", 0), ("CJC", 1), ("XCJC", 3), ("CJS", 4)),
    series=(("RC", "collector"), ("RB", "base"), ("RE", "emitter")),
    bent={"RB": "RBM"},
    function=gummel_poon,
    variant=lambda parameters: "bent" if "RBM" in parameters else "",
    variants={"bent": gummel_poon},
    small_signals={"bent": small_signal},
    junctions=(
        Junction(0, "IS", "NF"),
        Junction(1, "IS", "NR"),
        Junction(0, "ISE", "NE", limits=False),
        Junction(1, "ISC", "NC", limits=False),
        Junction(4, "ISS", "NS"),
    ),
    at_temperature=at_temperature,
    parameters=(
        P("IS", "A", 1e-16, scales=True),
        P("BF", "", 100.0),
        P("BR", "", 1.0),
        P("NF", "", 1.0),
        P("NR", "", 1.0),
        P("VAF", "V", 0.0, when=("VAF",), other_names=("VA",)),
        P("VAR", "V", 0.0, when=("VAR",), other_names=("VB",)),
        P("IKF", "A", 0.0, when=("IKF",), scales=True, other_names=("IK",)),
        P("IKR", "A", 0.0, when=("IKR",), scales=True),
        P("RB", "ohm", 0.0, when=("RB",), divides=True),
        P("RBM", "ohm", 0.0, when=("RBM",), divides=True),
        P("IRB", "A", 0.0, when=("IRB",), scales=True),
        P("NKF", "", 0.5, when=("NKF",), other_names=("NK",)),
        P("RC", "ohm", 0.0, when=("RC",)),
        P("RE", "ohm", 0.0, when=("RE",)),
        P("ISE", "A", 0.0, when=("ISE",), scales=True),
        P("NE", "", 1.5, when=("ISE",)),
        P("ISC", "A", 0.0, when=("ISC",), scales=True),
        P("NC", "", 2.0, when=("ISC",)),
        P("CJE", "F", 0.0, Rule.NOT_NEGATIVE, when=_CHARGE, scales=True),
        P("VJE", "V", 0.75, when=_CHARGE, other_names=("PE",)),
        P("MJE", "", 0.33, Rule.FRACTION, when=_CHARGE, other_names=("ME",)),
        P("CJC", "F", 0.0, Rule.NOT_NEGATIVE, when=_CHARGE, scales=True),
        P("VJC", "V", 0.75, when=_CHARGE, other_names=("PC",)),
        P("MJC", "", 0.33, Rule.FRACTION, when=_CHARGE, other_names=("MC",)),
        P("TF", "s", 0.0, Rule.NOT_NEGATIVE, when=_CHARGE),
        P("TR", "s", 0.0, Rule.NOT_NEGATIVE, when=_CHARGE),
        P("FC", "", 0.5, Rule.FRACTION, when=_CHARGE),
        P("XCJC", "", 1.0, Rule.NOT_NEGATIVE, when=("XCJC",)),
        P("XTF", "", 0.0, Rule.NOT_NEGATIVE, when=("XTF",)),
        P("VTF", "V", 0.0, when=("VTF",)),
        P("ITF", "A", 0.0, when=("ITF",), scales=True),
        P("CJS", "F", 0.0, Rule.NOT_NEGATIVE, when=("CJS",), scales=True, other_names=("CCS",)),
        P("VJS", "V", 0.75, when=("CJS",), other_names=("PS",)),
        P("MJS", "", 0.0, Rule.FRACTION, when=("CJS",), other_names=("MS",)),
        P("ISS", "A", 0.0, when=("ISS",), scales=True),
        P("NS", "", 1.0, when=("ISS",)),
        *TEMPERATURES,
        P("EG", "eV", 1.11, when=("TEMP",)),
        P("XTI", "", 3.0, Rule.ANY, when=("TEMP",), other_names=("PT",)),
        P("XTB", "", 0.0, Rule.ANY, when=("TEMP",)),
    ),
    neglected={
        "ptf": "the excess phase of the transit time, below 1e-5 of the signal in the audio band",
        "rco": "quasi-saturation: at a large current the collector saturates a little earlier",
        "vo": "quasi-saturation", "gamma": "quasi-saturation", "qco": "quasi-saturation",
        "quasimod": "quasi-saturation", "subs": "the substrate is where SPICE has it by default",
    },
    unmodelled=frozenset({"ibe", "ibc"}),
    equation="i_c = (F - R) (1 - v_bc/VAF - v_be/VAR) 2/(1 + (1 + 4 F/IKF + 4 R/IKR)^NKF) - R/BR - leakage, "
    "F, R = IS (e^(v/(N kT/q)) - 1)",
    source="Ebers and Moll 1954; Gummel and Poon 1970",
    trial=Trial(
        {
            "IS": 1e-14, "BF": 200.0, "BR": 3.0, "NF": 1.02, "NR": 1.05, "VAF": 40.0, "VAR": 8.0, "IKF": 0.02,
            "IKR": 0.1, "ISE": 3e-13, "NE": 1.6, "ISC": 5e-13, "NC": 1.9, "CJE": 2e-11, "CJC": 8e-12, "TF": 3e-10,
            "TR": 2e-8,
        },
        (0.62, -1.5),
    ),
)  # fmt: skip
