"""Tone controls and equalizers of hi-fi and studio."""

from circuitnn.circuit.catalogue.reading import read
from circuitnn.circuit.circuit import Circuit


def james() -> Circuit:
    """James passive tone control, the "passive Baxandall".

    Fourth order: at low frequencies a divider of R1 100k, a potentiometer shunted by C1 2.2n and C2 22n, and R2 10k; at
    high ones C3 220p, a potentiometer and C4 2.2n; R3 100k joins them. Bass and treble go from about -40 to 0 dB, the
    middle stays near -20 dB. Knobs: bass (1M), treble (1M), both linear, flat near 0.1. Input Vin, output out, states
    C1, C2, C3, C4.

    Circuit: James (1949), Simple tone control circuit, Wireless World; a usual set of values, in the ratio 1:10.
    """
    return read("james")


def baxandall() -> Circuit:
    """Baxandall active tone control around an ideal op-amp.

    ``H = -1`` with both knobs at 0.5; at their ends the gain at DC is ``1 + R2/R1`` = 20 dB or its inverse, and at high
    frequencies ``1 + (R1 + 2 R5)/R3`` = 20 dB or its inverse. Knobs: bass (100k), treble (500k). Input Vin, output out,
    states C1a, C1b, C3.

    Circuit: Baxandall (1952), Negative-feedback tone control, Wireless World; values: Bohn (1980), Audio/Radio
    Handbook.
    """
    return read("baxandall")


def pultec_eqp1a() -> Circuit:
    """Pultec EQP-1A program equalizer: its passive network, without the tube amplifier that makes up for the loss.

    A series resonance (L1 47 mH, C1 8.2n: 8 kHz) boosts and a shunt capacitor (Chc, 10 kHz position) cuts the high
    frequencies; a series capacitor (Clc) cuts and a shunt one (Clb, 60 Hz position) boosts the low ones. Flat, at -24
    dB, with all knobs at 0. Knobs: low_boost (8.2k), low_cut (110k), high_boost (12k), high_cut (1k), bandwidth (3.9k).
    Input Vin, output out, states L1, C1, Chc, Clc, Clb. At knob 0 a control short-circuits its capacitor.

    Values: Anthon, Lizarraga-Seijas, Font (2023), pywdf: an open source library for prototyping and simulating wave
    digital filter circuits in Python; the coil and its capacitor are those of the usual 8 kHz tap.
    """
    return read("pultec_eqp1a")


def pultec() -> Circuit:
    """Pultec EQP-1A program equalizer, the whole unit: transformers, passive network, make-up amplifier with tubes.

    Two 12AX7 (0.77 mA, plates at 174 V) and two 12AU7 (9 mA, 248 V) in push-pull, with 21 dB of feedback by a winding
    of the output transformer. Flat, at 0 dB into 600 ohm, with all knobs at 0. Knobs: low_boost (8.2k), low_cut (110k),
    high_boost (12k), high_cut (1k), bandwidth (3.9k). Input Vin, output out, states Lt1, Lt2, L1, C1, Chc, Clc, Clb,
    Li1, Li2, Li3, Cpp, C2, C3, Lo1, Lo2, Lo3, Lo4, Lo5.

    Network: Anthon, Lizarraga-Seijas, Font (2023), pywdf: an open source library for prototyping and simulating wave
    digital filter circuits in Python. Of the amplifier the topology is that of the EQP-1A (1961), all values are
    guesses; tubes: Koren (1996).
    """
    return read("pultec")
