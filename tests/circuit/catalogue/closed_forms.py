"""Small-signal responses in closed form, from the equations in the netlists: s (n,) and knobs to H (n,)."""

import numpy as np

from circuitnn.devices.constants import THERMAL_VOLTAGE as VT

K = 1e3
M = 1e6


def parallel(*impedances):
    return 1 / sum(1 / np.asarray(z) for z in impedances)


def fmv_coefficients(R1, R2, R3, R4, C1, C2, C3, *, treble, bass, mid=1.0):
    """Numerator and denominator in s, constant terms first: Yeh and Smith (2006), with the bass control's taper."""
    t, b, m = treble, np.exp(3.4 * (bass - 1)), mid
    b1 = t * C1 * R1 + m * C3 * R3 + b * (C1 * R2 + C2 * R2) + (C1 * R3 + C2 * R3)
    b2 = (
        t * (C1 * C2 * R1 * R4 + C1 * C3 * R1 * R4)
        - m**2 * (C1 * C3 * R3**2 + C2 * C3 * R3**2)
        + m * (C1 * C3 * R1 * R3 + C1 * C3 * R3**2 + C2 * C3 * R3**2)
        + b * (C1 * C2 * R1 * R2 + C1 * C2 * R2 * R4 + C1 * C3 * R2 * R4)
        + b * m * (C1 * C3 * R2 * R3 + C2 * C3 * R2 * R3)
        + (C1 * C2 * R1 * R3 + C1 * C2 * R3 * R4 + C1 * C3 * R3 * R4)
    )
    b3 = (C1 * C2 * C3) * (
        b * m * (R1 * R2 * R3 + R2 * R3 * R4)
        - m**2 * (R1 * R3**2 + R3**2 * R4)
        + m * (R1 * R3**2 + R3**2 * R4)
        + (t * R1 * R3 * R4 - t * m * R1 * R3 * R4 + t * b * R1 * R2 * R4)
    )
    a1 = (C1 * R1 + C1 * R3 + C2 * R3 + C2 * R4 + C3 * R4) + m * C3 * R3 + b * (C1 * R2 + C2 * R2)
    a2 = (
        m * (C1 * C3 * R1 * R3 - C2 * C3 * R3 * R4 + C1 * C3 * R3**2 + C2 * C3 * R3**2)
        + b * m * (C1 * C3 * R2 * R3 + C2 * C3 * R2 * R3)
        - m**2 * (C1 * C3 * R3**2 + C2 * C3 * R3**2)
        + b * (C1 * C2 * R2 * R4 + C1 * C2 * R1 * R2 + C1 * C3 * R2 * R4 + C2 * C3 * R2 * R4)
        + (C1 * C2 * R1 * R4 + C1 * C3 * R1 * R4 + C1 * C2 * R3 * R4)
        + (C1 * C2 * R1 * R3 + C1 * C3 * R3 * R4 + C2 * C3 * R3 * R4)
    )
    a3 = (C1 * C2 * C3) * (
        b * m * (R1 * R2 * R3 + R2 * R3 * R4)
        - m**2 * (R1 * R3**2 + R3**2 * R4)
        + m * (R3**2 * R4 + R1 * R3**2 - R1 * R3 * R4)
        + (b * R1 * R2 * R4 + R1 * R3 * R4)
    )
    return (0.0, b1, b2, b3), (1.0, a1, a2, a3)


def fmv(*values):
    def response(s, treble, bass, mid=1.0):
        above, below = fmv_coefficients(*values, treble=treble, bass=bass, mid=mid)
        return np.polynomial.polynomial.polyval(s, above) / np.polynomial.polynomial.polyval(s, below)

    return response


def big_muff_tone(s, tone):
    """Star of the potentiometer's wiper and its load, between the two filters: one equation for each node."""
    c1, c2, wiper = 1 / (s * 10e-9), 1 / (s * 4e-9), 1 / (s * 1e-6) + 100 * K
    upper, lower = 100 * K * (1 - tone), 100 * K * tone
    matrix = np.zeros((len(s), 4, 4), complex)  # n, h, l, w
    for i, j, z in ((0, 2, 39 * K), (0, 1, c2), (1, 3, upper), (3, 2, lower)):
        y = 1 / np.asarray(z)
        matrix[:, i, i] += y
        matrix[:, j, j] += y
        matrix[:, i, j] -= y
        matrix[:, j, i] -= y
    for i, z in ((0, 15 * K), (1, 22 * K), (2, c1), (3, wiper)):
        matrix[:, i, i] += 1 / np.asarray(z)
    drive = np.zeros((len(s), 4, 1), complex)
    drive[:, 0] = 1 / (15 * K)
    return np.linalg.solve(matrix, drive)[:, 3, 0] * (100 * K / wiper)


