"""Models as C, written out from their own programs; compiled, and called, where a compiler is found."""

from circuitnn.native.choice import fastest
from circuitnn.native.compiled_model import compiled
from circuitnn.native.functions import Member
from circuitnn.native.inlining import LoweringError
from circuitnn.native.names import safe_name
from circuitnn.native.programs import Leaf, Program, program
from circuitnn.native.toolchain import CompilerError, compiler
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
