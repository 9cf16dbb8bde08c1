"""Amplifiers: single stages, and whole ones with tubes or transistors."""

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

    ``H = 1 + Rf/Rg`` = 23 = 27.2 dB; the output stands at -4 mV, its transistors idle at 24 mA. It clips at 20.9 V. The
    Miller capacitor Cm makes the loop's first pole, Cboot lifts the load of the voltage amplifier along with the
    output. No knobs. Input Vin, output out, states Cin, Cg, Cm, Cboot, Cz.

    Like the amplifier of the Wurlitzer 200A (1974) in topology, rails, Miller and bootstrap capacitors; the other
    values are chosen, the transistors' parameters static ones of usual models.
    """
    return read("power_amplifier")


def tube_preamp() -> Circuit:
    """Preamplifier of a guitar amplifier: two triode stages, a cathode follower, a tone stack.

    52 dB with the volume at 1. Plates at 162 V (0.9 to 1.6 mA) and 189 V of 325 V, the follower's cathode at 189 V.
    Knobs: volume (1M), treble (250k), middle (25k), bass (1M). Input Vin, output out, states Ck1, C1, Cv, Cs2, C2, C3,
    C4.

    Values: Fender Bassman 5F6-A (1958), bright channel; triodes 12AY7 and 12AX7 after Koren (1996), Improved vacuum
    tube models for SPICE simulations.
    """
    return read("tube_preamp")


def push_pull_amplifier() -> Circuit:
    """Push-pull power amplifier: long-tailed pair, two 6L6GC in class AB, output transformer, feedback, loudspeaker.

    15 to 17 dB in the middle of the band. The 6L6GC idle at 438 V and 28 mA each, the pair's plates at 270 and 262 V of
    401 V. Knobs: presence (5k). Input Vin, output out, states Cht, Csc, Cpi, C1, C2, Cpp, Cpr, C3, C4, L1, Cw3, L2,
    Cw4, L3, Lvc, Lms, Cms.

    Values: Fender Bassman 5F6-A (1958) from the phase inverter on; rectifier, output transformer (leakage: k 0.9995)
    and loudspeaker are guesses. Tubes: Koren (1996), Reefman (2016).
    """
    return read("push_pull_amplifier")


def power_amplifier() -> Circuit:
    """DC-coupled power amplifier with eight transistors, quasi-complementary, like that of a Wurlitzer 200A.

    ``H = 1 + Rf/Rg`` = 27 dB; rails of 22.5 V, where it clips at 21 V; idle current 24 mA. No knobs. Input Vin, output
    out, states Cin, Cg, Cm, Cboot, Cz.

    Topology: Wurlitzer 200A (1974), with its rails, Miller capacitor and bootstrap; the other values are chosen, not
    its own.
    """
    return read("power_amplifier")
