"""Pictures in one call: each function returns a figure of matplotlib."""

from typing import TYPE_CHECKING

from circuitnn.rooms import on_demand

if TYPE_CHECKING:
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
    from circuitnn.plot.values import bars as bars
    from circuitnn.plot.values import curves as curves
else:  # a type checker tells of names that are none
    __getattr__, __dir__ = on_demand(
        __name__,
        names={
            "circuitnn.plot.circuits": "device_curves operating_point",
            "circuitnn.plot.comparisons": "comparison",
            "circuitnn.plot.distortion": "harmonics",
            "circuitnn.plot.responses": "response",
            "circuitnn.plot.sounds": "spectrogram spectrum waveforms",
            "circuitnn.plot.trainings": "exposure_bias history",
            "circuitnn.plot.trajectories": "states",
            "circuitnn.plot.values": "bars curves",
        },
    )
