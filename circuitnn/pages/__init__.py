"""Pages that need nothing but themselves: what was found, with pictures, in one file of HTML."""

from circuitnn.pages.comparison_page import Difference as Difference
from circuitnn.pages.comparison_page import Take as Take
from circuitnn.pages.comparison_page import comparison as comparison
from circuitnn.pages.comparison_page import differences as differences
from circuitnn.pages.identification_page import identification as identification
from circuitnn.pages.play_page import Setting as Setting
from circuitnn.pages.play_page import play as play
from circuitnn.pages.training_page import training as training
from circuitnn.pages.training_page import waveforms as waveforms
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
