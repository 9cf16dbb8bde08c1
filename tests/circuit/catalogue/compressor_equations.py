"""The equations that the comments of la2a.cir and cl1b.cir state, in NumPy and for SciPy, apart from the library.

Each compressor is a function of its states and of an input of u volts: the states' rates of change, and the output. All
may be arrays, the states along their first axis. Corners of the cells' rates are sharp here.
"""

import numpy as np
from scipy.special import lambertw

NVT = 2 * 1.38064852e-23 * 300.15 / 1.6021766208e-19  # of the cells' diodes
T4B = {"RREF": 10e3, "GAMMA": 0.8, "RMIN": 300.0, "RDARK": 3e6}
VTL5C3 = {"RREF": 30e3, "GAMMA": 0.8, "RMIN": 20.0, "RDARK": 10e6}


def conductance(light, p):
    """Of a cell that has seen this light."""
    return 1 / p["RDARK"] + 1 / (p["RMIN"] + p["RREF"] * np.maximum(light, 1e-30) ** -p["GAMMA"])


def follows(light, s, rising, falling):
    return (light - s) / np.where(light > s, rising, falling)


def la2a(state, u, peak_reduction=0.4, gain=0.3, mode=0.0, series=68e3, falling=(27e-3, 2.0), amplification=100.0):
    """States: the voltage of C2, the two memories of light."""
    c2, first, second = state
    before = 10 * u
    cell = before / series / (1 / series + 1 / 100e3 + conductance(0.8 * first + 0.2 * second, T4B))
    driven = cell + mode / 25 * before - c2
    panel = 300 * np.tanh(peak_reduction**2 * driven * amplification / 300)
    light = 2000 * np.exp(-np.sqrt(1250 / np.sqrt(1 + panel**2)))
    rates = driven / (100e3 * 100e-9), follows(light, first, 10e-3, falling[0]), follows(light, second, 0.5, falling[1])
    return np.stack(np.broadcast_arrays(*rates)), 17 * gain**2 * cell


def diode_current(volts):
    """Through 272 ohms and the diode."""
    saturation, ohms = 6e-16, 272.0
    z = np.log(saturation * ohms / NVT) + (volts + saturation * ohms) / NVT
    return NVT / ohms * np.real(lambertw(np.exp(z))) - saturation


def cl1b(state, u, threshold=0.6, ratio=0.3, attack=0.3, release=0.3, gain=0.3, series=100e3):
    """States: the voltage of C1, the memory of light."""
    c1, first = state
    cell = u / series / (1 / series + 1e-6 + conductance(first, VTL5C3))
    share = 10e3 * ratio / 22e3
    side = 19 * 1000 ** (threshold - 1) * ((1 - share) * 1.11 * cell + share * u)
    ahead = np.maximum(13 * np.tanh((np.sqrt(side**2 + 1e-4) - 0.01) / 13) - c1, 0)
    current = ahead**2 / (ahead + 0.01) / (500 * 600**attack) - c1 / (50e3 * 200**release)
    rates = current / 1e-6, follows(1e3 * diode_current(1.1 + c1), first, 2.5e-3, 7.6e-3)
    return np.stack(np.broadcast_arrays(*rates)), 35 * gain**2 * cell
