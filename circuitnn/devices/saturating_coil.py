"""The coil with a core that saturates."""

from collections.abc import Sequence

from circuitnn.deferred import Array, jnp
from circuitnn.devices.device import COMMON, ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Exponentials, Parameters
from circuitnn.devices.rules import Rule

SENSE = 1e-4  # siemens that the voltage is taken with to the flux that is kept: its own scale, seen by nothing outside


def saturating_flux(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """A flux that is a function of the current: ``(L - LSAT) ISAT tanh(i/ISAT) + LSAT i``, whose rate is the voltage.

    The inductance is L without a current and LSAT far beyond ISAT. What is kept is i/ISAT.
    """
    del e
    across, current = v
    flux = p["ISAT"] * ((p["L"] - p["LSAT"]) * jnp.tanh(current) + p["LSAT"] * current)
    return [p["ISAT"] * current, -SENSE * across], [SENSE * flux]


def equivalent(names: Sequence[str]) -> Sequence[str]:
    """The lines of a subcircuit for ngspice: the rate of the current is the voltage of a henry."""
    inductance = "({L}-{LSAT})/(cosh(I(Vcoil)/{ISAT})*cosh(I(Vcoil)/{ISAT}))+{LSAT}"
    return [
        *(["Rcoil plus inside {R}"] if "R" in names else []),
        f"Vcoil {'inside' if 'R' in names else 'plus'} sensed 0",
        f"Bcoil sensed minus V=({inductance})*V(rate)",
        "Frate 0 rate Vcoil 1",
        "Lrate rate 0 1",
    ]


SATURATING_COIL = ModelDevice(
    letter="N",
    word="saturating coil",
    kinds={"COIL": 1},
    pins=("plus", "minus"),
    ports=(("plus", "minus"), ("current", COMMON)),
    memories={"current": ()},
    currents=(("plus", "minus"), ("current", COMMON)),
    charges=(("L", 1),),
    series=(("R", "plus"),),
    function=saturating_flux,
    parameters=(
        P("L", "H", 1.0, divides=True),
        P("ISAT", "A", 1e-2, scales=True),
        P("LSAT", "H", 0.0, Rule.NOT_NEGATIVE, divides=True),
        P("R", "ohm", 0.0, when=("R",)),
    ),
    equivalent=equivalent,
    equation="v = d/dt ((L - LSAT) ISAT tanh(i/ISAT) + LSAT i)",
    source="Chua and Stromsmoe 1970",
    trial=Trial({"L": 2.0, "ISAT": 5e-3, "LSAT": 0.1}, (0.3, 0.6)),
)
