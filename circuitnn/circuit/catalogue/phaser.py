"""Phaser pedals (MXR Phase 90, Shin-ei Uni-Vibe)."""

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


def univibe_stage() -> Circuit:
    """The first phase stage of a Shin-ei Uni-Vibe: a phase splitter, photocell and capacitor, the next stage's input.

    ``H = (s R C - g)/(s R C + 1)`` with the photocell's R and C 15n; g = 1.12 is what the collector of the splitter has
    more than its emitter. The phase is 90 degrees at ``sqrt(g)/(2 pi R C)``: 799 Hz with the lamp at 1 (R 14k), 174 Hz
    at 0.7, 59 Hz at 0.5, lower still down to 0 (R 2.9 megohms). The level stays between -0.4 and 0.5 dB from 30 Hz on.
    The cell follows the light in 20 ms when it brightens and 60 ms when it dims, if the knob moves. Knobs: lamp (its
    light, three decades). Input Vin, output out (the next stage's emitter), states C1, Cm1, C2, C3. The cell's
    memory of the light is a state of a model, "N1.TON".

    Circuit: Shin-ei Uni-Vibe (1968), as in Keen (1998), The technology of the Univibe, and Darabundit, Wedelich,
    Bischoff (2019), Digital grey box model of the Uni-Vibe effects pedal; bias, cell and times chosen for this
    catalogue.
    """
    return read("univibe_stage")
