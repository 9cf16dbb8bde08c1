"""The operational amplifier with what a real one lacks: gain, bandwidth, slew rate, supplies and output current."""

import math
from collections.abc import Sequence

from circuitnn.deferred import Array, jnp
from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.devices.device import COMMON, ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Exponentials, Junction, Parameters
from circuitnn.devices.ota import DECADES, behind_limits
from circuitnn.devices.rules import Rule

STORE = (
    1e-6  # farads in the place of the compensating capacitor: the state's own scale, which nothing outside depends on
)
_SPLIT = 4e-3  # of ISC, about zero, in which the current of the output goes over from one supply to the other


def one_pole_amplifier(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """One pole, charged at no more than the slew rate, and an output with a resistance and a largest current.

    With s the voltage of the compensating capacitor, from the middle of the supplies,
    ``ds/dt = SLEW tanh(2 pi GBW (v+ - v- + VOS)/SLEW) - 2 pi GBW s/GAIN``, held between the supplies by junctions: TOP
    and BOTTOM volts from them they take away all that SLEW brings. ``i_out = ISC tanh((s - v_out)/(RO ISC))`` comes
    from the positive supply or goes into the negative one, and IQ flows from the one to the other.
    """
    difference, from_top, from_bottom, across, _ = v
    rate = 2 * math.pi * p["GBW"]
    brought = p["SLEW"] * jnp.tanh(rate * (difference + p["VOS"]) / p["SLEW"])
    lost = 0.5 * rate / p["GAIN"] * (from_top + from_bottom) + p["SLEW"] * (e[0] - e[1])
    out = p["ISC"] * jnp.tanh(across / (p["RO"] * p["ISC"]))
    sourced = 0.5 * (jnp.sqrt(jnp.square(out) + jnp.square(_SPLIT * p["ISC"])) + out)
    return [sourced, sourced - out, p["IQ"] + 0 * out, STORE * (lost - brought)], [STORE * v[4]]


def equivalent(names: Sequence[str]) -> Sequence[str]:
    """The lines of a subcircuit for ngspice."""
    del names
    rate = f"{2 * math.pi!r}*{{GBW}}"
    out = "{ISC}*tanh(V(stage,out)/({RO}*{ISC}))"
    size = f"sqrt({out}*{out}+{_SPLIT**2!r}*{{ISC}}*{{ISC}})"
    return [
        f"Cstage stage 0 {STORE!r}",
        f"Bin 0 stage I={{{STORE!r}*SLEW}}*tanh({rate}*(V(inp,inn)+{{VOS}})/{{SLEW}})",
        f"Bgain stage 0 I={0.5 * STORE!r}*{rate}/{{GAIN}}*(V(stage,plus)+V(stage,minus))",
        # What the junctions take comes from ground, as what charges the capacitor does.
        "Etop high 0 plus 0 1",
        f"Vtop high clamp {{TOP+{DECADES * THERMAL_VOLTAGE!r}*NL}}",
        "Dtop stage clamp LIMIT",
        "Ebottom low 0 minus 0 1",
        f"Vbottom hold low {{BOTTOM+{DECADES * THERMAL_VOLTAGE!r}*NL}}",
        "Dbottom hold stage LIMIT",
        f".model LIMIT D(IS={{{STORE!r}*SLEW*1e-12}} N={{NL}})",
        f"Bsourced plus out I=0.5*({size}+{out})",
        f"Bsunk out minus I=0.5*({size}-{out})",
        "Iquiescent plus minus {IQ}",
    ]


OPAMP = ModelDevice(
    letter="N",
    word="operational amplifier",
    kinds={"OPAMP": 1},
    pins=("inp", "inn", "plus", "minus", "out"),
    insulated=("inp", "inn"),
    ports=(("inp", "inn"), ("stage", "plus"), ("stage", "minus"), ("stage", "out"), ("stage", COMMON)),
    memories={"stage": ()},
    currents=(("plus", "out"), ("out", "minus"), ("plus", "minus"), ("stage", COMMON)),
    charges=(("GBW", 4),),
    function=one_pole_amplifier,
    junctions=(
        Junction(1, "SLEW", "NL", offset="BELOW"),
        Junction(2, "SLEW", "NL", is_reverse=True, offset="ABOVE"),
    ),
    prepare=behind_limits,
    parameters=(
        P("GAIN", "", 2e5),
        P("GBW", "Hz", 3e6),
        P("SLEW", "V/s", 13e6),
        P("VOS", "V", 0.0, Rule.ANY),
        P("TOP", "V", 1.5, Rule.NOT_NEGATIVE),
        P("BOTTOM", "V", 1.5, Rule.NOT_NEGATIVE),
        P("NL", "", 1.0),
        P("RO", "ohm", 100.0, divides=True),
        P("ISC", "A", 25e-3, scales=True),
        P("IQ", "A", 1e-3, Rule.NOT_NEGATIVE, scales=True),
    ),
    equivalent=equivalent,
    equation="ds/dt = SLEW tanh(2 pi GBW v_in/SLEW) - 2 pi GBW s/GAIN, held; i = ISC tanh((s - v_out)/(RO ISC))",
    source="Boyle, Cohn, Pederson, Solomon 1974",
    trial=Trial(
        {
            "GAIN": 1e3, "GBW": 1e5, "SLEW": 1e5, "VOS": 1e-3, "TOP": 0.02, "BOTTOM": 0.01, "NL": 4.0, "RO": 50.0,
            "ISC": 0.02, "IQ": 1e-3,
        },
        (0.05, 0.01, 0.6, 0.3, 0.6),
    ),
)  # fmt: skip
