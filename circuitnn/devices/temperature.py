"""Parameters of semiconductors at another temperature than the one at which they were measured, as in SPICE.

The thermal voltage of the engines is the one at 27 degrees everywhere: emission coefficients are multiplied by the
temperature over 300.15 K instead. A record that knows temperatures has `TEMPERATURES` among its parameters; a circuit
has these, and what counts with them alone (``when=("TEMP",)``), only where TEMP or TNOM is not 27 degrees.
"""

from typing import Any

from circuitnn.deferred import Array, jnp
from circuitnn.devices.constants import TEMPERATURE, THERMAL_VOLTAGE
from circuitnn.devices.device import ModelParameter
from circuitnn.devices.law import Parameters
from circuitnn.devices.rules import Rule

POLARITY = "polarity"  # by which name `at_temperature` is given that of the kind, 1 or -1, beside the parameters
NOMINAL = 27.0  # degrees Celsius
_ZERO = TEMPERATURE - NOMINAL  # of the Celsius scale, K
_GAP = 1.1150877  # eV, of silicon at 27 degrees

TEMPERATURES = (
    ModelParameter("TEMP", "C", NOMINAL, Rule.TEMPERATURE, when=("TEMP",)),
    ModelParameter("TNOM", "C", NOMINAL, Rule.TEMPERATURE, when=("TEMP",), other_names=("TREF",)),
)


def kelvin(p: Parameters) -> tuple[Array, Array]:
    """TEMP and TNOM in kelvin."""
    return p["TEMP"] + _ZERO, p["TNOM"] + _ZERO


def relative(temperature: Array) -> Array:
    """A temperature in kelvin, and so its thermal voltage, over that at 27 degrees."""
    return temperature / TEMPERATURE


def thermal_voltage(p: Parameters) -> Any:
    """kT/q in volts of a device: at its TEMP where that is among its parameters, else at 27 degrees."""
    return THERMAL_VOLTAGE * relative(kelvin(p)[0]) if "TEMP" in p else THERMAL_VOLTAGE


def saturation_growth(t: Array, nominal: Array, *, gap: Any, exponent: Any, emission: Any = 1.0) -> Array:
    """By how much a saturation current grows: ``(T/Tnom)^(XTI/N) e^((T/Tnom - 1) EG/(N kT/q))``.

    Args:
        t: temperature, K.
        nominal: at which the current was measured, K.
        gap: EG, eV.
        exponent: XTI.
        emission: N as on the card, not multiplied by the temperature.
    """
    ratio = t / nominal
    return jnp.exp(((ratio - 1) * gap / (THERMAL_VOLTAGE * relative(t)) + exponent * jnp.log(ratio)) / emission)


def quadratic(t: Array, nominal: Array, first: Any, second: Any = 0.0) -> Array:
    """``1 + TC1 dT + TC2 dT^2``."""
    return 1 + (t - nominal) * (first + (t - nominal) * second)


def band_gap(t: Any) -> Any:
    """Of silicon, eV (Varshni 1967): ``1.16 - 7.02e-4 T^2 / (T + 1108)``."""
    return 1.16 - 7.02e-4 * t * t / (t + 1108)


def junction(potential: Array, grading: Array, t: Array, nominal: Array) -> tuple[Array, Array]:
    """The built-in potential of a junction at a temperature, and by how much its capacitance at no voltage grows.

    Args:
        potential: VJ at the nominal temperature, volts.
        grading: M.
        t: temperature, K.
        nominal: K.
    """
    at_reference = (potential - _shift(nominal)) / relative(nominal)
    at_t = _shift(t) + relative(t) * at_reference
    before = 1 + grading * (4e-4 * (nominal - TEMPERATURE) - (potential - at_reference) / at_reference)
    return at_t, (1 + grading * (4e-4 * (t - TEMPERATURE) - (at_t - at_reference) / at_reference)) / before


def junction_by_level(
    p: Parameters, potential: str, grading: Array, coefficients: tuple[str, str], since: Any
) -> tuple[Array, Array]:
    """`junction`, or what TLEVC=1 puts in its place: straight lines, ``VJ - TPB dT`` and ``1 + CTA dT``.

    Args:
        p: parameters of the model.
        potential: the name of the built-in potential.
        grading: at the temperature.
        coefficients: the names of that of the potential and of that of the capacitance.
        since: from where on the lines count, K.
    """
    t, nominal = kelvin(p)
    at_t, growth = junction(p[potential], grading, t, nominal)
    if "TLEVC" not in p:
        return at_t, growth
    fall, rise = (p.get(name, 0.0) * (t - since) for name in coefficients)
    is_straight = p["TLEVC"] != 0
    return jnp.where(is_straight, p[potential] - fall, at_t), jnp.where(is_straight, 1 + rise, growth)


def _shift(t: Array) -> Array:
    """By how many volts the intrinsic carriers shift a potential against 27 degrees."""
    gaps = _GAP / THERMAL_VOLTAGE - band_gap(t) / (THERMAL_VOLTAGE * relative(t))
    return -2 * THERMAL_VOLTAGE * relative(t) * (1.5 * jnp.log(relative(t)) + gaps / 2)
