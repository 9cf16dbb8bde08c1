"""Tube amplifiers and transformers."""

from circuitnn.circuit.catalogue.reading import read
from circuitnn.circuit.circuit import Circuit


def tube_preamp() -> Circuit:
    """Preamplifier of a guitar amplifier: two triode stages, a cathode follower, a tone stack.

    51 dB at 100 Hz with volume at 1, 29 dB at 0.5, where the bright capacitor Cv lets more of the treble pass. Plates
    at 162 V (1.6 mA in the 12AY7) and 189 V (1.4 mA) of 325 V, the follower's cathode at 189 V. Knobs: volume (1M),
    treble (250k), middle (25k), bass (1M). Input Vin, output out, states Ck1, C1, Cv, Cs2, Cm2, C2, C3, C4.

    Values: Fender Bassman 5F6-A (1958), bright channel. Triodes 12AY7 and 12AX7: Koren (1996), Improved vacuum tube
    models for SPICE simulations.
    """
    return read("tube_preamp")


def push_pull_amplifier() -> Circuit:
    """Push-pull power amplifier: long-tailed pair, two 6L6GC in class AB, output transformer, feedback with presence.

    17 dB at 1 kHz, 50 W where it clips at 28 V. The tubes idle at 28 mA and 438 V, 12 W each; the pair's plates stand
    at 262 and 270 V. The loudspeaker's resonance (75 Hz) and coil are in the response, as feedback does not undo them
    wholly; presence raises what is above 1 kHz. Knobs: presence (5k). Input Vin, output out (the loudspeaker), states
    Cht, Csc, Cpi, C1, C2, Cpp, Cpr, C3, C4, L1, Cw3, L2, Cw4, L3, Lvc, Lms, Cms. Windings are coupled by 0.9995, which
    is a leakage of 5 mH for each half of the primary.

    Values: Fender Bassman 5F6-A (1958) from the phase inverter on, feedback scaled from 2 to 8 ohm; rectifier,
    transformer, strays and loudspeaker are guesses. Triodes: Koren (1996), Improved vacuum tube models for SPICE
    simulations. Beam tetrodes: Reefman (2016), Spice models for vacuum tubes using the uTracer.
    """
    return read("push_pull_amplifier")


def pultec() -> Circuit:
    """Pultec EQP-1A program equalizer, the whole unit: transformers, passive network, make-up amplifier with tubes.

    Gain 1 into 600 ohm with all knobs at 0: 0.03 dB from 100 Hz to 10 kHz, -0.6 dB at 20 Hz, -0.1 dB at 20 kHz. Two
    12AX7 (0.77 mA, plates at 174 V) and two 12AU7 (9 mA, 248 V) in push-pull; 20 dB of feedback by two windings of the
    output transformer. Low boost 14 dB, low cut 21 dB at 50 Hz; high boost 20 dB at 8 kHz, high cut 16 dB at 10 kHz.
    Knobs: low_boost (8.2k), low_cut (110k), high_boost (12k), high_cut (1k), bandwidth (3.9k). Input Vin, output out,
    states Lt1, Lt2, L1, C1, Chc, Clc, Clb, Li1, Li2, Li3, Cpp, C2, C3, Lo1, Lo2, Lo3, Lo4, Lo5.

    Network: Anthon, Lizarraga-Seijas, Font (2023), pywdf: an open source library for prototyping and simulating wave
    digital filter circuits in Python. Of the amplifier the topology is that of the EQP-1A (1961), all values are
    guesses; tubes: Koren (1996).
    """
    return read("pultec")


def transformer_saturator() -> Circuit:
    """Line transformer, 1 to 1.68, whose core saturates, with a drive that is made up for at the output.

    1 dB into 600 ohm from a source of 75 ohm, within 0.4 dB from 20 Hz to 20 kHz. Distortion is that of the flux: at 30
    Hz and 1 V 0.006 % with drive at 0, 0.9 % at 1; 0.02 % at 100 Hz. Knobs: drive (20 dB). Input Vin, output out,
    states Lp and Lrate.

    Values: like the Marinair LO1166 of the Neve 1073 (1970): 1.9 H, 1 to 1.68, 14 and 44 ohm. Saturation (56 mWb),
    leakage, loss of the core and source are guesses.
    """
    return read("transformer_saturator")
