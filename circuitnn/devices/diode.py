"""The diode."""

from jax import Array

from circuitnn.devices.depletion import depletion
from circuitnn.devices.device import ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Exponentials, Junction, Parameters
from circuitnn.devices.rules import Rule
from circuitnn.devices.temperature import TEMPERATURES, junction, kelvin, quadratic, relative, saturation_growth

_CHARGE = ("CJO", "TT")
_WARM = ("TEMP",)


def shockley(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """``i = IS (e^(v/(N kT/q)) - 1)``; charge of the depletion layer, and ``TT i`` on its way through."""
    current = p["IS"] * (e[0] - 1)
    if "CJO" not in p:
        return [current], []
    return [current], [depletion(v[0], p["CJO"], p["VJ"], p["M"], p["FC"]) + p["TT"] * current]


def at_temperature(p: Parameters) -> Parameters:
    """Parameters at TEMP, as in SPICE."""
    t, nominal = kelvin(p)
    warm = {**p, "N": p["N"] * relative(t)}
    warm["IS"] = p["IS"] * saturation_growth(t, nominal, gap=p["EG"], exponent=p["XTI"], emission=p["N"])
    if "RS" in p:
        warm["RS"] = p["RS"] * quadratic(t, nominal, p["TRS1"], p["TRS2"])
    if "CJO" in p:
        warm["M"] = p["M"] * quadratic(t, nominal, p["TM1"], p["TM2"])
        warm["VJ"], growth = junction(p["VJ"], warm["M"], t, nominal)
        warm["CJO"] = p["CJO"] * growth
        warm["TT"] = p["TT"] * quadratic(t, nominal, p["TTT1"], p["TTT2"])
    return warm


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
    junctions=(Junction(0, "IS", "N"),),
    merges=True,
    at_temperature=at_temperature,
    parameters=(
        P("IS", "A", 1e-14, scales=True, other_names=("JS",)),
        P("N", "", 1.0),
        P("RS", "ohm", 0.0, when=("RS",)),
        P("CJO", "F", 0.0, Rule.NOT_NEGATIVE, when=_CHARGE, scales=True, other_names=("CJ0", "CJ")),
        P("VJ", "V", 1.0, when=_CHARGE, other_names=("PB",)),
        P("M", "", 0.5, Rule.FRACTION, when=_CHARGE, other_names=("MJ",)),
        P("FC", "", 0.5, Rule.FRACTION, when=_CHARGE),
        P("TT", "s", 0.0, Rule.NOT_NEGATIVE, when=_CHARGE),
        *TEMPERATURES,
        P("EG", "eV", 1.11, when=_WARM),
        P("XTI", "", 3.0, Rule.ANY, when=_WARM),
        P("TRS1", "1/K", 0.0, Rule.ANY, when=_WARM, other_names=("TRS",)),
        P("TRS2", "1/K^2", 0.0, Rule.ANY, when=_WARM),
        P("TM1", "1/K", 0.0, Rule.ANY, when=_WARM),
        P("TM2", "1/K^2", 0.0, Rule.ANY, when=_WARM),
        P("TTT1", "1/K", 0.0, Rule.ANY, when=_WARM),
        P("TTT2", "1/K^2", 0.0, Rule.ANY, when=_WARM),
    ),
    harmless={"isr": 0.0, "cjp": 0.0, "cjsw": 0.0, "ikf": 0.0, "ibv": None, "nbv": None, "nr": None},
    unmodelled=frozenset(
        {"bv", "ikr", "jsw", "jtun", "jtunsw"}
        | {"ron", "roff", "vfwd", "vrev", "rrev", "ilimit", "revilimit", "epsilon", "revepsilon"}  # of LTspice alone
    ),
    hints={"BV": "leave it out: reverse breakdown is not modelled"},
    equation="i = IS (e^(v/(N kT/q)) - 1)",
    source="Shockley 1949",
    trial=Trial({"IS": 2.52e-9, "N": 1.752, "CJO": 4e-12, "VJ": 0.6, "M": 0.4, "TT": 2e-8}, (0.5,)),
)
