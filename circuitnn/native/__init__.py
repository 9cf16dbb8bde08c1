"""Models as C: what a model does to one sample, written out from its own program."""

from circuitnn.native.functions import Member
from circuitnn.native.inlining import LoweringError
from circuitnn.native.names import safe_comment, safe_name
from circuitnn.native.programs import Leaf, Program, program
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
