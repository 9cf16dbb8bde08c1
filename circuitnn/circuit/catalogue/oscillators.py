"""Oscillators, and what is nearly one."""

from circuitnn.circuit.catalogue.reading import read
from circuitnn.circuit.circuit import Circuit


def twin_t() -> Circuit:
    """Twin-T oscillator of the Wurlitzer 200A's tremolo, which starts by itself.

    Two transistors around a twin-T network: 5.5 Hz, 10 V peak to peak after two seconds, where the real one is said to
    have 5.3 Hz. The input is in series with the supply of 15 V: it disturbs it, or modulates it. No knobs. Input Vin,
    output out, states C16, C17, C18.

    Circuit: Wurlitzer (1972), service manual of the series 200 and 200A; transistors with IS and BF alone, the lamp at
    the output left out.
    """
    return read("twin_t")


def bridged_t() -> Circuit:
    """Bridged-T drum, after the bass drum of the Roland TR-808: struck by a pulse at the input.

    Rings at ``1/(2 pi C41 sqrt(R167 (R165 + R166)))`` = 46 Hz, first at 129 Hz while a transistor shorts R165, in
    proportion to the pulse. Knobs: decay (500k; 1 is 2 percent short of oscillation). Input Vin (a pulse of 5 V for 1
    ms), output out, states C40, C41, C42, Ce.

    Circuit: Werner, Abel, Smith (2014), A physically-informed, circuit-bendable, digital model of the Roland TR-808
    bass drum circuit; the feedback amplifier, and what holds the transistor's base, are this catalogue's.
    """
    return read("bridged_t")


def astable() -> Circuit:
    """Astable multivibrator: two transistors that hold each other off in turn.

    354 Hz to 2 kHz, 600 Hz in the middle of the knob, 5 V peak to peak; it changes over within nanoseconds, slowed down
    by the charges of its transistors alone. The input is in series with the supply of 5 V. Knobs: pitch. Input Vin,
    output out, states C1, C2.

    Circuit: topology of Eccles and Jordan (1919) and of Abraham and Bloch (1919); values are this catalogue's.
    """
    return read("astable")


def relaxation_oscillator() -> Circuit:
    """Relaxation oscillator of an op-amp with hysteresis, for what turns slowly: 4.6 to 46 Hz, 26 V peak to peak.

    The amplifier has a gain of 1e5, a bandwidth of 3.2 MHz and supplies, and changes over in a microsecond.
    Knobs: rate. Input Vin at the foot of the timing capacitor, output out, states C1, Cs.

    Circuit: textbook, such as Sedra and Smith (2004); values are this catalogue's.
    """
    return read("relaxation_oscillator")
