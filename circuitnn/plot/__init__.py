"""Pictures in one call: each function returns a figure of matplotlib."""

from circuitnn.plot.circuits import device_curves as device_curves
from circuitnn.plot.circuits import operating_point as operating_point
from circuitnn.plot.comparisons import comparison as comparison
from circuitnn.plot.distortion import harmonics as harmonics
from circuitnn.plot.responses import response as response
from circuitnn.plot.sounds import spectrogram as spectrogram
from circuitnn.plot.sounds import spectrum as spectrum
from circuitnn.plot.sounds import waveforms as waveforms
from circuitnn.plot.trainings import exposure_bias as exposure_bias
from circuitnn.plot.trainings import history as history
from circuitnn.plot.trajectories import states as states
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
