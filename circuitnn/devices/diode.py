"""The diode."""

from jax import Array

from circuitnn.devices.depletion import depletion
from circuitnn.devices.device import ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Exponentials, Junction, Parameters
from circuitnn.devices.rules import Rule

_CHARGE = ("CJO", "TT")


def shockley(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """``i = IS (e^(v/(N kT/q)) - 1)``; charge of the depletion layer, and ``TT i`` on its way through."""
    current = p["IS"] * (e[0] - 1)
    if "CJO" not in p:
        return [current], []
    return [current], [depletion(v[0], p["CJO"], p["VJ"], p["M"], p["FC"]) + p["TT"] * current]


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
    parameters=(
        P("IS", "A", 1e-14, scales=True, other_names=("JS",)),
        P("N", "", 1.0),
        P("RS", "ohm", 0.0, when=("RS",)),
        P("CJO", "F", 0.0, Rule.NOT_NEGATIVE, when=_CHARGE, scales=True, other_names=("CJ0", "CJ")),
        P("VJ", "V", 1.0, when=_CHARGE, other_names=("PB",)),
        P("M", "", 0.5, Rule.FRACTION, when=_CHARGE, other_names=("MJ",)),
        P("FC", "", 0.5, Rule.FRACTION, when=_CHARGE),
        P("TT", "s", 0.0, Rule.NOT_NEGATIVE, when=_CHARGE),
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
