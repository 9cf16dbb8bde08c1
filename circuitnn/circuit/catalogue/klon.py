"""The Klon Centaur overdrive, whole stages and blocks of them; all voltages are against its 4.5 V reference."""

from typing import Literal

from circuitnn.circuit.catalogue.reading import read
from circuitnn.circuit.circuit import Circuit


def klon_buffer() -> Circuit:
    """Klon Centaur: input buffer, with an ideal op-amp.

    ``H = s C1 R2/(1 + s C1 (R1 + R2))``, R1 10k, R2 1M, C1 0.1u. No knobs. Input Vin, output out, state C1.

    Values: Chowdhury (2020), A comparison of virtual analog modelling techniques for desktop and embedded
    implementations (arXiv 2009.02833).
    """
    return read("klon_buffer")


def klon_gain_stage() -> Circuit:
    """Klon Centaur: the whole gain stage, as the schematic has it.

    From the buffer to the summing amplifier, with both op-amps, their supply rails, the diodes, and the clean ways
    around them. Small signals have 40.8 dB at 1 kHz with the gain at 1; at gain 0 only the clean ways are left. The
    blocks below simplify it in two places, as the author's plug-in does, which is 5 to 15 dB away below gain 1: there
    the amplifier listens before R6 and not behind it, and clipping stage and feed-forward network 2 do not touch.
    Knobs: gain (two of 100k, ganged). Input Vin, output out, states C3, C16, C5, C8, C7, C9, C10, C4, C6, C12, C11,
    C13.

    Values: Chowdhury (2020), A comparison of virtual analog modelling techniques for desktop and embedded
    implementations (arXiv 2009.02833); connections: the schematic, as in the LTspice file of its author's repository.
    """
    return read("klon_gain_stage")


def klon_tone() -> Circuit:
    """Klon Centaur: tone control, around an ideal op-amp.

    ``H = -(s C (G1 + G2) + G1 (G2 + G3))/(s C (G3 + G4) + G4 (G2 + G3))`` with C = C14 = 3.9n, G1 = G4 = 1/100k, G2 =
    1/(1.8k + (1 - t) 10k), G3 = 1/(4.7k + t 10k). Equation (1) of the paper prints the last term with the opposite
    sign, which would be unstable. Knobs: treble t (10k). Input Vin, output out, state C14.

    Values: Chowdhury (2020), A comparison of virtual analog modelling techniques for desktop and embedded
    implementations (arXiv 2009.02833).
    """
    return read("klon_tone")


def klon_feed_forward_1() -> Circuit:
    """Klon Centaur: feed-forward network 1, the clean low frequencies.

    C3 0.1u and R7 1.5k in series, C16 1u to ground, R19 15k into the summing amplifier, whose input counts as ground;
    `klon_pre_amp` hangs on the same C3 and loads it. The output of interest is the current in R19: ``V(out)/15k``.
    Knobs: gain (100k). Input Vin, output out (the voltage across R19), states C3, C16, C5.

    Values: Chowdhury (2020), A comparison of virtual analog modelling techniques for desktop and embedded
    implementations (arXiv 2009.02833).
    """
    return read("klon_feed_forward_1")


def klon_pre_amp(version: Literal["schematic", "plugin"] = "schematic") -> Circuit:
    """Klon Centaur: network before the gain amplifier.

    ``H = Z/(Z + 1/(s C3)) gain 100k/Z2`` with Z = Z1 parallel Z2, Z1 = R7 + (R19 parallel C16), Z2 = (R6 10k parallel
    C5 68n) + gain 100k: the voltage over the gain control, nothing at gain 0. With ``version="plugin"`` that of the
    node behind C3, ``Z/(Z + 1/(s C3))``, as the author's own implementation takes it: the netlist of
    `klon_feed_forward_1`, another output. Knobs: gain (100k). Input Vin, output out, states C3, C16, C5.

    Values: Chowdhury (2020), A comparison of virtual analog modelling techniques for desktop and embedded
    implementations (arXiv 2009.02833).
    """
    if version not in ("schematic", "plugin"):
        raise ValueError(f'version: expected "schematic" or "plugin", got {version!r}')
    return read("klon_pre_amp" if version == "schematic" else "klon_pre_amp_plugin")


