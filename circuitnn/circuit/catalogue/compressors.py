"""Compressors with optical cells, closed around what they let through."""

from circuitnn.circuit.catalogue.reading import read
from circuitnn.circuit.circuit import Circuit


def la2a() -> Circuit:
    """LA-2A-like optical leveling amplifier: a T4B behind 68k, lit by what it leaves of the signal.

    No copy of the unit: the tubes of amplifier and side chain are ideal gains, the panel's light a law of ZnS with
    constants chosen for the unit's published curves. 40 dB in all at full gain. With a sine of 1 kHz the reduction grows
    by 3.2 dB in 4.7 above threshold in compress, 3.0:1 to 3.2:1; in limit more and more, 4:1, 10:1 8 dB further and at
    most 39.6 dB, where the cell has its least resistance. At peak_reduction 0.4 the reduction is 1 dB at 0.13 V, 12 dB at
    1 V. From there it comes within 1 dB in 6 ms (published: 10 ms), leaves half of it in 60 ms (published: 60 ms), and
    the rest in seconds, 1.7 dB after three (published: 1 to 15 s, by exposure). 20 dB louder it takes 0.9 s to the half
    of 25 dB: the cell's two published times say nothing about so much light.

    Knobs: peak_reduction (square law), gain (square law), mode (0 compress, 1 limit). Input Vin, output out, states C2
    (coupling of the side chain), XN1.first and XN1.second (what the cell remembers of the light, quickly and slowly).

    Circuit: Teletronix LA-2A (1965): 68k, T4B, 100k controls; light: Alfrey and Taylor (1955); cell: Parker and
    D'Angelo (2013) with two times and the figures told of the T4B.
    """
    return read("la2a")


def cl1b() -> Circuit:
    """CL 1B-like optical compressor: a vactrol behind 100k, a side chain with a rectifier and times of its own.

    No copy of the unit, of which no schematic is published: blocks of its manual with ideal amplifiers. 0 to 30 dB of
    gain. With a sine of 1 kHz 2.2:1 at ratio 0, 3:1 at 0.3, 12:1 at 1, up to 35 dB. A burst of 1 V at threshold 0.6
    comes within 1 dB of its 9 dB in 2 ms at attack 0 (the cell's own time), 0.3 s at attack 1, and is 80 % back in 50 ms
    at release 0, 0.2 s at 0.3.

    Knobs: threshold (0: +20 dBu, 1: -40 dBu), ratio (2:1 to 10:1), attack (0.5 to 300 ms), release (0.05 to 10 s), gain
    (square law). Input Vin, output out, states C1 (envelope) and XN1.first (what the cell remembers of the light).

    Ranges: manual of the Tube-Tech CL 1B, Lydkraft (1998); cell VTL5C3: data sheet, PerkinElmer (2001), equations of
    Parker and D'Angelo (2013).
    """
    return read("cl1b")
