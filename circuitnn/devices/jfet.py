"""The junction field-effect transistor."""

from jax import Array
from jax import numpy as jnp

from circuitnn.devices.depletion import depletion
from circuitnn.devices.device import ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Exponentials, Junction, Parameters
from circuitnn.devices.rules import Rule

_CHARGE = ("CGS", "CGD")


def shichman_hodges(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """The JFET of SPICE, in both directions of the channel.

    With ``r(x) = max(x, 0)^2`` the triode and saturation regions are one formula:
    ``i_channel = BETA (1 + LAMBDA |v_ds|) (r(v_gs - VTO) - r(v_gd - VTO))``; the currents are those from the gate to
    the source, ``IS (e^(v_gs/(N kT/q)) - 1) + i_channel``, and to the drain, with the channel's sign the other way.
    """
    gs, gd = v
    opened_gs, opened_gd = (jnp.square(jnp.maximum(volts - p["VTO"], 0)) for volts in v)
    channel = p["BETA"] * (1 + p["LAMBDA"] * jnp.abs(gs - gd)) * (opened_gs - opened_gd)
    currents = [p["IS"] * (e[0] - 1) + channel, p["IS"] * (e[1] - 1) - channel]
    if "CGS" not in p:
        return currents, []
    half = jnp.full_like(p["PB"], 0.5)
    return currents, [depletion(volts, p[name], p["PB"], half, p["FC"]) for volts, name in ((gs, "CGS"), (gd, "CGD"))]


JFET = ModelDevice(
    letter="J",
    word="JFET",
    kinds={"NJF": 1, "PJF": -1},
    pins=("drain", "gate", "source"),
    ports=(("gate", "source"), ("gate", "drain")),
    currents=(("gate", "source"), ("gate", "drain")),
    charges=(("CGS", 0), ("CGD", 1)),
    series=(("RD", "drain"), ("RS", "source")),
    function=shichman_hodges,
    junctions=(Junction(0, "IS", "N"), Junction(1, "IS", "N")),
    parameters=(
        P("VTO", "V", -2.0, Rule.ANY, other_names=("VT0",)),
        P("BETA", "A/V^2", 1e-4, scales=True),
        P("LAMBDA", "1/V", 0.0, Rule.NOT_NEGATIVE),
        P("IS", "A", 1e-14, scales=True),
        P("N", "", 1.0),
        P("RD", "ohm", 0.0, when=("RD",)),
        P("RS", "ohm", 0.0, when=("RS",)),
        P("CGS", "F", 0.0, Rule.NOT_NEGATIVE, when=_CHARGE, scales=True),
        P("CGD", "F", 0.0, Rule.NOT_NEGATIVE, when=_CHARGE, scales=True),
        P("PB", "V", 1.0, when=_CHARGE),
        P("FC", "", 0.5, Rule.FRACTION, when=_CHARGE),
    ),
    harmless={"b": 1.0},
    equation="i_channel = BETA (1 + LAMBDA |v_ds|) (r(v_gs - VTO) - r(v_gd - VTO)), r(x) = max(x, 0)^2",
    source="Shichman and Hodges 1968",
    trial=Trial({"VTO": -1.6, "BETA": 1.2e-3, "LAMBDA": 0.02, "IS": 3e-14, "CGS": 3e-12, "CGD": 2e-12}, (-0.4, -3.0)),
)
