"""What the laws of tubes have in common: a soft knee, powers of it, the grid's current, capacitances."""

from collections.abc import Sequence
from typing import Any

from circuitnn.deferred import Array, jnp
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Parameters
from circuitnn.devices.rules import Rule

_LEAST = 1e-30  # so that the logarithm of a current that is none is finite; single precision has it
DIODE, DEMPWOLF = ("IS",), ("GG",)

GRID = (  # parameters of both ways in which grids take current
    P("RGI", "ohm", 0.0, when=("RGI",)),
    P("IS", "A", 0.0, when=DIODE, scales=True),
    P("N", "", 1.0, when=DIODE),
    P("GG", "A/V^XI", 0.0, when=DEMPWOLF, scales=True),
    P("XI", "", 1.3, when=DEMPWOLF),
    P("CG", "1/V", 10.0, when=DEMPWOLF),
    P("IG0", "A", 0.0, Rule.NOT_NEGATIVE, when=DEMPWOLF, scales=True),
)


_ELECTRODES = {"CCG": ("grid", "cathode"), "CCP": ("plate", "cathode"), "CGP": ("grid", "plate")}
CAPACITANCES = tuple(P(name, "F", 0.0, when=(name,), scales=True) for name in _ELECTRODES)


def softplus(x: Array) -> Array:
    """``ln(1 + e^x)``, which does not overflow."""
    above = jnp.maximum(x, 0)
    return above + jnp.log1p(jnp.exp(x - 2 * above))  # not -abs(x), whose slope at 0 JAX takes for -1


def power(x: Array, exponent: Any) -> Array:
    """``x^exponent`` of what is not negative, with finite derivatives at nothing."""
    return jnp.exp(exponent * jnp.log(x + _LEAST))


def knee(p: Parameters, driving: Array, grid: Array, spread: Array) -> Array:
    """Koren's E1: ``V/KP ln(1 + e^(KP (1/MU + v_g/spread)))``, of the voltage V of what draws the electrons."""
    return driving / p["KP"] * softplus(p["KP"] * (1 / p["MU"] + grid / spread))


def grid_current(p: Parameters, grid: Array, exponential: Any) -> tuple[Array, list[Array]]:
    """What flows from the grid to the cathode: Dempwolf's, at the grid itself; Koren's diode, behind RGI."""
    through = jnp.zeros_like(grid)
    if "GG" in p:
        through = p["GG"] * power(softplus(p["CG"] * grid) / p["CG"], p["XI"]) + p["IG0"]
    return through, [p["IS"] * (exponential - 1)] if "IS" in p else []


def grid_lines(names: Sequence[str]) -> list[str]:
    """The same for ngspice."""
    lines = []
    if "IS" in names:
        lines += ["Rgrid grid inside {RGI}"] if "RGI" in names else []
        lines += [f"Dgrid {'inside' if 'RGI' in names else 'grid'} cathode GRID", ".model GRID D(IS={IS} N={N})"]
    if "GG" in names:
        knee_of_grid = softplus_text("{CG}*V(grid,cathode)")
        lines.append(f"Bgrid grid cathode I={{GG}}*{power_text(f'{knee_of_grid}/{{CG}}', '{XI}')}+{{IG0}}")
    return lines


def charges(p: Parameters, grid: Array, plate: Array, between: Array) -> list[Array]:
    """Of the capacitances that there are, for volts at the grid and at the plate, and from the one to the other."""
    across = dict(zip(_ELECTRODES, (grid, plate, between), strict=True))
    return [p[name] * volts for name, volts in across.items() if name in p]


def capacitance_lines(names: Sequence[str]) -> list[str]:
    """The capacitors that are there, by their parameters."""
    return [f"C{name} {a} {b} {{{name}}}" for name, (a, b) in _ELECTRODES.items() if name in names]


def softplus_text(x: str) -> str:
    """`softplus` as SPICE has it."""
    return f"(max({x},0)+ln(1+exp(-abs({x}))))"


def power_text(x: str, exponent: str) -> str:
    """`power` as SPICE has it."""
    return f"exp({exponent}*ln({x}+{_LEAST}))"
