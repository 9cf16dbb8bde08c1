"""Real ngspice, as a separate program: the reference that every engine is measured against."""

from circuitnn.rooms import handed_on
from circuitnn.spice.program import SpiceError as SpiceError
from circuitnn.spice.program import version as version
from circuitnn.spice.rest import operating_point as operating_point
from circuitnn.spice.settings import Tolerances as Tolerances
from circuitnn.spice.small_signal import ac as ac
from circuitnn.spice.time_domain import transient as transient

__dir__ = handed_on(__name__)
