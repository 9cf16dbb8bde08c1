"""The junction field-effect transistor."""

from collections.abc import Callable, Mapping

from circuitnn.deferred import Array, jnp
from circuitnn.devices.depletion import depletion
from circuitnn.devices.device import ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Exponentials, Junction, Parameters
from circuitnn.devices.rules import Rule
from circuitnn.devices.temperature import TEMPERATURES, junction, kelvin, relative, saturation_growth
from circuitnn.expressions.values import Value

_CHARGE = ("CGS", "CGD")
_WARM = ("TEMP",)
_LEAST_TAIL = 1e-12  # of B: a parameter of 0 counts as one that is not given
_GRADING = 0.5


def shichman_hodges(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """The JFET of SPICE, in both directions of the channel.

    With ``r(x) = max(x, 0)^2`` the triode and saturation regions are one formula:
    ``i_channel = BETA (1 + LAMBDA |v_ds|) (r(v_gs - VTO) - r(v_gd - VTO))``; the currents are those from the gate to
    the source, ``IS (e^(v_gs/(N kT/q)) - 1) + i_channel``, and to the drain, with the channel's sign the other way.
    With a doping tail, B, ``r(x) = max(x, 0)^2 (B + TAIL max(x, 0))``, ``TAIL = (1 - B) / (PB - VTO)`` (Parker and
    Skellern 1990, as in ngspice-39).
    """
    gs, gd = v
    over = [jnp.maximum(volts - p["VTO"], 0) for volts in v]
    opened_gs, opened_gd = (
        jnp.square(volts) * (p["B"] + p["TAIL"] * volts) if "B" in p else jnp.square(volts) for volts in over
    )
    channel = p["BETA"] * (1 + p["LAMBDA"] * jnp.abs(gs - gd)) * (opened_gs - opened_gd)
    currents = [p["IS"] * (e[0] - 1) + channel, p["IS"] * (e[1] - 1) - channel]
    if "CGS" not in p:
        return currents, []
    half = jnp.full_like(p["PB"], _GRADING)
    return currents, [depletion(volts, p[name], p["PB"], half, p["FC"]) for volts, name in ((gs, "CGS"), (gd, "CGD"))]


def at_temperature(p: Parameters) -> Parameters:
    """Parameters at TEMP as in ngspice-39, but for those that the doping tail has from the card; see `prepare`."""
    t, nominal = kelvin(p)
    warm = dict(p)
    warm["IS"] = p["IS"] * saturation_growth(t, nominal, gap=p["EG"], exponent=p.get("XTI", 0.0))
    warm["BETA"] = p["BETA"] * (1.01 ** (p["BETATCE"] * (t - nominal)) if "BETATCE" in p else (t / nominal) ** p["BEX"])
    warm["N"] = p["N"] * relative(t)
    return warm


def prepare(p: Parameters) -> Parameters:
    """The doping tail's factor of the card's PB and VTO, and after that these and the capacitances at TEMP."""
    ready = dict(p)
    if "B" in p:
        ready["TAIL"] = (1 - p["B"]) / (p["PB"] - p["VTO"])
    if "TEMP" in p:
        t, nominal = kelvin(p)
        ready["VTO"] = p["VTO"] + (p["VTOTC"] if "VTOTC" in p else -p["TCV"]) * (t - nominal)
        if "CGS" in p:
            ready["PB"], growth = junction(p["PB"], jnp.full_like(p["PB"], _GRADING), t, nominal)
            ready |= {name: p[name] * growth for name in _CHARGE}
    return ready


def of_card(
    card: Mapping[str, Value], line: Mapping[str, Value], polarity: int, note: Callable[[str], None]
) -> dict[str, Value]:
    """What a card says; a doping tail of 1 is none."""
    del line, polarity, note
    p = dict(card)
    if p.get("B") == 1.0:
        del p["B"]
    if p.get("B") == 0.0:
        p["B"] = _LEAST_TAIL
    return p


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
        P("PB", "V", 1.0, when=(*_CHARGE, "B")),
        P("FC", "", 0.5, Rule.FRACTION, when=_CHARGE),
        P("B", "", 1.0, Rule.NOT_NEGATIVE, when=("B",)),
        *TEMPERATURES,
        P("EG", "eV", 1.11, when=_WARM),
        P("XTI", "", 3.0, Rule.ANY, is_thermal=True),
        P("TCV", "V/K", 0.0, Rule.ANY, when=_WARM),
        P("VTOTC", "V/K", 0.0, Rule.ANY, is_thermal=True),
        P("BEX", "", 0.0, Rule.ANY, when=_WARM),
        P("BETATCE", "1/K", 0.0, Rule.ANY, is_thermal=True),
    ),
    at_temperature=at_temperature,
    prepare=prepare,
    of_card=of_card,
    equation="i_channel = BETA (1 + LAMBDA |v_ds|) (r(v_gs - VTO) - r(v_gd - VTO)), r(x) = max(x, 0)^2",
    source="Shichman and Hodges 1968",
    trial=Trial({"VTO": -1.6, "BETA": 1.2e-3, "LAMBDA": 0.02, "IS": 3e-14, "CGS": 3e-12, "CGD": 2e-12}, (-0.4, -3.0)),
)
