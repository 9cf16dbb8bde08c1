"""The coil on a magnetic core that remembers: hysteresis after Jiles and Atherton."""

import math
from collections.abc import Sequence

from circuitnn.deferred import Array, jnp
from circuitnn.devices.device import COMMON, ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Exponentials, Parameters
from circuitnn.devices.rules import Rule

STORE = 1e-6  # coulombs that stand for a field of A and a magnetisation of MS: the states' own scale
_MU_0 = 4e-7 * math.pi  # henries per metre
_SMALL = 0.4  # argument from which on Langevin's function is its closed form, below it the series
# 2^2k B_2k/(2k)! of coth(x) = 1/x + c_1 x + c_2 x^3 ..., B_2k Bernoulli's numbers.
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_SERIES = tuple(4**k * b / math.factorial(2 * k) for k, b in enumerate(_BERNOULLI, 1))
_STEEPEST = 0.05  # of (1 - C) K: the least that the pinning is taken for, where the equation has a pole
_QUIET = 1e-6  # volts about zero in which the field turns round


def hysteresis(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """A winding whose voltage is ``TURNS SECTION d/dt mu0 (H + M)`` and whose current is ``H PATH/TURNS``.

    The magnetisation goes after Jiles and Atherton (1986) to the anhysteretic one, ``Ma = MS L((H + ALPHA M)/A)``,
    with L(x) = coth(x) - 1/x: ``dM/dH = (f1 + f2)/f3``, f1 = (1 - C) r/((1 - C) K - ALPHA r) where the field pulls,
    with r = max(d (Ma - M), 0) and d the sign of dH/dt, f2 = C Ma', f3 = 1 - ALPHA C Ma', Ma' = MS L'/A. And it
    creeps to Ma with TAU seconds, so that a core at rest has a state. What is kept is H/A and M/MS.
    """
    del e
    across, field, magnetisation = v
    scale = p["TURNS"] * p["SECTION"] * _MU_0
    pulled = field + p["ALPHA"] * p["MS"] / p["A"] * magnetisation
    curve, slope = _langevin(pulled)
    missing = curve - magnetisation
    direction = across / jnp.sqrt(jnp.square(across) + _QUIET**2)
    pull = p["MS"] * jnp.maximum(direction * missing, 0)
    pinning = (1 - p["C"]) * p["K"]
    turned = (1 - p["C"]) * pull / jnp.maximum(pinning - p["ALPHA"] * pull, _STEEPEST * pinning)
    bent = p["C"] * p["MS"] / p["A"] * slope
    susceptibility = (turned + bent) / (1 - p["ALPHA"] * bent)
    creep = missing / p["TAU"]
    rate = (across / scale - p["MS"] * creep) / (1 + susceptibility)
    keeping = [-STORE * rate / p["A"], -STORE * (susceptibility * rate / p["MS"] + creep)]
    return [p["A"] * p["PATH"] / p["TURNS"] * field, *keeping], [STORE * field, STORE * magnetisation]


def _langevin(x: Array) -> tuple[Array, Array]:
    """L(x) = coth(x) - 1/x, by its series where that is the difference of large numbers, and L' = 1 - L^2 - 2 L/x."""
    is_small = jnp.abs(x) < _SMALL
    inverse = 1 / jnp.where(is_small, 1.0, x)
    square = jnp.square(jnp.where(is_small, x, 0.0))
    series = jnp.zeros_like(x)
    for coefficient in reversed(_SERIES):
        series = series * square + coefficient
    over_x = jnp.where(is_small, series, (1 / jnp.tanh(jnp.where(is_small, 1.0, x)) - inverse) * inverse)
    curve = x * over_x
    return curve, 1 - jnp.square(curve) - 2 * over_x


def equivalent(names: Sequence[str]) -> Sequence[str]:
    """The lines of a subcircuit for ngspice, which takes the braces of an expression off without a parenthesis."""
    series = f"{_SERIES[-1]!r}"
    for coefficient in reversed(_SERIES[:-1]):
        series = f"({series})*V(square)+({coefficient!r})"
    is_small = f"abs(V(pulled))<{_SMALL}"
    pinning = "({(1-C)*K})"
    return [
        *(["Rcoil plus inside {R}"] if "R" in names else []),
        f"Bcoil {'inside' if 'R' in names else 'plus'} minus I=({{A*PATH/TURNS}})*V(field)",
        f"Bacross across 0 V=V({'inside' if 'R' in names else 'plus'},minus)",
        "Bpulled pulled 0 V=V(field)+({ALPHA*MS/A})*V(kept)",
        f"Bsquare square 0 V={is_small} ? V(pulled)*V(pulled) : 0",
        f"Boverx overx 0 V={is_small} ? {series} : (1/tanh(V(pulled))-1/V(pulled))/V(pulled)",
        "Bcurve curve 0 V=V(pulled)*V(overx)",
        "Bslope slope 0 V=1-V(curve)*V(curve)-2*V(overx)",
        f"Bpull pull 0 V={{MS}}*max((V(curve)-V(kept))*V(across)/sqrt(V(across)*V(across)+{_QUIET**2!r}),0)",
        f"Bturned turned 0 V=({{1-C}})*V(pull)/max({pinning}-{{ALPHA}}*V(pull),{_STEEPEST}*{pinning})",
        "Bbent bent 0 V=({C*MS/A})*V(slope)",
        "Bchi chi 0 V=(V(turned)+V(bent))/(1-{ALPHA}*V(bent))",
        f"Brate rate 0 V=(V(across)/({{TURNS*SECTION*{_MU_0!r}}})-({{MS/TAU}})*(V(curve)-V(kept)))/(1+V(chi))",
        "Cfield field 0 1",
        "Bfield 0 field I=V(rate)/{A}",
        "Ckept kept 0 1",
        "Bkept 0 kept I=V(chi)*V(rate)/{MS}+(V(curve)-V(kept))/{TAU}",
    ]


JILES_ATHERTON_COIL = ModelDevice(
    letter="N",
    word="coil on a core with hysteresis",
    kinds={"JACOIL": 1},
    pins=("plus", "minus"),
    ports=(("plus", "minus"), ("field", COMMON), ("magnetisation", COMMON)),
    memories={"field": (), "magnetisation": ()},
    currents=(("plus", "minus"), ("field", COMMON), ("magnetisation", COMMON)),
    charges=(("A", 1), ("MS", 2)),
    series=(("R", "plus"),),
    function=hysteresis,
    parameters=(
        P("MS", "A/m", 2.75e5),
        P("A", "A/m", 14.1),
        P("ALPHA", "", 5e-5, Rule.NOT_NEGATIVE),
        P("K", "A/m", 17.8),
        P("C", "", 0.55, Rule.SHARE),
        P("TURNS", "", 230.0),
        P("SECTION", "m^2", 45.4e-6),
        P("PATH", "m", 0.0754, scales=True),
        P("TAU", "s", 1e4),
        P("R", "ohm", 0.0, when=("R",)),
    ),
    equivalent=equivalent,
    equation="v = TURNS SECTION d/dt mu0 (H + M), i = H PATH/TURNS, dM/dH = (f1 + f2)/f3",
    source="Jiles and Atherton 1986",
    trial=Trial(
        {"MS": 2e3, "A": 20.0, "ALPHA": 1e-3, "K": 15.0, "C": 0.3, "TURNS": 100.0, "SECTION": 1e-4, "PATH": 0.1,
         "TAU": 10.0},
        (0.5, 0.7, 0.1),
    ),
)  # fmt: skip
