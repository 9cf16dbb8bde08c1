"""Compressors with optical cells, closed around what they let through."""

from circuitnn.circuit.catalogue.reading import read
from circuitnn.circuit.circuit import Circuit


def la2a() -> Circuit:
    """LA-2A-like optical leveling amplifier: a T4B behind 68k, lit by what it leaves of the signal.

    No copy of the unit: the tubes of amplifier and side chain are ideal gains, the panel's light a law of ZnS with
    constants chosen for the unit's published curves. 40 dB in all at full gain. With a sine of 1 kHz the ratio is 2.9:1
    to 3.2:1 in compress (published: about 3:1); in limit it grows from 4:1 on to over 15:1, with up to 39.6 dB of
    reduction, where the cell has its least resistance (published: 40 dB). At peak_reduction 0.4 there is 1 dB at
    0.13 V and 12 dB at 1 V, of which nine tenths are there in 5 ms (published: 10 ms). Half of it is gone 40 ms after
    0.1 s of tone and 74 ms after 2 s (published: 60 ms), nine tenths after 0.8 s and 4.4 s (published: 1 to 15 s, by
    exposure). Of 22 dB half takes 0.7 s: the cell's two published times say nothing about so much light.

    Knobs: peak_reduction (square law), gain (square law), mode (0 compress, 1 limit). Input Vin, output out, states C2.
    The cell's two memories of the light are states of a model, "N1.TON" and "N1.TON2".

    Circuit: Teletronix LA-2A (1965): 68k, T4B, 100k controls; light: Alfrey and Taylor (1955), Electroluminescence in
    single crystals of zinc sulphide; cell: Parker and D'Angelo (2013) with two times and the figures told of the T4B.
    """
    return read("la2a")


def cl1b() -> Circuit:
    """CL 1B-like optical compressor: a vactrol behind 100k, a side chain with a rectifier and times of its own.

    No copy of the unit, of which no schematic is published: blocks of its manual with ideal amplifiers. 0 to 30 dB of
    gain. With a sine of 1 kHz 2.2:1 at ratio 0, 3:1 at 0.3 and, over the first 15 dB of reduction, 12:1 at 1; up to 36
    dB. Of the 9 dB at 1 V and threshold 0.6 nine tenths are there in 2.3 ms at attack 0, with 1 to 2 dB too much for a
    moment (the cell itself takes 2.5 ms), and in 0.65 s at attack 1; half is gone in 30 ms at release 0 and in 4.5 s at
    1.

    Knobs: threshold (0: +20 dBu, 1: -40 dBu), ratio (2:1 to 10:1), attack (0.5 to 300 ms), release (0.05 to 10 s), gain
    (square law). Input Vin, output out, states C1. The cell's memory of the light is a state of a model, "N1.TON".

    Ranges: manual of the Tube-Tech CL 1B, Lydkraft (1998); cell VTL5C3: data sheet, PerkinElmer (2001), equations of
    Parker and D'Angelo (2013).
    """
    return read("cl1b")
