"""Sound files, resampling, alignment of recordings, and the built-in excitation."""

from circuitnn.audio.aligning import align
from circuitnn.audio.alignment import Alignment, AlignmentWarning
from circuitnn.audio.clock_drift import Drift
from circuitnn.audio.errors import AudioError
from circuitnn.audio.excitations import blips, excitation, noise_bursts, sweep
from circuitnn.audio.files import find, read, write
from circuitnn.audio.resampling import resample
from circuitnn.audio.strummed import guitar
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
