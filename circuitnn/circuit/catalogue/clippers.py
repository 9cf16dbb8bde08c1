"""Diode clippers."""

from circuitnn.circuit.catalogue.reading import read
from circuitnn.circuit.circuit import Circuit


def diode_clipper() -> Circuit:
    """First-order diode clipper: R1 2.2k in series, C1 10n parallel to two antiparallel diodes.

    ``v' = (u - v)/(R C) - (2 Is/C) sinh(v/(n Vt))`` with v the output voltage. Input Vin, output out, state C1. No
    knobs.

    Values: Yeh, Abel, Vladimirescu, Smith (2008), Numerical methods for simulation of guitar distortion circuits; Is
    and n as in Parker, Esqueda, Bergner (2019), Modelling of nonlinear state-space systems using a deep neural network.
    """
    return read("diode_clipper")


def diode_clipper_second_order() -> Circuit:
    """Second-order diode clipper: Ch 0.47u and R1 2.2k in series, then Cl 10n parallel to two antiparallel diodes.

    ``v1' = (u - v1 - v2)/(R Ch)`` and ``v2' = (u - v1 - v2)/(R Cl) - (2 Is/Cl) sinh(v2/(n Vt))``, with v1 across Ch and
    v2 the output voltage. Input Vin, output out, states Ch and Cl. No knobs. Stiff: at rest its poles are at 0.037 Hz
    and 7.4 kHz.

    Circuit: Parker, Esqueda, Bergner (2019), Modelling of nonlinear state-space systems using a deep neural network
    (after the clipping stage of the Boss DS-1).
    """
    return read("diode_clipper_second_order")
