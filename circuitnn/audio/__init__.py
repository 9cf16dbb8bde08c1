"""Sound files, resampling, alignment of recordings, and the built-in excitation."""

from circuitnn.audio.alignment import Alignment, align
from circuitnn.audio.errors import AudioError
from circuitnn.audio.excitations import excitation, noise_bursts, sweep
from circuitnn.audio.files import find, read, write
from circuitnn.audio.resampling import resample
from circuitnn.audio.strummed import guitar
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
