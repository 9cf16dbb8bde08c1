"""The bipolar transistor."""

from typing import Any

from jax import Array
from jax import numpy as jnp

from circuitnn.devices.depletion import depletion
from circuitnn.devices.device import ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Exponentials, Junction, Parameters
from circuitnn.devices.rules import Rule

_CHARGE = ("CJE", "CJC", "TF", "TR")


def gummel_poon(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """Ebers and Moll's transistor with the Early effect and high-level injection, as in SPICE.

    The currents are those from the base to the emitter and to the collector, so that the emitter's current out of it
    is the first and the collector's into it minus the second:
    ``i_be = T + F/BF + ISE (e^(v_be/(NE kT/q)) - 1)``, ``i_bc = R/BR + ISC (e^(v_bc/(NC kT/q)) - 1) - T``, where
    ``F, R = IS (e^(v/(N kT/q)) - 1)`` and
    ``T = (F - R) (1 - v_bc/VAF - v_be/VAR) 2 / (1 + sqrt(1 + 4 F/IKF + 4 R/IKR))``.
    """
    be, bc = v
    power_be, power_bc, leak_be, leak_bc = e
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
        injected = 2 / (1 + jnp.sqrt(jnp.maximum(1 + 4 * charge, 1e-12)))
    early: Any = 1
    for voltage, name in ((bc, "VAF"), (be, "VAR")):
        if name in p:
            early = early - voltage / p[name]
    transport = (forward - reverse) * injected * early
    currents = [transport + base_emitter, base_collector - transport]
    if "CJE" not in p:
        return currents, []
    return currents, [
        depletion(be, p["CJE"], p["VJE"], p["MJE"], p["FC"]) + p["TF"] * forward * injected * early,
        depletion(bc, p["CJC"], p["VJC"], p["MJC"], p["FC"]) + p["TR"] * reverse,
    ]


BIPOLAR = ModelDevice(
    letter="Q",
    word="transistor",
    kinds={"NPN": 1, "PNP": -1},
    pins=("collector", "base", "emitter"),
    optional_pin="substrate",
    ports=(("base", "emitter"), ("base", "collector")),
    currents=(("base", "emitter"), ("base", "collector")),
    charges=(("CJE", 0), ("CJC", 1)),
    series=(("RC", "collector"), ("RB", "base"), ("RE", "emitter")),
    function=gummel_poon,
    junctions=(
        Junction(0, "IS", "NF"),
        Junction(1, "IS", "NR"),
        Junction(0, "ISE", "NE", limits=False),
        Junction(1, "ISC", "NC", limits=False),
    ),
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
        P("RB", "ohm", 0.0, when=("RB",)),
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
    ),
    harmless={
        "xtf": 0.0, "vtf": None, "itf": None, "ptf": 0.0, "xcjc": 1.0, "cjs": 0.0, "ccs": 0.0, "vjs": None, "ps": None,
        "mjs": None, "ms": None, "iss": 0.0, "ns": None, "nkf": 0.5, "nk": 0.5, "irb": 0.0, "subs": None,
    },
    unmodelled=frozenset({"ibe", "ibc", "c2", "c4", "rco"}),
    only_with={"xcjc": "RB"},  # both ends of RB are one node without it
    same_as={"rbm": "RB"},
    hints={
        "XTF": "set it to 0: TF does not depend on the current here",
        "PTF": "set it to 0: excess phase is not modelled",
        "XCJC": "leave it out: all of CJC is at the inner base",
        "CJS": "set it to 0: the substrate is not modelled",
        "IRB": "leave it out: RB does not depend on the current",
        "RBM": "leave it out: RB does not depend on the current",
    },
    equation="i_c = (F - R) (1 - v_bc/VAF - v_be/VAR) 2/(1 + sqrt(1 + 4 F/IKF + 4 R/IKR)) - R/BR - leakage, "
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
