"""Amplifiers with transistors, and single stages."""

from circuitnn.circuit.catalogue.reading import read
from circuitnn.circuit.circuit import Circuit


def common_emitter() -> Circuit:
    """Common-emitter booster with one NPN transistor.

    In the middle of the band about ``H = -level Rc/(Re + Vt/Ic)``: gain 19 at Rc 10k, Re 390. Knobs: level (100k).
    Input Vin, output out, states C1, C2.

    Values: Electro-Harmonix LPB-1 linear power booster (1968); transistor 2N5088 with the static parameters of the
    Fairchild model card.
    """
    return read("common_emitter")


def jfet_stage() -> Circuit:
    """JFET common-source stage, self-biased.

    In the middle of the band about ``H = -gm (Rd parallel 100k)/(1 + gm Rs)``, gm = 2 BETA (Vgs - VTO): gain 4.6 at Rd
    5.1k, Rs 560. No knobs. Input Vin, output out, states Cin, Cout.

    Circuit: the Fetzer Valve of runoffgroove.com (2003); transistor 2N5457 with the static parameters of the PSpice
    library.
    """
    return read("jfet_stage")


def triode_koren() -> Circuit:
    """12AX7 common-cathode stage with the triode of Koren.

    ``Ip = 2 E1^EX/KG1``, ``E1 = Vpk/KP ln(1 + exp(KP (1/MU + Vgk/sqrt(KVB + Vpk^2))))``; the grid is 2k and a diode.
    Gain 53 at high frequencies, 20 at low ones. No knobs. Input Vin, output out, states Ck, Co.

    Triode: Koren (1996), Improved vacuum tube models for SPICE simulations, without its capacitances. Values: first
    stage of the Marshall JCM800 2203 (1981): grid 68k, plate 100k, cathode 2.7k and 0.68u, coupling 22n into 1M, with a
    supply of 300 V.
    """
    return read("triode_koren")


def triode_dempwolf() -> Circuit:
    """12AX7 common-cathode stage with the triode of Dempwolf and Zoelzer.

    ``Ik = G (ln(1 + exp(C (Vpk/mu + Vgk)))/C)^gamma``, ``Ig = Gg (ln(1 + exp(Cg Vgk))/Cg)^xi + Ig0``, Ip = Ik - Ig.
    Gain 61 at high frequencies, 21 at low ones. No knobs. Input Vin, output out, states Ck, Co.

    Triode: Dempwolf, Zoelzer (2011), A physically-motivated triode model for circuit simulations (12AX7 RSD-1). Values:
    first stage of the Marshall JCM800 2203 (1981): grid 68k, plate 100k, cathode 2.7k and 0.68u, coupling 22n into 1M,
    with a supply of 300 V.
    """
    return read("triode_dempwolf")


def power_amplifier() -> Circuit:
    """Quasi-complementary power amplifier with eight transistors, coupled directly, 20 W into 8 ohm.

    ``H = 1 + Rf/Rg`` = 23 = 27.2 dB; the output stands at -4 mV, its transistors idle at 24 mA. It clips at 21 V. The
    Miller capacitor Cm makes the loop's first pole, Cboot lifts the load of the voltage amplifier along with the
    output. No knobs. Input Vin, output out, states Cin, Cg, Cm, Cboot, Cz.

    Like the amplifier of the Wurlitzer 200A (1974) in topology, rails, Miller and bootstrap capacitors; the other
    values are chosen, the transistors' parameters static ones of usual models.
    """
    return read("power_amplifier")
