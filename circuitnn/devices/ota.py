"""The operational transconductance amplifier, whose gain is a current."""

import math
from collections.abc import Sequence

from circuitnn.deferred import Array, jnp
from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.devices.device import ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Exponentials, Junction, Parameters
from circuitnn.devices.rules import Rule

DECADES = math.log(1e12)  # by which a diode's saturation current is less than ILIM in ngspice


def differential_pair(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """A differential pair whose tail current is that into the bias pin, and mirrors from it to the output.

    ``i_out = GAIN i_bias tanh((v+ - v-)/(2 kT/q))`` out of the output, ``i_bias (1 +- tanh)/(2 BF)`` into the inputs;
    the bias pin is two junctions above the negative supply. An output is held by junctions between the supplies: at TOP
    and BOTTOM volts from them they take ILIM.
    """
    bias = p["ISB"] * (e[0] - 1)
    steered = jnp.tanh(v[3] / (2 * THERMAL_VOLTAGE))
    into_inputs = [bias * (1 + side * steered) / (2 * p["BF"]) for side in (1, -1)]
    return [bias, p["ILIM"] * e[1], -p["GAIN"] * bias * steered - p["ILIM"] * e[2], *into_inputs], []


def behind_limits(p: Parameters) -> Parameters:
    """What the junctions of the limits are behind the voltages across them."""
    return {**p, "BELOW": -p["TOP"], "ABOVE": -p["BOTTOM"]}


def equivalent(names: Sequence[str]) -> Sequence[str]:
    """The lines of a subcircuit for ngspice."""
    del names
    steered = f"tanh(V(inp,inn)/{2 * THERMAL_VOLTAGE!r})"
    return [
        "Vbias bias sensed 0",
        "Dbias sensed minus BIAS",
        ".model BIAS D(IS={ISB} N={NB})",
        f"Vtop high plus {{-{DECADES * THERMAL_VOLTAGE!r}*NL-TOP}}",
        "Dtop out high LIMIT",
        f"Vbottom low minus {{BOTTOM+{DECADES * THERMAL_VOLTAGE!r}*NL}}",
        "Dbottom low out LIMIT",
        ".model LIMIT D(IS={ILIM*1e-12} N={NL})",
        f"Bout minus out I={{GAIN}}*I(Vbias)*{steered}",
        f"Binp inp minus I=I(Vbias)*(1+{steered})/(2*{{BF}})",
        f"Binn inn minus I=I(Vbias)*(1-{steered})/(2*{{BF}})",
    ]


OTA = ModelDevice(
    letter="N",
    word="transconductance amplifier",
    kinds={"OTA": 1},
    pins=("inp", "inn", "bias", "out", "plus", "minus"),
    ports=(("bias", "minus"), ("out", "plus"), ("out", "minus"), ("inp", "inn")),
    currents=(("bias", "minus"), ("out", "plus"), ("out", "minus"), ("inp", "minus"), ("inn", "minus")),
    function=differential_pair,
    junctions=(
        Junction(0, "ISB", "NB"),
        Junction(1, "ILIM", "NL", offset="BELOW"),
        Junction(2, "ILIM", "NL", is_reverse=True, offset="ABOVE"),
    ),
    prepare=behind_limits,
    parameters=(
        P("GAIN", "", 1.0),
        P("BF", "", 600.0),
        P("ISB", "A", 9e-16, scales=True),
        P("NB", "", 2.0),
        P("TOP", "V", 0.8, Rule.NOT_NEGATIVE),
        P("BOTTOM", "V", 0.6, Rule.NOT_NEGATIVE),
        P("ILIM", "A", 5e-4, scales=True),
        P("NL", "", 1.0),
    ),
    equivalent=equivalent,
    equation="i_out = GAIN i_bias tanh((v+ - v-)/(2 kT/q)), held between the supplies",
    source="Wheatley and Wittlinger 1969",
    trial=Trial(
        {"GAIN": 1.05, "BF": 500.0, "ISB": 1e-9, "NB": 2.0, "TOP": 0.02, "BOTTOM": 0.01, "ILIM": 1e-14},
        (0.8, 0.5, -0.55, 0.02),
    ),
)
