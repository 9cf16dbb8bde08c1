"""Losses for training: functions of (prediction, target), differentiable, in the dtype of their arguments.

Signals have the shape (time,) or (..., time, features), as `circuitnn.run` gives them. The energies are taken over the
whole array: a batch is one long signal, so that a silent entry of it does not dominate the gradient. Ratios do not
depend on the unit, volts or microamperes; value and gradient stay finite where the target is silent. `fit` adds 1e-8 of
the energy of all its data below them, so that a batch of near silence does not count for more than the others.

References:
    Wright, Damskägg, Välimäki 2019, "Real-time black-box modelling with recurrent neural networks", DAFx-19: the
    error-to-signal ratio, the pre-emphasis filter and the DC term.
    Wright, Välimäki 2020, "Perceptual loss function for neural modelling of audio systems", ICASSP: the other filters.
    Simionato, Fasciani 2025, "Comparative study of state-based neural networks for virtual analog audio effects
        modeling", arXiv:2405.04124: `nrmse`, `spectral_flux` and `mr_stft`, which they compare models by.
    Yamamoto, Song, Kim 2020, "Parallel WaveGAN", ICASSP: the multi-resolution STFT loss.
"""

from circuitnn.losses.envelope import nrmse as nrmse
from circuitnn.losses.envelope import rms_energy_error as rms_energy_error
from circuitnn.losses.floor import per_window as per_window
from circuitnn.losses.flux import spectral_flux as spectral_flux
from circuitnn.losses.flux import spectral_flux_error as spectral_flux_error
from circuitnn.losses.spectral import mr_stft as mr_stft
from circuitnn.losses.spectral import stft as stft
from circuitnn.losses.waveform import dc as dc
from circuitnn.losses.waveform import esr as esr
from circuitnn.losses.waveform import mae as mae
from circuitnn.losses.waveform import mse as mse
from circuitnn.losses.waveform import normalised_state_error as normalised_state_error
from circuitnn.losses.waveform import pre_emphasis as pre_emphasis
from circuitnn.losses.waveform import rmse as rmse
from circuitnn.losses.weighting import Weighted as Weighted
from circuitnn.losses.weighting import weighted as weighted
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
