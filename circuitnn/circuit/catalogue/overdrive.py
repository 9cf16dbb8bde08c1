"""Overdrive pedals of the Tube Screamer and SD-1 families."""

from circuitnn.circuit.catalogue.reading import read
from circuitnn.circuit.circuit import Circuit


def tube_screamer_clipping() -> Circuit:
    """Tube Screamer clipping stage: a non-inverting amplifier with two antiparallel diodes in its feedback.

    For small signals ``H = s C2 R5/(1 + s C2 R5) (1 + Zf/Zi)`` with Zi = R4 + 1/(s C3) and Zf = (R6 + drive 500k)
    parallel C4; the diodes limit the voltage across Zf, to which the input is added. Ideal op-amp, voltages against its
    4.5 V reference. Knobs: drive (500k). Input Vin, output out, states C2, C3, C4.

    Values: Ibanez TS808 (1979), as in Yeh, Abel, Smith (2007), Simplified, physically-informed models of distortion and
    overdrive guitar effects pedals; diodes 1N4148 as in `diode_clipper`.
    """
    return read("tube_screamer_clipping")


def tube_screamer_tone() -> Circuit:
    """Tube Screamer tone control, around an ideal op-amp.

    A low-pass filter (R7 1k, C5 220n: 723 Hz), then an amplifier whose tone control goes from one input to the other,
    with R8 220 and C6 220n from its wiper to ground, and R11 1k as feedback. Knobs: tone (20k; 1 is bright). Input Vin,
    output out, states C5, C6.

    Values: Ibanez TS808 (1979), as in Yeh, Abel, Smith (2007), Simplified, physically-informed models of distortion and
    overdrive guitar effects pedals.
    """
    return read("tube_screamer_tone")


def sd1_clipping() -> Circuit:
    """Boss SD-1 clipping stage: one diode one way, two the other.

    For small signals ``H = s C2 R5/(1 + s C2 R5) (1 + (R6 + drive 1M)/(R7 + 1/(s C4)))``; the diodes limit unequally,
    which makes even harmonics. Ideal op-amp, voltages against its 4.5 V reference. Knobs: drive (1M). Input Vin, output
    out, states C2, C4.

    Values: the Boss SD-1 (1981) family as the "Der Super Over" kit has it, with diodes unequal as parts from the drawer
    are.
    """
    return read("sd1_clipping")


def sd1_tone() -> Circuit:
    """Boss SD-1 tone control, around an ideal op-amp.

    A low-pass filter (R8 10k, C5 18n: 884 Hz), then an amplifier (R10 10k parallel C7 10n as feedback) whose tone
    control goes from one input to the other, with C6 27n and R11 470 from its wiper to ground. Knobs: tone (20k; 1 is
    bright). Input Vin, output out, states C5, C6, C7.

    Values: the Boss SD-1 (1981) family as the "Der Super Over" kit has it, with diodes unequal as parts from the drawer
    are.
    """
    return read("sd1_tone")


def sd1() -> Circuit:
    """Boss SD-1 overdrive, the whole pedal.

    Emitter follower, clipping amplifier, tone control, level, emitter follower; one supply of 9 V, and the bias voltage
    from a divider: 25 nodes, 2 transistors, 3 diodes, 2 op-amps of gain 1e5. Small-signal laws as in `sd1_clipping` and
    `sd1_tone`. Knobs: drive (1M), tone (20k), level (10k). Input Vin, output out, states Cb, C1, C2, C4, C5, C7, C6,
    C8, C9, C10.

    Values: the Boss SD-1 (1981) family as the "Der Super Over" kit has it, with diodes unequal as parts from the drawer
    are. Transistors: IS 80f, BF 500, BR 10.
    """
    return read("sd1")


def ds1() -> Circuit:
    """Boss DS-1: the whole signal path.

    A transistor that saturates, an amplifier of 0 to 26 dB, two diodes to ground, and a tone control between a low and
    a high pass. Knobs: dist (100k), tone (20k), level (100k). Input Vin, output out, states C3, C4, C5, C8, C7, C9,
    C10, C12, C11.

    Values: the pedal of 1978 without its buffers and switches; transistor: Yeh, Abel, Smith (2007), Simplified,
    physically-informed models of distortion and overdrive guitar effects pedals.
    """
    return read("ds1")
