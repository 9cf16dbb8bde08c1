"""The diode."""

from collections.abc import Mapping
from typing import Any

from circuitnn.deferred import jnp
from circuitnn.devices.constants import TEMPERATURE
from circuitnn.devices.device import ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.diode_law import junction_diode, prepare, shockley, small_signal
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

_CHARGE = ("CJO", "TT", "CJSW")
_WARM = ("TEMP",)
_TUNNEL = ("JTUN", "JTUNSW")
_BESIDE = ("BV", "JSW", "ISR", *_TUNNEL, "IKF", "IKR")  # that Shockley's law does not know
_GERMANIUM = 1e-7  # amperes of IS, from which on it matters how the current goes below -3 N kT/q
_PERIMETER = ("PJ", "M")


def at_temperature(p: Parameters) -> Parameters:
    """Parameters at TEMP, as in SPICE."""
    t, nominal = kelvin(p)
    warm = dict(p)
    for current, emission, gap, exponent in (
        ("IS", "N", p["EG"], p["XTI"]),
        ("JSW", "NS", p["EG"], p["XTI"]),
        ("ISR", "NR", p["EG"], p["XTI"]),
        ("JTUN", "NTUN", p["EG"] * p["KEG"], p["XTITUN"]),
        ("JTUNSW", "NTUN", p["EG"] * p["KEG"], p["XTITUN"]),
    ):
        if current in p:
            growth = saturation_growth(t, nominal, gap=gap, exponent=exponent, emission=p.get(emission, 1.0))
            warm[current] = p[current] * growth
    for emission in ("N", "NS", "NR", "NTUN", "NBV"):
        if emission in p:
            warm[emission] = p[emission] * relative(t)
    for name, first, second in (("RS", "TRS1", "TRS2"), ("M", "TM1", "TM2"), ("TT", "TTT1", "TTT2")):
        if name in p:
            warm[name] = p[name] * quadratic(t, nominal, p[first], p[second])
    for potential, grading, capacitance, coefficients in (
        ("VJ", "M", "CJO", ("TPB", "CTA")),
        ("PHP", "MJSW", "CJSW", ("TPHP", "CTP")),
    ):
        if potential in p:
            warm[potential], growth = junction_by_level(p, potential, warm[grading], coefficients, TEMPERATURE)
            if capacitance in p:
                warm[capacitance] = p[capacitance] * growth
    if "BV" in p:
        unit = jnp.where(p["TLEV"] == 0, 1.0, p["BV"]) if "TLEV" in p else 1.0
        warm["BV"] = p["BV"] - p["TCV"] * unit * (t - nominal)
    return warm


def variant(parameters: Mapping[str, Any]) -> str:
    """Which of the laws a model has, by its parameters."""
    if any(name in parameters for name in _BESIDE):
        return "full"
    try:
        return "reverse" if float(parameters["IS"]) > _GERMANIUM else ""
    except TypeError:  # an expression, a traced number, a batch
        return ""


