"""Boosters and fuzz pedals with transistors, and a wah-wah."""

from circuitnn.circuit.catalogue.reading import read
from circuitnn.circuit.circuit import Circuit


def rangemaster() -> Circuit:
    """Dallas Rangemaster: a treble booster with one germanium transistor.

    35 dB above 2 kHz, 6 dB an octave less below. Knobs: boost (10k). Input Vin, output out, states C1, Ceb, Ccb, C2,
    C3.

    Values and transistor (an OC44, measured): Holmes, Holters, van Walstijn (2017), Comparison of germanium bipolar
    junction transistor models for real-time circuit simulation.
    """
    return read("rangemaster")


def fuzz_face_germanium() -> Circuit:
    """Fuzz Face with two germanium transistors.

    28 dB with the fuzz at 1, and 15 dB at 0. Knobs: fuzz (1k), volume (500k). Input Vin, output out, states Cs, C1,
    Ccb1, Ccb2, C2, C3.

    Values and transistors (AC128, measured): Holmes, Holters, van Walstijn (2017), Comparison of germanium bipolar
    junction transistor models for real-time circuit simulation.
    """
    return read("fuzz_face_germanium")


def fuzz_face_silicon() -> Circuit:
    """Fuzz Face with two silicon transistors.

    54 dB with the fuzz at 1, and 24 dB at 0. Knobs: fuzz (1k), volume (500k). Input Vin, output out, states C1, C2, C3.

    Values: Dallas Arbiter Fuzz Face with BC108C (1969); transistors with the static parameters of the parts list.
    """
    return read("fuzz_face_silicon")


def big_muff() -> Circuit:
    """Electro-Harmonix Big Muff Pi, the whole pedal.

    A booster, two clipping stages with a transistor and a pair of diodes in its feedback, the tone control and an
    amplifier. Knobs: sustain (100k), tone (100k), volume (100k). Input Vin, output out, states C1, C2, C3, C4, C5, C6,
    C7, C8, C9, C11, C10, C12, C13.

    Values: the "Ram's Head" (1973) in its common form; transistors 2N5133 with the static parameters of the parts list.
    """
    return read("big_muff")


def cry_baby() -> Circuit:
    """Dunlop Cry Baby: a wah-wah, a resonance that a pedal moves.

    From 0.4 kHz, heel down, to 2.2 kHz, toe down, by a capacitor whose other end is driven. Knobs: wah (100k). Input
    Vin, output out, states C1, L1, C2, C3, C4, C5.

    Values: the GCB-95 (1982) in its common form, without its input buffer.
    """
    return read("cry_baby")