def baxandall_at_the_middle(s, bass, treble):
    assert bass == treble == 0.5
    return -np.ones_like(s)


def pultec_eqp1a(s, low_boost, low_cut, high_boost, high_cut, bandwidth):
    resonance = s * 47e-3 + 1 / (s * 8.2e-9) + 3900 * bandwidth + 390
    series = 12 * K * (1 - high_boost) + parallel(12 * K * high_boost, resonance)
    high = K * (1 - high_cut) + parallel(K * high_cut, 91 + 1 / (s * 135e-9))
    low = parallel(110 * K * low_cut, 1 / (s * 18.667e-9)) + 11 * K
    foot = parallel(8.2 * K * low_boost, 1 / (s * 560e-9))
    middle = parallel(high, low)
    return (middle * 10 * K / low + foot) / (series + middle + foot)


def klon_buffer(s):
    return s * 1e-7 * M / (1 + s * 1e-7 * (10 * K + M))


def klon_tone(s, treble):
    C, G1, G2, G3, G4 = 3.9e-9, 1e-5, 1 / (1.8 * K + (1 - treble) * 10 * K), 1 / (4.7 * K + treble * 10 * K), 1e-5
    return -(s * C * (G1 + G2) + G1 * (G2 + G3)) / (s * C * (G3 + G4) + G4 * (G2 + G3))


def klon_pre_amp(s, gain):
    turned = 100 * K * gain
    return klon_pre_amp_plugin(s, gain) * turned / (parallel(10 * K, 1 / (s * 68e-9)) + turned)


def klon_pre_amp_plugin(s, gain):
    z = parallel(1.5 * K + parallel(15 * K, 1 / (s * 1e-6)), parallel(10 * K, 1 / (s * 68e-9)) + 100 * K * gain)
    return z / (z + 1 / (s * 1e-7))


def klon_feed_forward_1(s, gain):
    shunt = parallel(15 * K, 1 / (s * 1e-6))
    return klon_pre_amp_plugin(s, gain) * shunt / (1.5 * K + shunt)


def klon_amplifier(s, gain):
    C7, C8, R11, R12, Rg = 82e-9, 390e-12, 15 * K, 422 * K, 2 * K + (1 - gain) * 100 * K
    a0, a1, a2 = C7 * C8 * Rg * R11 * R12, C7 * Rg * R11 + C8 * R12 * (Rg + R11), Rg + R11
    return (a0 * s**2 + (C7 * R11 * R12 + a1) * s + R12 + a2) / (a0 * s**2 + a1 * s + a2)


def klon_clipping(s):
    branch = 47 * K + 1 / (s * 1e-6)
    z = parallel(VT / (2 * 15e-6), branch)
    return z / (z + K + 1 / (s * 1e-6)) * 47 * K / branch


def klon_feed_forward_2(s, gain):
    out = 22 * K + 1 / (s * 2.2e-9) + 47 * K
    wiper = parallel(100 * K * (1 - gain), 27 * K, 12 * K + 1 / (s * 27e-9), out)
    node = parallel(1.5 * K, K + 1 / (s * 390e-9), 100 * K * gain + wiper)
    first = parallel(5.1 * K, 1 / (s * 68e-9))
    return node / (node + first) * wiper / (100 * K * gain + wiper) * 47 * K / out


def klon_summing(s):
    return -(392 / 47) / (1 + s * 820e-12 * 392 * K)


def klon_output(s, level):
    rb = parallel(10 * K * level, 100 * K)
    return s * 4.7e-6 * rb / (1 + s * 4.7e-6 * (560 + 10 * K * (1 - level) + rb))


