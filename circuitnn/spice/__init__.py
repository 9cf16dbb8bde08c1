"""Real ngspice, as a separate program: the reference that every engine is measured against."""

from typing import TYPE_CHECKING

from circuitnn.rooms import on_demand

if TYPE_CHECKING:
    from circuitnn.spice.program import SpiceError as SpiceError
    from circuitnn.spice.program import version as version
    from circuitnn.spice.rest import operating_point as operating_point
    from circuitnn.spice.settings import Tolerances as Tolerances
    from circuitnn.spice.small_signal import ac as ac
    from circuitnn.spice.time_domain import transient as transient
else:  # a type checker tells of names that are none
    __getattr__, __dir__ = on_demand(
        __name__,
        names={
            "circuitnn.spice.program": "SpiceError version",
            "circuitnn.spice.rest": "operating_point",
            "circuitnn.spice.settings": "Tolerances",
            "circuitnn.spice.small_signal": "ac",
            "circuitnn.spice.time_domain": "transient",
        },
    )
