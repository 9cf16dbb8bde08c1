"""Sound files, resampling, and the built-in excitation."""

from circuitnn.audio.errors import AudioError
from circuitnn.audio.excitation import excitation, noise_bursts, sweep
from circuitnn.audio.files import find, read, write
from circuitnn.audio.guitar import guitar
from circuitnn.audio.resampling import resample

__all__ = ["AudioError", "excitation", "find", "guitar", "noise_bursts", "read", "resample", "sweep", "write"]
