"""Small circuits for the tests of the equations and of the nodal model."""

from circuitnn.circuit import read_netlist

MODELS = ".model DX D(IS=2.52n N=1.752)\n.model DY D(IS=1e-14 N=1 RS=5)\n.end\n"

HALF_WAVE = read_netlist(
    "* half-wave rectifier\nVin in 0 0\nRs in a 100\nD1 a out DX\nC1 out 0 1u\nR1 out 0 10k\n" + MODELS
)
BRIDGE = read_netlist(
    "* bridge rectifier\nVin in 0 0\nRs in a 47\nD1 a out DX\nD2 0 out DX\nD3 b a DX\nD4 b 0 DX\nR1 out b 1k\n"
    "Rg b 0 1meg\n" + MODELS
)
SERIES = read_netlist(
    "* two diodes in series one way, one with a series resistance the other\nVin in 0 0\nR1 in out 2.2k\nC1 out 0 10n\n"
    "D1 out m DX\nD2 m 0 DX\nD3 0 out DY\n" + MODELS
)
BIASED = read_netlist(
    "* biased diode\nVcc vcc 0 9\nVin in 0 0\nC1 in b 1u\nR1 vcc b 10k\nR2 b 0 10k\nR3 b out 4.7k\nD1 out x DX\n"
    "Vb x 0 4\nC2 out 0 10n\n" + MODELS
)
RLC = read_netlist("* resonance\nVin in 0 0\nR1 in a 100\nL1 a out 10m\nC1 out 0 1u\nR2 out 0 1k\n.end\n")
KNOB = read_netlist(
    "* clipper with a knob\n.param drive=0.3\nVin in 0 0\nR1 in a {1k + 100k*drive}\nC1 a 0 10n\n"
    "R2 a out {1k + 100k*(1 - drive)}\nD1 out 0 DX\nD2 0 out DX\nC2 out 0 1n\n" + MODELS
)
DIODES = {"half_wave": HALF_WAVE, "bridge": BRIDGE, "series": SERIES, "biased": BIASED}
