"""Linear filters that may move: coupled form, cascades, state spaces, and networks that find their numbers."""

from circuitnn.filters.bank import LowPassBank as LowPassBank
from circuitnn.filters.biquad_form import Biquads as Biquads
from circuitnn.filters.controlled import ControlledFilter as ControlledFilter
from circuitnn.filters.conversions import biquads as biquads
from circuitnn.filters.conversions import coupled as coupled
from circuitnn.filters.conversions import state_space as state_space
from circuitnn.filters.coupled_form import Coupled as Coupled
from circuitnn.filters.fir import FIR as FIR
from circuitnn.filters.form import Form as Form
from circuitnn.filters.high_pass import HighPass as HighPass
from circuitnn.filters.models import BiquadCascade as BiquadCascade
from circuitnn.filters.models import CoupledForm as CoupledForm
from circuitnn.filters.models import FixedFilter as FixedFilter
from circuitnn.filters.neural import NeuralToneStack as NeuralToneStack
from circuitnn.filters.resampled_filter import ResampledFilter as ResampledFilter
from circuitnn.filters.state_space_form import AnalogStateSpace as AnalogStateSpace
from circuitnn.filters.state_space_form import StateSpace as StateSpace
from circuitnn.filters.state_variable import StateVariableFilter as StateVariableFilter
from circuitnn.filters.state_variable_form import StateVariable as StateVariable
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
