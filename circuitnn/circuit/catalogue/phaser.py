"""Phaser pedal (MXR Phase 90)."""

from circuitnn.circuit.catalogue.reading import read
from circuitnn.circuit.circuit import Circuit


def phase90_stage() -> Circuit:
    """One stage of an MXR Phase 90: a first-order all-pass filter with a JFET as variable resistor.

    ``H = (s R C - 1)/(s R C + 1)``, R = 22k parallel to the channel, which for small signals is about ``1/(2 BETA (Vlfo
    - VTO))``; C 47n. Ideal op-amp, voltages against its reference. No knobs. Inputs Vin and Vlfo (the gate voltage,
    -2.3 to 0 V, -2.1 V at rest), output out, state C1.

    Values: MXR Phase 90 (1974), as in Eichas, Fink, Holters, Zoelzer (2014), Physical modeling of the MXR Phase 90
    guitar effect pedal; JFET BF256B with the static parameters of the Philips model card.
    """
    return read("phase90_stage", inputs=("Vin", "Vlfo"))


def phase90() -> Circuit:
    """MXR Phase 90: four all-pass stages with feedback, mixed half and half with the dry signal.

    Without the feedback resistor (24k from the last stage to the second one's inverting input) ``H = (1 + A^4)/2`` with
    A the response of `phase90_stage`. The four gates share the voltage of the external oscillator. No knobs. Inputs Vin
    and Vlfo (the gate voltage, -2.3 to 0 V, -2.1 V at rest), output out, states C1, C2, C3, C4.

    Values: MXR Phase 90 (1974), as in Eichas, Fink, Holters, Zoelzer (2014), Physical modeling of the MXR Phase 90
    guitar effect pedal; JFET BF256B with the static parameters of the Philips model card.
    """
    return read("phase90", inputs=("Vin", "Vlfo"))