def klon_amplifier() -> Circuit:
    """Klon Centaur: gain amplifier, limited at +-4.5 V.

    Below the limits ``H = (b0 s^2 + b1 s + b2)/(a0 s^2 + a1 s + a2)`` with Rg = 2k + (1 - gain) 100k, a0 = C7 C8 Rg R11
    R12, a1 = C7 Rg R11 + C8 R12 (Rg + R11), a2 = Rg + R11, b0 = a0, b1 = C7 R11 R12 + a1, b2 = R12 + a2; C7 82n, C8
    390p, R11 15k, R12 422k. The op-amp has a gain of 1e5 and soft limits. Knobs: gain (100k). Input Vin, output out,
    states C8 and C7.

    Values: Chowdhury (2020), A comparison of virtual analog modelling techniques for desktop and embedded
    implementations (arXiv 2009.02833).
    """
    return read("klon_amplifier")


def klon_clipping() -> Circuit:
    """Klon Centaur: clipping stage on its own, two germanium-like diodes.

    As the author's plug-in has it; in the pedal (`klon_gain_stage`) feed-forward network 2 reaches the node behind C10.
    ``C9 v9' = (u - v9 - v)/R13``, ``C10 v10' = i = (v - v10)/47k``, and v from ``(u - v9 - v)/R13 = 2 Is sinh(v/Vt) +
    i``; C9 and C10 1u, R13 1k, Is 15u. The output of interest is the current i into the summing amplifier:
    ``V(out)/47k``. No knobs. Input Vin, output out (the voltage across the 47k), states C9 and C10.

    Values: Chowdhury (2020), A comparison of virtual analog modelling techniques for desktop and embedded
    implementations (arXiv 2009.02833).
    """
    return read("klon_clipping")


def klon_feed_forward_2() -> Circuit:
    """Klon Centaur: feed-forward network 2 on its own, the clean middle and high frequencies.

    As the author's plug-in has it; in the pedal (`klon_gain_stage`) R17 and C12 lead into the summing amplifier too,
    and C11 to the clipping stage. Linear, fourth order: R5 5.1k parallel C4 68n; R8 1.5k and R9 1k + C6 390n to ground;
    gain control 100k; from its wiper R17 27k and R18 12k + C12 27n to ground, and R15 22k + C11 2.2n + R16 47k into the
    summing amplifier, whose input counts as ground. The output of interest is the current in R16: ``V(out)/47k``; at
    gain 1 it is nothing. Knobs: gain (100k). Input Vin, output out (the voltage across R16), states C4, C6, C12, C11.

    Values: Chowdhury (2020), A comparison of virtual analog modelling techniques for desktop and embedded
    implementations (arXiv 2009.02833).
    """
    return read("klon_feed_forward_2")


def klon_summing() -> Circuit:
    """Klon Centaur: summing amplifier, limited at -13.1 V and 11.7 V.

    ``H = -(R20/47k)/(1 + s C13 R20)`` with R20 392k and C13 820p, for an input over the 47k of the clipping stage: the
    current that is summed is ``Vin/47k``. The op-amp has a gain of 1e5 and soft limits. No knobs. Input Vin, output
    out, state C13.

    Values: Chowdhury (2020), A comparison of virtual analog modelling techniques for desktop and embedded
    implementations (arXiv 2009.02833).
    """
    return read("klon_summing")


def klon_output() -> Circuit:
    """Klon Centaur: output stage, the level control.

    ``H = s C15 Rb/(1 + s C15 (R25 + (1 - level) 10k + Rb))`` with Rb = 10k level parallel R28 100k, C15 4.7u, R25 560.
    Knobs: level (10k). Input Vin, output out, state C15.

    Values: Chowdhury (2020), A comparison of virtual analog modelling techniques for desktop and embedded
    implementations (arXiv 2009.02833).
    """
    return read("klon_output")
