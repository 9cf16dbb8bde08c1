"""The bipolar transistor."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from circuitnn.deferred import Array, jnp
from circuitnn.devices.bipolar_law import SEARCHES, SMALL_SIGNALS, VARIANTS, gummel_poon
from circuitnn.devices.device import ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Junction, Parameters
from circuitnn.devices.rules import Rule
from circuitnn.devices.temperature import (
    TEMPERATURES,
    junction_by_level,
    kelvin,
    quadratic,
    relative,
    saturation_growth,
)
from circuitnn.expressions.values import Value, combined

LARGEST_LEAKAGE = 1e-4  # amperes of ISE and ISC; beyond they are taken for multiples of IS, as in SPICE
LARGEST = {"NKF": 1.0, "FC": 0.9999, "MJE": 0.999, "MJC": 0.999, "MJS": 0.999}  # of constants on a card
LEVELS = (0.0, 1.0, 3.0)  # of temperatures: TLEV
SMALLEST = 1e-9  # in the place of a nothing that counts as something
_GERMANIUM = 1e-7  # amperes, from which on it matters how a current goes below -3 N kT/q
_CHARGE = ("CJE", "CJC", "TF", "TR")
_COEFFICIENTS = (  # what has them, T...1 and T...2, of temperatures
    "BF", "BR", "NF", "NR", "NE", "NC", "NS", "VAF", "VAR", "IKF", "IKR", "IRB", "RB", "RM", "RC", "RE", "TF", "TR",
    "ITF", "MJE", "MJC", "MJS",
)  # fmt: skip
PROCESS = ("C2", "C4")
_SUBSTRATE = ("substrate", "collector")  # of a lateral transistor: base and substrate
_EPITAXY = ("outer collector", "collector")


def of_card(
    card: Mapping[str, Value], line: Mapping[str, Value], polarity: int, note: Callable[[str], None]
) -> dict[str, Value]:
    """The parameters of a model, as SPICE takes what it says: leakage over IS, and what counts together alone."""
    p = {name: value for name, value in card.items() if name not in PROCESS}
    current = p.get("IS", 1e-16)
    for leakage, relative_to in (("ISE", "C2"), ("ISC", "C4")):
        ratio = p.get(leakage, card.get(relative_to, 0.0))
        if leakage not in p and ratio == 0.0:
            continue
        is_ratio = leakage not in p or (isinstance(ratio, float) and ratio > LARGEST_LEAKAGE)
        p[leakage] = combined("*", ratio, current) if is_ratio else ratio
    if p.get("RB", 0.0) == 0.0 or p.get("RBM", p["RB"]) == p["RB"]:
        p.pop("RBM", None), p.pop("IRB", None)
    elif p["RBM"] == 0.0:
        p["RBM"] = SMALLEST
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
    if p.get("IBE", 0.0) == 0.0 or p.get("IBC", 0.0) == 0.0:  # one of them alone says nothing
        p.pop("IBE", None), p.pop("IBC", None)
    if p.get("TLEV", 0.0) not in LEVELS:
        note(f"TLEV={p['TLEV']:g} is taken as 0: there are {', '.join(f'{level:g}' for level in LEVELS)}")
        p.pop("TLEV")
    if p.get("RCO", 0.0) == 0.0:
        p.pop("QCO", None), p.pop("QUASIMOD", None)
    elif p.get("QUASIMOD", 0.0) != 0.0 and polarity < 0:
        p = {"CN": 2.2, "D": 0.52} | p
    is_lateral = p.get("SUBS", polarity) == -1.0 if p.get("SUBS") in (1.0, -1.0) else polarity < 0
    if is_lateral == (polarity < 0):
        p.pop("SUBS", None)
    scaled = _with_areas(p, line, is_lateral=is_lateral)
    if "IBE" in scaled and "IBE" not in p:
        note("with an area IS counts as IBE and IBC, as ngspice has it: these are the currents to replace and to fit")
    return scaled


def _with_areas(p: dict[str, Value], line: Mapping[str, Value], *, is_lateral: bool) -> dict[str, Value]:
    """The parameters that ngspice-39 does not multiply by the area, over it.

    The collector's side goes with AREAB, or AREAC in a lateral transistor, which are the area where nothing is said;
    its saturation current with both, if it has none of its own. The epitaxial collector knows no area.
    """
    area = line.get("AREA", 1.0)
    bottom, side = line.get("AREAB", area), line.get("AREAC", area)
    if area == bottom == side == 1.0:
        return p
    collector, substrate = (combined("/", size, area) for size in ((side, bottom) if is_lateral else (bottom, side)))
    has_currents = "IBC" in p
    times = {"ISC": collector, "CJC": collector, "CJS": substrate, "RCO": area, "QCO": combined("/", 1.0, area)}
    times |= {"IBC": collector if has_currents else combined("*", collector, area)}
    times |= {"ISS": substrate} if has_currents else {}
    p = {"IBE": p.get("IS", 1e-16), "IBC": p.get("IS", 1e-16)} | p
    return p | {name: combined("*", p[name], factor) for name, factor in times.items() if name in p}


def at_temperature(p: Parameters) -> Parameters:
    """Parameters at TEMP, as in SPICE."""
    t, nominal = kelvin(p)
    warm = dict(p)
    for stem in _COEFFICIENTS:
        first, second, name = f"T{stem}1", f"T{stem}2", "RBM" if stem == "RM" else stem
        if name in p and (first in p or second in p):
            warm[name] = p[name] * quadratic(t, nominal, p.get(first, 0.0), p.get(second, 0.0))
    gain = _gain(p, t, nominal)
    warm |= {name: p[name] * gain for name in ("BF", "BR") if f"T{name}1" not in p and f"T{name}2" not in p}
    currents = {"IS": 1.0, "IBE": p["NF"], "IBC": p["NR"], "ISE": p.get("NE"), "ISC": p.get("NC")}
    currents |= {"ISS": p["NR"] if "IBC" in p else 1.0}
    for current, emission in currents.items():
        if current in p:
            growth = saturation_growth(t, nominal, gap=p["EG"], exponent=p["XTI"], emission=emission)
            growth = growth / gain if current in ("ISE", "ISC") else growth
            warm[current] = _at_level(p, current, p[current] * growth, t - nominal)
    warm |= {name: warm[name] * relative(t) for name in ("NF", "NR", "NE", "NC", "NS") if name in p}
    for side in "ECS":
        potential, capacitance = f"VJ{side}", f"CJ{side}"
        if potential in p:
            lines = f"T{potential}", f"CT{side}"
            warm[potential], growth = junction_by_level(p, potential, warm[f"MJ{side}"], lines, nominal)
            warm[capacitance] = p[capacitance] * growth
    if "QUASIMOD" in p:
        ratio = jnp.log(t / nominal)
        warm["RCO"], warm["VO"] = p["RCO"] * jnp.exp(p["CN"] * ratio), p["VO"] * jnp.exp(p["D"] * ratio)
        warm["GAMMA"] = p["GAMMA"] * saturation_growth(t, nominal, gap=p["VG"], exponent=p["XTI"])
    return warm


def _gain(p: Parameters, t: Array, nominal: Array) -> Array:
    """By how much current gains grow: ``(T/Tnom)^XTB``, at TLEV=1 ``1 + XTB dT``, else not."""
    power = jnp.exp(p["XTB"] * jnp.log(t / nominal))
    if "TLEV" not in p:
        return power
    straight = jnp.where(p["TLEV"] == 1, 1 + p["XTB"] * (t - nominal), 1.0)
    return jnp.where(p["TLEV"] == 0, power, straight)


def _at_level(p: Parameters, current: str, usual: Array, difference: Array) -> Array:
    """A saturation current, at TLEV=3 ``IS^(1 + TIS1 dT + TIS2 dT^2)``."""
    if "TLEV" not in p:
        return usual
    stem = f"T{current}" if current in ("ISE", "ISC", "ISS") else "TIS"
    exponent = difference * (p.get(f"{stem}1", 0.0) + difference * p.get(f"{stem}2", 0.0))
    return jnp.where(p["TLEV"] == 3, p[current] * jnp.exp(exponent * jnp.log(p[current])), usual)


def variant(parameters: Mapping[str, Any]) -> str:
    """Which of the laws a model has, by its parameters."""
    bent = "bent" if "RBM" in parameters or "RCO" in parameters else ""
    try:
        leaks = any(float(parameters.get(name, 0.0)) > _GERMANIUM for name in ("IS", "IBC", "ISE", "ISC"))
    except TypeError:  # an expression, a traced number, a batch
        leaks = False
    return f"{bent} leaky".strip() if leaks else bent


def _is_moved(kind: str, names: Sequence[str]) -> bool:
    """Whether the substrate lies below the base: in a PNP, as in SPICE, if its SUBS says nothing else."""
    return (kind == "PNP") != ("SUBS" in names)


BIPOLAR = ModelDevice(
    letter="Q",
    word="transistor",
    kinds={"NPN": 1, "PNP": -1},
    pins=("collector", "base", "emitter"),
    optional_pin="substrate",
    process=PROCESS,
    of_card=of_card,
    ports=(
        ("base", "emitter"), ("base", "collector"), ("outer base", "base"), ("outer base", "collector"), _SUBSTRATE,
        _EPITAXY, ("base", "outer collector"),
    ),
    optional_ports={2: ("RBM",), 3: ("XCJC",), 4: ("CJS", "ISS"), 5: ("RCO",), 6: ("QCO",)},
    other_ports={_SUBSTRATE: ("base", "substrate")},
    has_other_ports=_is_moved,
    currents=(("base", "emitter"), ("base", "collector"), ("outer base", "base"), _SUBSTRATE, _EPITAXY),
    charges=(("CJE", 0), ("CJC", 1), ("XCJC", 3), ("CJS", 4), ("QCO", 1), ("QCO", 6)),
    series=(("RC", "collector"), ("RCO", "collector"), ("RB", "base"), ("RE", "emitter")),
    bent={"RB": "RBM", "RCO": "RCO"},
    function=gummel_poon,
    variant=variant,
    variants=VARIANTS,
    small_signals=SMALL_SIGNALS,
    searches=SEARCHES,
    factor="m",  # an area is another thing in ngspice: the saturation current to the collector has its square
    line_numbers={"AREA": 1.0, "AREAB": 1.0, "AREAC": 1.0},
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
        P("MJE", "", 0.33, Rule.SHARE, when=_CHARGE, other_names=("ME",)),
        P("CJC", "F", 0.0, Rule.NOT_NEGATIVE, when=_CHARGE, scales=True),
        P("VJC", "V", 0.75, when=_CHARGE, other_names=("PC",)),
        P("MJC", "", 0.33, Rule.SHARE, when=_CHARGE, other_names=("MC",)),
        P("TF", "s", 0.0, Rule.NOT_NEGATIVE, when=_CHARGE),
        P("TR", "s", 0.0, Rule.NOT_NEGATIVE, when=_CHARGE),
        P("FC", "", 0.5, Rule.SHARE, when=_CHARGE),
        P("XCJC", "", 1.0, Rule.NOT_NEGATIVE, when=("XCJC",)),
        P("XTF", "", 0.0, Rule.NOT_NEGATIVE, when=("XTF",)),
        P("VTF", "V", 0.0, when=("VTF",)),
        P("ITF", "A", 0.0, when=("ITF",), scales=True),
        P("CJS", "F", 0.0, Rule.NOT_NEGATIVE, when=("CJS",), scales=True, other_names=("CCS", "CSUB")),
        P("VJS", "V", 0.75, when=("CJS",), other_names=("PS",)),
        P("MJS", "", 0.0, Rule.SHARE, when=("CJS",), other_names=("MS",)),
        P("ISS", "A", 0.0, when=("ISS",), scales=True),
        P("IBE", "A", 0.0, when=("IBE",), scales=True),
        P("IBC", "A", 0.0, when=("IBC",), scales=True),
        P("RCO", "ohm", 0.0, when=("RCO",), divides=True),
        P("VO", "V", 10.0, when=("RCO",)),
        P("GAMMA", "", 1e-11, Rule.NOT_NEGATIVE, when=("RCO",)),
        P("QCO", "C", 0.0, Rule.NOT_NEGATIVE, when=("QCO",), scales=True),
        P("SUBS", "", 0.0, Rule.ANY, when=("SUBS",)),
        P("NS", "", 1.0, when=("ISS",)),
        *TEMPERATURES,
        P("EG", "eV", 1.11, when=("TEMP",)),
        P("XTI", "", 3.0, Rule.ANY, when=("TEMP",), other_names=("PT",)),
        P("XTB", "", 0.0, Rule.ANY, when=("TEMP",)),
        *(
            P(f"T{stem}{power}", unit, 0.0, Rule.ANY, is_thermal=True, other_names=names)
            for power, unit in ((1, "1/K"), (2, "1/K^2"))
            for stem in _COEFFICIENTS
            for names in ((f"T{stem}",) if power == 1 and stem in ("RB", "RC", "RE") else (),)
        ),
        *(P(name, "", 0.0, Rule.NOT_NEGATIVE, is_thermal=True) for name in ("TLEV", "TLEVC")),
        *(
            P(f"{stem}{power}", unit, 0.0, Rule.ANY, is_thermal=True)
            for power, unit in ((1, "1/K"), (2, "1/K^2"))
            for stem in ("TIS", "TISE", "TISC", "TISS")
        ),
        *(P(f"CT{side}", "1/K", 0.0, Rule.ANY, is_thermal=True) for side in "ECS"),
        *(P(f"TVJ{side}", "V/K", 0.0, Rule.ANY, is_thermal=True) for side in "ECS"),
        P("QUASIMOD", "", 0.0, Rule.ANY, is_thermal=True),
        P("CN", "", 2.42, Rule.ANY, when=("QUASIMOD",)),
        P("D", "", 0.87, Rule.ANY, when=("QUASIMOD",)),
        P("VG", "V", 1.206, Rule.ANY, when=("QUASIMOD",)),
    ),
    neglected={
        "ptf": "the excess phase: the collector's current lags by PTF at 1/(2 pi TF) hertz, in proportion below: "
        "by 1e-4 radians at 20 kHz where TF is 1n and PTF 50",
        **dict.fromkeys(("bvbe", "ibvbe", "nbvbe"), "the base and emitter do not break down"),
        **dict.fromkeys(("bvcbo", "ibvcbo", "nbvcbo"), "the base and collector do not break down"),
    },
    harmless=dict.fromkeys(("vbe_max", "vbc_max", "vce_max", "ic_max", "ib_max", "pd_max", "te_max", "rth0")),
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
