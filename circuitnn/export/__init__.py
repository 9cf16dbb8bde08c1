"""Out of Python: models as files for other programs."""

from circuitnn.export.examples import example as example
from circuitnn.export.header import c as c
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
