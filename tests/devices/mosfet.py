"""A device that the library does not have: a MOSFET without a bulk. This record is all that there is of it."""

from jax import numpy as jnp

from circuitnn.devices import ModelDevice, Rule, Trial
from circuitnn.devices import ModelParameter as P


def square_law(p, v, e):
    """``i_ds = KP/2 (1 + LAMBDA |v_ds|) (r(v_gs - VTO) - r(v_gd - VTO))`` with ``r(x) = max(x, 0)^2``."""
    gs, gd = v
    opened_gs, opened_gd = (jnp.square(jnp.maximum(volts - p["VTO"], 0)) for volts in v)
    current = 0.5 * p["KP"] * (1 + p["LAMBDA"] * jnp.abs(gs - gd)) * (opened_gs - opened_gd)
    return [current], [p["CGS"] * gs] if "CGS" in p else []


MOSFET = ModelDevice(
    letter="Z",
    word="MOSFET",
    kinds={"NZ": 1, "PZ": -1},
    pins=("drain", "gate", "source", "bulk"),
    insulated=("gate", "bulk"),
    ports=(("gate", "source"), ("gate", "drain")),
    currents=(("drain", "source"),),
    charges=(("CGS", 0),),
    series=(("RD", "drain"), ("RS", "source")),
    function=square_law,
    parameters=(
        P("VTO", "V", 0.0, Rule.ANY, mirrors=True, other_names=("VT0",)),
        P("KP", "A/V^2", 2e-5, scales=True),
        P("LAMBDA", "1/V", 0.0, Rule.NOT_NEGATIVE),
        P("RD", "ohm", 0.0, when=("RD",)),
        P("RS", "ohm", 0.0, when=("RS",)),
        P("CGS", "F", 0.0, when=("CGS",), scales=True),
    ),
    hints={"GAMMA": "leave it out: the bulk has no effect"},
    equation="i_ds = KP/2 (1 + LAMBDA |v_ds|) (r(v_gs - VTO) - r(v_gd - VTO)), r(x) = max(x, 0)^2",
    source="Shichman and Hodges 1968",
    trial=Trial({"VTO": 1.0, "KP": 2e-3, "LAMBDA": 0.02, "CGS": 5e-12}, (2.5, -1.0)),
)
