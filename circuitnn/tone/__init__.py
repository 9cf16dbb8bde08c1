"""Neural tone stacks: filters that follow the knobs of a netlist or of measured responses."""

from circuitnn.rooms import handed_on
from circuitnn.tone.fitting import Schedule as Schedule
from circuitnn.tone.fitting import fit_tone_stack as fit_tone_stack
from circuitnn.tone.report import ToneStackReport as ToneStackReport

__dir__ = handed_on(__name__)
