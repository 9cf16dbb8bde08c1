"""Measures of a finished prediction: NumPy in float64, not differentiable, exact where the target is silent.

Signals have the shape (time,) or (..., time, features). See `circuitnn.losses` for what training minimises.
"""

from circuitnn.metrics.bs1770 import loudness, loudness_difference
from circuitnn.metrics.emphasis import pre_emphasis
from circuitnn.metrics.envelope import nrmse, rms_energy_error
from circuitnn.metrics.flux import spectral_flux, spectral_flux_error
from circuitnn.metrics.harmonics import aliasing, fundamental, harmonic_levels, thd
from circuitnn.metrics.spectral import log_spectral_distance, mr_stft, stft_distance
from circuitnn.metrics.table import summary
from circuitnn.metrics.waveform import dc, esr, mae, max_abs_error, mse, rmse, sdr
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
