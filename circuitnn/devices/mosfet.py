"""The MOS field-effect transistor of SPICE's levels 1 and 3."""

from circuitnn.devices.device import ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Junction
from circuitnn.devices.mosfet_card import ON_LINE, SIZE, SPELLINGS, THICKNESS, at_temperature, of_card, prepare
from circuitnn.devices.mosfet_laws import level_1
from circuitnn.devices.mosfet_level_3 import level_3, small_signal
from circuitnn.devices.rules import Rule
from circuitnn.devices.temperature import TEMPERATURES

_JUNCTIONS = ("CBD", "CBS", "CJSW")
_POTENTIAL = ("GAMMA", "TOX", "LEVEL", "TEMP")  # that PHI counts with
_THIRD = ("LEVEL",)  # which is there where it is 3

MOSFET = ModelDevice(
    letter="M",
    word="MOSFET",
    kinds={"NMOS": 1, "PMOS": -1},
    pins=("drain", "gate", "source", "bulk"),
    insulated=("gate",),
    ports=(("gate", "source"), ("gate", "drain"), ("bulk", "source"), ("bulk", "drain")),
    currents=(("drain", "source"), ("bulk", "source"), ("bulk", "drain")),
    charges=(("CGSO", 0), ("CGDO", 1), ("CBD", 3), ("CBS", 2)),
    rates=(
        (("TOX",), ("gate", "source")), (("TOX",), ("gate", "drain")), (("TOX", "CGBO"), ("gate", "bulk")),
    ),
    series=(("RD", "drain"), ("RS", "source")),
    function=level_1,
    variant=lambda parameters: "level 3" if "LEVEL" in parameters else "",
    variants={"level 3": level_3},
    small_signals={"level 3": small_signal},
    junctions=(Junction(2, "IS_SOURCE", "N", when="IS"), Junction(3, "IS_DRAIN", "N", when="IS")),
    at_temperature=at_temperature,
    prepare=prepare,
    parameters=(
        P("LEVEL", "", 1.0, when=_THIRD),
        P("VTO", "V", 0.0, Rule.ANY, mirrors=True, other_names=("VT0",)),
        P("KP", "A/V^2", 2e-5, scales=True),
        P("LAMBDA", "1/V", 0.0, Rule.NOT_NEGATIVE),
        P("GAMMA", "V^0.5", 0.0, Rule.NOT_NEGATIVE, when=("GAMMA",)),
        P("PHI", "V", 0.6, when=_POTENTIAL),
        P("TOX", "m", THICKNESS, when=("TOX",)),
        P("W", "m", SIZE, when=_THIRD),
        P("L", "m", SIZE, when=_THIRD),
        P("LD", "m", 0.0, Rule.NOT_NEGATIVE, when=("LD",)),
        P("UO", "cm^2/(V s)", 600.0, when=_THIRD),
        P("THETA", "1/V", 0.0, Rule.ANY, when=("THETA",)),
        P("ETA", "", 0.0, Rule.ANY, when=("ETA",)),
        P("KAPPA", "", 0.2, Rule.NOT_NEGATIVE, when=_THIRD),
        P("VMAX", "m/s", 0.0, when=("VMAX",)),
        P("NSUB", "1/cm^3", 0.0, when=("NSUB",)),
        P("XJ", "m", 0.0, when=("XJ",)),
        P("NFS", "1/cm^2", 0.0, when=("NFS",)),
        P("DELTA", "", 0.0, Rule.ANY, when=("DELTA",)),
        P("IS", "A", 1e-14, Rule.NOT_NEGATIVE, scales=True),
        P("N", "", 1.0),
        P("JS", "A/m^2", 0.0, when=("JS",), scales=True),
        P("AD", "m^2", 0.0, when=("JS",)),
        P("AS", "m^2", 0.0, when=("JS",)),
        P("RD", "ohm", 0.0, when=("RD",)),
        P("RS", "ohm", 0.0, when=("RS",)),
        P("CGSO", "F/m", 0.0, Rule.NOT_NEGATIVE, when=("CGSO",), scales=True),
        P("CGDO", "F/m", 0.0, Rule.NOT_NEGATIVE, when=("CGDO",), scales=True),
        P("CGBO", "F/m", 0.0, Rule.NOT_NEGATIVE, when=("CGBO",), scales=True),
        P("CBD", "F", 0.0, Rule.NOT_NEGATIVE, when=_JUNCTIONS, scales=True),
        P("CBS", "F", 0.0, Rule.NOT_NEGATIVE, when=_JUNCTIONS, scales=True),
        P("PB", "V", 0.8, when=_JUNCTIONS),
        P("MJ", "", 0.5, Rule.NOT_NEGATIVE, when=_JUNCTIONS),
        P("CJSW", "F/m", 0.0, when=("CJSW",), scales=True),
        P("PD", "m", 0.0, Rule.NOT_NEGATIVE, when=("CJSW",)),
        P("PS", "m", 0.0, Rule.NOT_NEGATIVE, when=("CJSW",)),
        P("MJSW", "", 0.5, Rule.NOT_NEGATIVE, when=("CJSW",)),
        P("FC", "", 0.5, Rule.FRACTION, when=_JUNCTIONS),
        *TEMPERATURES,
    ),
    factor="m",
    line_numbers=ON_LINE,
    process=SPELLINGS,
    of_card=of_card,
    neglected={
        "rg": "a resistance of the gate, inside, in PSpice alone: write it as an R",
        "rb": "a resistance of the bulk, inside, in PSpice alone: write it as an R",
        "rds": "a resistance from drain to source in PSpice alone: write it as an R",
        "jssw": "a current of the side walls in PSpice alone",
        "pbsw": "in PSpice alone: the side walls have PB here and in ngspice",
        "tt": "charge of the bulk's diodes in PSpice alone",
    },
    harmless={"ucrit": None, "uexp": None, "utra": None, "neff": None},
    equation="i_ds = KP/2 (1 + LAMBDA |v_ds|) (r(v_gs - V_on) - r(v_gd - V_on)), r(x) = max(x, 0)^2, "
    "V_on = VTO + GAMMA (sqrt(PHI - v_b) - sqrt(PHI)); bulk diodes",
    source="Shichman and Hodges 1968; Meyer 1971; level 3: Vladimirescu and Liu 1980, ngspice-39",
    trial=Trial(
        {
            "VTO": 1.0, "KP": 2e-3, "LAMBDA": 0.02, "GAMMA": 0.4, "PHI": 0.65, "IS": 2e-9, "CGSO": 2e-8,
            "CGDO": 1e-8, "CBD": 4e-12, "CBS": 5e-12,
        },
        (2.5, -1.0, -0.3, -3.8),
    ),
)  # fmt: skip
