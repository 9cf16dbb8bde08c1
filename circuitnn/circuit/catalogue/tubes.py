"""Tube amplifiers and transformers."""

from circuitnn.circuit.catalogue.reading import read
from circuitnn.circuit.circuit import Circuit


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


def tube_preamp() -> Circuit:
    """Preamplifier of a guitar amplifier: two triode stages, a cathode follower, a tone stack.

    52 dB with the volume at 1. Plates at 162 V (1.6 mA) and 189 V (1.4 mA) of 325 V, the follower's cathode at 189 V.
    Knobs: volume (1M), treble (250k), middle (25k), bass (1M). Input Vin, output out, states Ck1, C1, Cv, Cs2, C2, C3,
    C4.

    Values: Fender Bassman 5F6-A (1958), bright channel; triodes 12AY7 and 12AX7 after Koren (1996), Improved vacuum
    tube models for SPICE simulations.
    """
    return read("tube_preamp")
