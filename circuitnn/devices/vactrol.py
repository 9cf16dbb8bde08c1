"""The vactrol: a light-emitting diode that shines on a photoresistor, which is slow to follow and slower to forget."""

from collections.abc import Sequence

from circuitnn.deferred import Array, jnp
from circuitnn.devices.device import COMMON, ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Exponentials, Junction, Parameters
from circuitnn.devices.rules import Rule

STORE = 1e-6  # coulombs that stand for a light of one: the states' own scale, which nothing outside depends on
_LEAST = 1e-6  # light that is always there, since a power of nothing has no slope; less than what is left in the dark
_CORNER = 1e-4  # light by which it has to rise or fall for one time constant alone: small signals see their mean rate
_SLOW = ("W",)


def photoresistor(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """A cell whose resistance follows the light that it has seen.

    The light x is the diode's current over IREF. The cell keeps it with two time constants, one for rising and one for
    falling light: ``ds/dt = (x - s) / (TON if x > s else TOFF)``, with a corner that is round, and with W, a share of
    s, a second time: ``s = (1 - W) s1 + W s2``. Then (Parker and D'Angelo 2013, who have A for RREF IREF^GAMMA)
    ``1/R = 1/RDARK + 1/(RMIN + RREF s^-GAMMA)``.
    """
    _, across, first, *second = v
    through = p["IS"] * (e[0] - 1)
    light = through / p["IREF"]
    kept = [(first, "TON", "TOFF"), *((state, "TON2", "TOFF2") for state in second)]
    leaving = [-STORE * _follow(light - s, p[rising], p[falling]) for s, rising, falling in kept]
    seen = (1 - p["W"]) * first + p["W"] * second[0] if second else first
    powered = jnp.exp(-p["GAMMA"] * jnp.log(jnp.maximum(seen, 0) + _LEAST))
    conductance = 1 / p["RDARK"] + 1 / (p["RMIN"] + p["RREF"] * powered)
    return [through, conductance * across, *leaving], [STORE * s for s, _, _ in kept]


def _follow(difference: Array, rising: Array, falling: Array) -> Array:
    """The rate at which a state goes where the light is: that of one time constant above it, of the other below."""
    square = jnp.square(difference)
    size = square / (jnp.sqrt(square + _CORNER**2) + _CORNER)
    return 0.5 * ((difference + size) / rising + (difference - size) / falling)


def equivalent(names: Sequence[str]) -> Sequence[str]:
    """The lines of a subcircuit for ngspice."""
    has_resistance, has_second = "RS" in names, "W" in names
    lines = ["Rled anode inside {RS}"] if has_resistance else []
    lines += [
        f"Vled {'inside' if has_resistance else 'anode'} led 0",
        "Dled led cathode LED",
        ".model LED D(IS={IS} N={N})",
    ]
    states = [("first", "TON", "TOFF"), *([("second", "TON2", "TOFF2")] if has_second else [])]
    for state, rising, falling in states:
        lines += [
            f"C{state} {state} 0 {STORE}",
            f"B{state} change{state} 0 V=I(Vled)/{{IREF}}-V({state})",
            f"Bsize{state} size{state} 0 V=sqrt(V(change{state})*V(change{state})+{_CORNER**2})-{_CORNER}",
            f"Brate{state} 0 {state} I={0.5 * STORE}*((V(change{state})+V(size{state}))/{{{rising}}}"
            f"+(V(change{state})-V(size{state}))/{{{falling}}})",
        ]
    seen = "((1-{W})*V(first)+{W}*V(second))" if has_second else "V(first)"
    power = f"exp(-{{GAMMA}}*ln(max({seen},0)+{_LEAST}))"
    return [*lines, f"Bcell a b I=V(a,b)*(1/{{RDARK}}+1/({{RMIN}}+{{RREF}}*{power}))"]


VACTROL = ModelDevice(
    letter="N",
    word="vactrol",
    kinds={"VACTROL": 1},
    pins=("anode", "cathode", "a", "b"),
    apart=("a", "b"),
    ports=(("anode", "cathode"), ("a", "b"), ("first", COMMON), ("second", COMMON)),
    optional_ports={3: _SLOW},
    memories={"first": (), "second": _SLOW},
    currents=(("anode", "cathode"), ("a", "b"), ("first", COMMON), ("second", COMMON)),
    charges=(("TON", 2), ("TON2", 3)),
    series=(("RS", "anode"),),
    function=photoresistor,
    junctions=(Junction(0, "IS", "N"),),
    parameters=(
        P("IS", "A", 6e-16, scales=True),
        P("N", "", 2.0),
        P("RS", "ohm", 0.0, when=("RS",)),
        P("IREF", "A", 1e-3, scales=True),
        P("RREF", "ohm", 54.9e3, divides=True),
        P("GAMMA", "", 1.4),
        P("RMIN", "ohm", 1136.0, divides=True),
        P("RDARK", "ohm", 1e7, divides=True),
        P("TON", "s", 2.5e-3),
        P("TOFF", "s", 35e-3),
        P("W", "", 0.0, Rule.SHARE, when=_SLOW),
        P("TON2", "s", 0.05, when=_SLOW),
        P("TOFF2", "s", 0.3, when=_SLOW),
    ),
    equivalent=equivalent,
    equation="1/R = 1/RDARK + 1/(RMIN + RREF s^-GAMMA), ds/dt = (i/IREF - s)/(TON if it rises else TOFF); LED",
    source="Parker and D'Angelo 2013",
    trial=Trial(
        {
            "IS": 6e-16, "N": 2.0, "IREF": 1e-3, "RREF": 54.9e3, "GAMMA": 1.4, "RMIN": 1136.0, "RDARK": 1e7,
            "TON": 2.5e-3, "TOFF": 35e-3,
        },
        (1.55, 0.3, 4.0),
    ),
)  # fmt: skip