def tube_screamer_clipping(s, drive):
    diodes = 1.752 * VT / (2 * 2.52e-9)
    zf = parallel(51 * K + 500 * K * drive, 1 / (s * 51e-12), diodes)
    return s * 1e-6 * 10 * K / (1 + s * 1e-6 * 10 * K) * (1 + zf / (4.7 * K + 1 / (s * 47e-9)))


def tone_between_inputs(z_in, z_shunt, z_wiper, z_feedback, lower, upper):
    """Source over z_in to the non-inverting input, z_shunt from there to ground; lower and upper: the two halves of the
    control from there to the inverting input, whose voltage is the same; z_wiper from its wiper to ground."""
    share = parallel(lower, upper) / (parallel(lower, upper) + z_wiper)  # of the inputs' voltage, across the halves
    inputs = (1 / z_in) / (1 / z_in + 1 / z_shunt + share / lower)
    return inputs * (1 + z_feedback * share / upper)


def tube_screamer_tone(s, tone):
    shunt = parallel(10 * K, 1 / (s * 220e-9))
    return tone_between_inputs(K, shunt, 220 + 1 / (s * 220e-9), K, 20 * K * tone, 20 * K * (1 - tone))


def sd1_tone(s, tone):
    feedback = parallel(10 * K, 1 / (s * 10e-9))
    wiper = 470 + 1 / (s * 27e-9)
    return tone_between_inputs(10 * K, 1 / (s * 18e-9), wiper, feedback, 20 * K * tone, 20 * K * (1 - tone))


def sd1_clipping(s, drive):
    one, two = 2 * VT / 4e-9, 2 * VT / 3e-9 + 2 * VT / 5e-9
    zf = parallel(33 * K + M * drive, one, two)
    return s * 18e-9 * 100 * K / (1 + s * 18e-9 * 100 * K) * (1 + zf / (4.7 * K + 1 / (s * 47e-9)))


def sallen_key(s, cutoff, resonance):
    k, rc = 1 + 1.8 * resonance, (K + 100 * K * (1 - cutoff)) * 10e-9
    return k / (1 + (3 - k) * s * rc + (s * rc) ** 2)


def ms20_filter(s, cutoff, resonance):
    t = 0.05173 * 1e-9 / (0.021526 * 0.3e-6 * 1000**cutoff)
    zd = 3.504 * VT / (2 * 2.52e-9)
    k = resonance * (1 + parallel(12 * K, zd) / (10 * K))
    return 1 / (1 + (2 - k) * s * t + (s * t) ** 2)


CLOSED_FORMS = {
    "bassman": fmv(250 * K, M, 25 * K, 56 * K, 250e-12, 20e-9, 20e-9),
    "jcm800": fmv(220 * K, M, 22 * K, 33 * K, 470e-12, 22e-9, 22e-9),
    "jtm45": fmv(250 * K, M, 25 * K, 33 * K, 270e-12, 22e-9, 22e-9),
    "mesa_mark": fmv(250 * K, 250 * K, 25 * K, 100 * K, 250e-12, 100e-9, 47e-9),
    "twin": fmv(250 * K, 250 * K, 10 * K, 100 * K, 120e-12, 100e-9, 47e-9),
    "princeton": fmv(250 * K, 250 * K, 4.8 * K, 100 * K, 250e-12, 100e-9, 47e-9),
    "soldano": fmv(250 * K, M, 25 * K, 47 * K, 470e-12, 20e-9, 20e-9),
    "big_muff_tone": big_muff_tone,
    "pultec_eqp1a": pultec_eqp1a,
    "klon_buffer": klon_buffer,
    "klon_tone": klon_tone,
    "klon_pre_amp": klon_pre_amp,
    "klon_feed_forward_1": klon_feed_forward_1,
    "klon_amplifier": klon_amplifier,
    "klon_clipping": klon_clipping,
    "klon_feed_forward_2": klon_feed_forward_2,
    "klon_summing": klon_summing,
    "klon_output": klon_output,
    "tube_screamer_clipping": tube_screamer_clipping,
    "tube_screamer_tone": tube_screamer_tone,
    "sd1_clipping": sd1_clipping,
    "sd1_tone": sd1_tone,
    "sallen_key": sallen_key,
    "ms20_filter": ms20_filter,
}
