"""The diode that its own power heats."""

from collections.abc import Sequence

from circuitnn.deferred import Array, jnp
from circuitnn.devices.constants import TEMPERATURE, THERMAL_VOLTAGE
from circuitnn.devices.device import COMMON, ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Exponentials, Junction, Parameters
from circuitnn.devices.rules import Rule
from circuitnn.devices.temperature import saturation_growth

STORE = 1e-6  # coulombs that stand for a kelvin: the state's own scale, which nothing outside depends on
_COLDEST = 50.0  # kelvins: where Newton's steps may come to on their way


def heated_junction(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """Shockley's law at a temperature that follows the power: ``CTH dh/dt = v i - h/RTH``, h kelvins above 27 degrees.

    ``i = IS(T) (e^(v/(N kT/q)) - 1)``, ``IS(T) = IS (T/Tnom)^(XTI/N) exp(EG q/(N k) (1/Tnom - 1/T))`` as in SPICE.
    """
    volts, heat = v
    t = jnp.maximum(TEMPERATURE + heat, _COLDEST)
    colder = TEMPERATURE / t
    # The exponential at 27 degrees goes on as its tangent where it would overflow, and its power does as well.
    rising = jnp.log(jnp.maximum(e[0], 1.0))
    exponent = jnp.where(volts > 0, rising, volts / (p["N"] * THERMAL_VOLTAGE))
    growth = saturation_growth(t, jnp.asarray(TEMPERATURE, t.dtype), gap=p["EG"], exponent=p["XTI"], emission=p["N"])
    current = p["IS"] * growth * (jnp.exp(colder * exponent) - 1)
    cooling = heat / (p["RTH"] * p["CTH"]) - volts * current / p["CTH"]
    return [current, STORE * cooling], [STORE * heat]


def equivalent(names: Sequence[str]) -> Sequence[str]:
    """The lines of a subcircuit for ngspice, whose diodes have this by a word and a node."""
    del names
    return [
        "Dheated anode cathode heat HEATED thermal",
        ".model HEATED D(IS={IS} N={N} EG={EG} XTI={XTI} RTH0={RTH} CTH0={CTH})",
    ]


HEATED_DIODE = ModelDevice(
    letter="N",
    word="diode that heats itself",
    kinds={"HEATED": 1},
    pins=("anode", "cathode"),
    ports=(("anode", "cathode"), ("heat", COMMON)),
    memories={"heat": ()},
    currents=(("anode", "cathode"), ("heat", COMMON)),
    charges=(("CTH", 1),),
    function=heated_junction,
    junctions=(Junction(0, "IS", "N"),),
    parameters=(
        P("IS", "A", 1e-14, scales=True),
        P("N", "", 1.0),
        P("RTH", "K/W", 500.0, divides=True),
        P("CTH", "J/K", 2e-4, scales=True),
        P("EG", "eV", 1.11),
        P("XTI", "", 3.0, Rule.ANY),
    ),
    equivalent=equivalent,
    equation="i = IS(T) (e^(v/(N kT/q)) - 1), CTH dT/dt = v i - (T - 27 C)/RTH",
    source="Shockley 1949; ngspice-39",
    trial=Trial({"IS": 2.52e-9, "N": 1.752, "RTH": 500.0, "CTH": 2e-4, "EG": 1.11, "XTI": 3.0}, (0.6, 20.0)),
)
