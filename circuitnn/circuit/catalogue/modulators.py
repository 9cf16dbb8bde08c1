"""Diodes as switches: ring modulator and rectifier."""

from circuitnn.circuit.catalogue.reading import read
from circuitnn.circuit.circuit import Circuit


def ring_modulator() -> Circuit:
    """Ring modulator: four diodes between two transformers with centre taps.

    The carrier opens one pair of diodes or the other, and so turns the sign of the signal: the output has sums and
    differences of their frequencies. No knobs. Inputs Vin and Vcarrier (2 V peak; 0.5 V at rest, half open), output
    out, states C1, C2, Cp, L1, L2, L3, L4, L5, L6, Ls1, Ls2.

    Circuit and values: Horneber (1976), Analyse nichtlinearer RLCUe-Netzwerke mit Hilfe der gemischten
    Potentialfunktion, as problem "ring modulator" in Mazzia, Magherini (2008), Test set for initial value problem
    solvers.
    """
    return read("ring_modulator", inputs=("Vin", "Vcarrier"))


def precision_rectifier() -> Circuit:
    """Precision full-wave rectifier of two op-amps and two diodes, with a smoothing RC: a detector of levels.

    ``out = |Vin|/(1 + s R C)``, R = 1k + 100k release, C 100n: 0.1 to 10 ms, up to the rails of +-13 V. At the diodes'
    change the first op-amp's output jumps by a volt. Knobs: release (100k). Input Vin, output out, state C1.

    Circuit: Millman, Halkias (1972), Integrated Electronics; values chosen for this catalogue.
    """
    return read("precision_rectifier")
