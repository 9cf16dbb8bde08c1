"""Sound files, resampling, alignment of recordings, and the built-in excitation."""

from typing import TYPE_CHECKING

from circuitnn.rooms import on_demand

if TYPE_CHECKING:
    from circuitnn.audio.aligning import align as align
    from circuitnn.audio.alignment import Alignment as Alignment
    from circuitnn.audio.alignment import AlignmentWarning as AlignmentWarning
    from circuitnn.audio.band import bass as bass
    from circuitnn.audio.band import drums as drums
    from circuitnn.audio.band import pads as pads
    from circuitnn.audio.clock_drift import Drift as Drift
    from circuitnn.audio.errors import AudioError as AudioError
    from circuitnn.audio.excitations import blips as blips
    from circuitnn.audio.excitations import excitation as excitation
    from circuitnn.audio.excitations import noise_bursts as noise_bursts
    from circuitnn.audio.excitations import rising_noise as rising_noise
    from circuitnn.audio.excitations import sweep as sweep
    from circuitnn.audio.files import find as find
    from circuitnn.audio.files import read as read
    from circuitnn.audio.files import write as write
    from circuitnn.audio.resampling import resample as resample
    from circuitnn.audio.strummed import guitar as guitar
else:  # a type checker tells of names that are none
    __getattr__, __dir__ = on_demand(
        __name__,
        names={
            "circuitnn.audio.aligning": "align",
            "circuitnn.audio.alignment": "Alignment AlignmentWarning",
            "circuitnn.audio.band": "bass drums pads",
            "circuitnn.audio.clock_drift": "Drift",
            "circuitnn.audio.errors": "AudioError",
            "circuitnn.audio.excitations": "blips excitation noise_bursts rising_noise sweep",
            "circuitnn.audio.files": "find read write",
            "circuitnn.audio.resampling": "resample",
            "circuitnn.audio.strummed": "guitar",
        },
    )
