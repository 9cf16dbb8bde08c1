"""Filters of synthesizers."""

from circuitnn.circuit.catalogue.reading import read
from circuitnn.circuit.circuit import Circuit


def sallen_key() -> Circuit:
    """Sallen-Key low-pass filter of second order, around an ideal op-amp.

    ``H = K/(1 + (3 - K) s R C + (s R C)^2)`` with K = 1 + 1.8 resonance, R = 1k + 100k (1 - cutoff) and C 10n: 158 Hz
    to 15.9 kHz, Q from 0.5 to 5. Knobs: cutoff (two ganged 100k), resonance (18k). Input Vin, output out, states C1,
    C2.

    Circuit: Sallen, Key (1955), A practical method of designing RC active filters; values chosen for this catalogue.
    """
    return read("sallen_key")


def ms20_filter() -> Circuit:
    """Korg MS-20 low-pass filter in its later version: two transconductance amplifiers, diodes in the feedback.

    ``C1 (v1 - vf)' = I tanh(a (u - v1)/(2 Vt))``, ``C2 v2' = I tanh(a (v1 - v2)/(2 Vt))``, out = v2, and vf the output
    of an amplifier of gain 2.2 for small and 1 for large signals, driven by resonance v2. For small signals ``H = 1/(1
    + (2 - 2.2 resonance) s T + (s T)^2)``, T = 2 Vt C/(a I). Above resonance 0.91 it oscillates, at 1 with 1.945 V peak
    to peak at 0.94/(2 pi T). Knobs: cutoff (I from 0.3 uA to 0.3 mA: 20 Hz to 20 kHz), resonance (10k). Input Vin,
    output out, states C1, C2.

    Circuit: Stinchcombe (2006), A study of the Korg MS10 & MS20 filters; attenuators and capacitors as in Schmitz's
    clone of it, the feedback's gain chosen for this catalogue.
    """
    return read("ms20_filter")


def moog_ladder() -> Circuit:
    """Moog ladder low-pass filter: a driver and four pairs of NPN transistors.

    For infinite beta ``V1' = I0/(2 C) (tanh((u - 5 resonance V4)/(2 Vt)) - tanh(V1/(2 Vt)))``, ``Vk' = I0/(2 C)
    (tanh(V(k-1)/(2 Vt)) - tanh(Vk/(2 Vt)))``, out = V4; for small signals ``H = 1/((1 + s/w)^4 + 5 resonance)``, w =
    I0/(4 Vt C), C 68n. Knobs: cutoff (I0 from 1 uA to 1 mA: 22 Hz to 22 kHz), resonance (it oscillates from 0.8 on, at
    1 with 21.9 mV peak to peak). Input Vin (some 20 mV), output out, states C1, C2, C3, C4.

    Circuit: Moog (1969), US patent 3475623; equations: Huovilainen (2004), Non-linear digital implementation of the
    Moog ladder filter; transistors 2N3904 (IS, BF, BR of the Motorola model card).
    """
    return read("moog_ladder")


def ota_lowpass() -> Circuit:
    """State-variable low-pass filter of two transconductance amplifiers (LM13700) with their limits.

    For small signals ``H = 1/(1 + s T (2 (1 - resonance) + 0.02) + (s T)^2)``, T = 2 Vt C/(a I), a = 220/(100k + 220),
    C 330p. Knobs: cutoff (I from 1 uA to 1 mA: 20 Hz to 20 kHz), resonance (10k; Q from 0.5 to 50). Input Vin (5 V),
    output out, states C1, C2.

    Circuit: National Semiconductor (2004), data sheet of the LM13700 (state-variable filter); values chosen for this
    catalogue.
    """
    return read("ota_lowpass")
