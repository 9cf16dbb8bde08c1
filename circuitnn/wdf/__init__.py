"""Wave digital filters: built by hand, or derived from a netlist."""

from circuitnn.numerics.rules import alpha_transform as alpha_transform
from circuitnn.rooms import handed_on
from circuitnn.wdf import scattering as scattering
from circuitnn.wdf.elements import Capacitor as Capacitor
from circuitnn.wdf.elements import CurrentSource as CurrentSource
from circuitnn.wdf.elements import Element as Element
from circuitnn.wdf.elements import Inductor as Inductor
from circuitnn.wdf.elements import Inverter as Inverter
from circuitnn.wdf.elements import Open as Open
from circuitnn.wdf.elements import Parallel as Parallel
from circuitnn.wdf.elements import ResistiveCurrentSource as ResistiveCurrentSource
from circuitnn.wdf.elements import ResistiveVoltageSource as ResistiveVoltageSource
from circuitnn.wdf.elements import Resistor as Resistor
from circuitnn.wdf.elements import RType as RType
from circuitnn.wdf.elements import Series as Series
from circuitnn.wdf.elements import Short as Short
from circuitnn.wdf.elements import Switch as Switch
from circuitnn.wdf.elements import Transformer as Transformer
from circuitnn.wdf.elements import VoltageSource as VoltageSource
from circuitnn.wdf.elements import YParameters as YParameters
from circuitnn.wdf.elements import parallel_rc as parallel_rc
from circuitnn.wdf.elements import parallel_rl as parallel_rl
from circuitnn.wdf.elements import parallel_rlc as parallel_rlc
from circuitnn.wdf.elements import series_rc as series_rc
from circuitnn.wdf.elements import series_rl as series_rl
from circuitnn.wdf.elements import series_rlc as series_rlc
from circuitnn.wdf.model import WDFModel as WDFModel
from circuitnn.wdf.model import derive as derive
from circuitnn.wdf.neural import NeuralOnePort as NeuralOnePort
from circuitnn.wdf.neural_circuit import with_neural_root as with_neural_root
from circuitnn.wdf.pretraining import pretrain as pretrain
from circuitnn.wdf.roots import BJT as BJT
from circuitnn.wdf.roots import Diode as Diode
from circuitnn.wdf.roots import DiodePair as DiodePair
from circuitnn.wdf.roots import NeuralRoot as NeuralRoot
from circuitnn.wdf.roots import Root as Root
from circuitnn.wdf.roots import Triode as Triode
from circuitnn.wdf.schematic import TreeError as TreeError

__dir__ = handed_on(__name__, "scattering")
