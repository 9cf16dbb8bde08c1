"""The catalogue by name, for whoever goes through all of it."""

from collections.abc import Callable

from circuitnn.circuit.catalogue import (
    amplifiers,
    clippers,
    compressors,
    equalizers,
    filters,
    fuzz,
    klon,
    modulators,
    oscillators,
    overdrive,
    phaser,
    tone_stacks,
    tubes,
)
from circuitnn.circuit.circuit import Circuit

# With the peak of a sensible input in volts: what comes before it in a pedal or an amplifier, loud enough that a
# nonlinear circuit shows that it is one.
_ENTRIES: tuple[tuple[Callable[[], Circuit], float], ...] = (
    (clippers.diode_clipper, 1.0),
    (clippers.diode_clipper_second_order, 1.0),
    (tone_stacks.bassman, 1.0),
    (tone_stacks.jcm800, 1.0),
    (tone_stacks.jtm45, 1.0),
    (tone_stacks.mesa_mark, 1.0),
    (tone_stacks.twin, 1.0),
    (tone_stacks.princeton, 1.0),
    (tone_stacks.soldano, 1.0),
    (tone_stacks.vox_ac30, 1.0),
    (tone_stacks.big_muff_tone, 0.5),
    (equalizers.james, 1.0),
    (equalizers.baxandall, 1.0),
    (equalizers.pultec_eqp1a, 1.0),
    (klon.klon_buffer, 0.3),
    (klon.klon_gain_stage, 0.3),
    (klon.klon_feed_forward_1, 0.3),
    (klon.klon_pre_amp, 0.3),
    (klon.klon_amplifier, 1.0),
    (klon.klon_clipping, 4.0),
    (klon.klon_feed_forward_2, 0.3),
    (klon.klon_summing, 1.0),
    (klon.klon_tone, 1.0),
    (klon.klon_output, 1.0),
    (overdrive.tube_screamer_clipping, 0.3),
    (overdrive.tube_screamer_tone, 0.5),
    (overdrive.sd1_clipping, 0.3),
    (overdrive.sd1_tone, 0.5),
    (overdrive.sd1, 0.3),
    (overdrive.ds1, 0.2),
    (fuzz.rangemaster, 0.1),
    (fuzz.fuzz_face_germanium, 0.1),
    (fuzz.fuzz_face_silicon, 0.05),
    (fuzz.big_muff, 0.1),
    (fuzz.cry_baby, 0.1),
    (phaser.phase90_stage, 0.2),
    (phaser.phase90, 0.2),
    (phaser.univibe_stage, 0.5),
    (filters.sallen_key, 1.0),
    (filters.ms20_filter, 1.0),
    (filters.moog_ladder, 0.02),
    (compressors.la2a, 1.0),
    (compressors.cl1b, 1.0),
    (filters.ota_lowpass, 5.0),
    (oscillators.twin_t, 0.1),
    (oscillators.bridged_t, 5.0),
    (oscillators.astable, 0.5),
    (oscillators.relaxation_oscillator, 0.5),
    (modulators.ring_modulator, 0.5),
    (modulators.precision_rectifier, 1.0),
    (amplifiers.common_emitter, 0.1),
    (amplifiers.jfet_stage, 0.5),
    (amplifiers.triode_koren, 1.0),
    (amplifiers.triode_dempwolf, 1.0),
    (amplifiers.power_amplifier, 0.5),
    (tubes.tube_preamp, 0.1),
    (tubes.push_pull_amplifier, 4.0),
    (tubes.pultec, 1.0),
    (tubes.transformer_saturator, 2.0),
)

CATALOGUE: dict[str, Callable[[], Circuit]] = {entry.__name__: entry for entry, _ in _ENTRIES}
"""Every circuit of the catalogue: its name, and the function that reads it."""

NOMINAL_PEAK: dict[str, float] = {entry.__name__: peak for entry, peak in _ENTRIES}
"""The peak of a sensible input Vin of each circuit, in volts."""