DIODE = ModelDevice(
    letter="D",
    word="diode",
    kinds={"D": 1},
    pins=("anode", "cathode"),
    ports=(("anode", "cathode"),),
    currents=(("anode", "cathode"),),
    charges=(("CJO", 0),),
    series=(("RS", "anode"),),
    function=shockley,
    variant=variant,
    variants={"full": junction_diode, "reverse": junction_diode},
    small_signals={"full": small_signal},
    in_pairs={"reverse": ""},
    junctions=(
        Junction(0, "IS", "N"),
        Junction(0, "JSW", "NS", limits=False, when="NS"),
        Junction(0, "ISR", "NR", limits=False),
        Junction(0, "IS", "NBV", when="BV", is_reverse=True, offset="BV"),
        Junction(0, "IS", "NTUN", limits=False, when="NTUN", is_reverse=True),
    ),
    line_numbers={"PJ": 0.0},
    merges=True,
    merges_without=("BV",),  # whose IBV is of one device, whatever its area is
    of_ngspice={"NR": 1.0},
    at_temperature=at_temperature,
    prepare=prepare,
    parameters=(
        P("IS", "A", 1e-14, scales=True, other_names=("JS",)),
        P("N", "", 1.0),
        P("RS", "ohm", 0.0, when=("RS",)),
        P("CJO", "F", 0.0, Rule.NOT_NEGATIVE, when=_CHARGE, scales=True, other_names=("CJ0", "CJ")),
        P("VJ", "V", 1.0, when=(*_CHARGE, "ISR"), other_names=("PB",)),
        P("M", "", 0.5, Rule.NOT_NEGATIVE, when=(*_CHARGE, "ISR"), other_names=("MJ",)),
        P("FC", "", 0.5, Rule.FRACTION, when=(*_CHARGE, "ISR")),
        P("TT", "s", 0.0, Rule.NOT_NEGATIVE, when=_CHARGE),
        P("BV", "V", 0.0, when=("BV",)),
        P("IBV", "A", 1e-3, when=("BV",), other_names=("IB",), times=("M",)),
        P("NBV", "", 1.0, when=("BV",), other_names=("NZ",), default_of="N"),
        P("ISR", "A", 0.0, when=("ISR",), scales=True),
        P("NR", "", 2.0, when=("ISR",)),
        P("IKF", "A", 0.0, when=("IKF",), scales=True, other_names=("IK",)),
        P("IKR", "A", 0.0, when=("IKR",), scales=True),
        P("JTUN", "A", 0.0, when=("JTUN",), scales=True),
        P("NTUN", "", 30.0, when=_TUNNEL),
        P("PJ", "", 0.0, when=("PJ",)),
        P("JSW", "A", 0.0, when=("JSW",), other_names=("ISW",), times=_PERIMETER),
        P("NS", "", 1.0, when=("NS",)),
        P("JTUNSW", "A", 0.0, when=("JTUNSW",), times=_PERIMETER),
        P("CJSW", "F", 0.0, when=("CJSW",), other_names=("CJP",), times=_PERIMETER),
        P("PHP", "V", 1.0, when=("CJSW",), other_names=("VJSW",)),
        P("MJSW", "", 0.33, Rule.FRACTION, when=("CJSW",)),
        P("FCS", "", 0.5, Rule.FRACTION, when=("CJSW",)),
        *TEMPERATURES,
        P("EG", "eV", 1.11, when=_WARM),
        P("XTI", "", 3.0, Rule.ANY, when=_WARM),
        P("KEG", "", 1.0, Rule.ANY, when=_WARM),
        P("XTITUN", "", 3.0, Rule.ANY, when=_WARM),
        P("TRS1", "1/K", 0.0, Rule.ANY, when=_WARM, other_names=("TRS",)),
        P("TRS2", "1/K^2", 0.0, Rule.ANY, when=_WARM),
        P("TM1", "1/K", 0.0, Rule.ANY, when=_WARM),
        P("TM2", "1/K^2", 0.0, Rule.ANY, when=_WARM),
        P("TTT1", "1/K", 0.0, Rule.ANY, when=_WARM),
        P("TTT2", "1/K^2", 0.0, Rule.ANY, when=_WARM),
        P("TCV", "V/K", 0.0, Rule.ANY, when=_WARM),
        P("TLEV", "", 0.0, Rule.NOT_NEGATIVE, is_thermal=True),
        P("TLEVC", "", 0.0, Rule.NOT_NEGATIVE, is_thermal=True),
        P("CTA", "1/K", 0.0, Rule.ANY, is_thermal=True, other_names=("CTC",)),
        P("CTP", "1/K", 0.0, Rule.ANY, is_thermal=True),
        P("TPB", "V/K", 0.0, Rule.ANY, is_thermal=True, other_names=("TVJ",)),
        P("TPHP", "V/K", 0.0, Rule.ANY, is_thermal=True),
    ),
    harmless=dict.fromkeys(("bv_max", "fv_max", "id_max", "pd_max", "te_max", "rth0", "cth0")),  # of warnings
    unmodelled=frozenset({"area"}),
    equation="i = IS (e^(v/(N kT/q)) - 1)",
    source="Shockley 1949; ngspice-39",
    trial=Trial(
        {
            "IS": 2.52e-9, "N": 1.752, "CJO": 4e-12, "VJ": 0.6, "M": 0.4, "TT": 2e-8, "BV": 6.2, "IBV": 1e-3,
            "ISR": 3e-9, "NR": 2.1, "IKF": 0.04, "IKR": 0.1, "JTUN": 1e-13,
        },
        (0.5,),
    ),
)  # fmt: skip
