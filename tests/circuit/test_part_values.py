"""Parts by name against data sheets and published models: their laws in plain numbers, nothing compiled.

Each table says where its rows are from. Limits are those that a data sheet guarantees; typical values of published
models are the median over the independent ones that public repositories hold, their number in the last column.
"""

import re
import warnings
from functools import cache
from importlib import resources

import numpy as np
import pytest

from circuitnn.circuit import read_netlist
from circuitnn.circuit.standard import standard_part
from circuitnn.expressions.errors import NetlistWarning

THERMAL = 8.617333262e-5 * 300.15
MODELS = "models of that name in LTspice's, KiCad's and the vendors' libraries"

# Amperes, the least and the largest forward voltage.
FORWARD_LIMITS = {
    "Semtech BAT42/BAT43": [("BAT42", 0.01, 0, 0.40), ("BAT42", 0.05, 0, 0.65), ("BAT42", 0.2, 0, 1.0),
                            ("BAT43", 2e-3, 0.26, 0.33), ("BAT43", 0.015, 0, 0.45)],
    "ST BAT46 series": [("BAT46", 1e-4, 0, 0.25), ("BAT46", 0.01, 0, 0.45), ("BAT46", 0.25, 0, 1.0)],
    "Diotech 1N4148/1N4448": [("1N4148", 0.01, 0.5, 1.0), ("1N4448", 5e-3, 0.62, 0.72), ("1N4448", 0.1, 0.7, 1.0)],
    "NTE109 (1N270)": [("1N270", 0.2, 0.3, 1.0)],
}  # fmt: skip
# Amperes and forward voltage in two pairs; from MODELS.
FORWARD = [
    ("1N4148", 1e-3, 0.585, 0.01, 0.694, 11), ("1N4151", 1e-3, 0.586, 0.01, 0.690, 2),
    ("BAW62", 1e-3, 0.597, 0.01, 0.735, 3), ("BAS16", 1e-3, 0.627, 0.01, 0.747, 11),
    ("1N4148W", 1e-3, 0.614, 0.01, 0.738, 1), ("MMSD4148", 1e-3, 0.585, 0.01, 0.694, 2),
    ("1N4001", 1e-3, 0.573, 0.1, 0.813, 6), ("1N4007", 1e-3, 0.563, 0.1, 0.774, 16),
    ("1N34A", 1e-3, 0.253, 0.01, 0.407, 2), ("OA91", 1e-4, 0.128, 0.01, 1.064, 3),
    ("1N5817", 1e-3, 0.124, 1, 0.413, 5), ("1N5819", 1e-3, 0.134, 0.1, 0.291, 5),
    ("BAT54", 1e-3, 0.225, 0.01, 0.309, 7), ("BAT85", 1e-3, 0.225, 0.01, 0.309, 3),
    ("1N5711", 1e-3, 0.373, 0.01, 0.674, 7), ("1N6263", 1e-3, 0.357, 0.01, 0.701, 4),
    ("MUR120", 1e-3, 0.499, 0.01, 0.621, 2), ("MUR460", 0.01, 0.586, 1, 0.911, 9),
    ("MURS120", 0.01, 0.560, 1, 0.788, 3), ("MURS320", 0.01, 0.568, 1, 0.742, 2), ("UF4002", 0.01, 0.563, 1, 0.874, 1),
    ("UF4007", 0.01, 0.826, 1, 1.448, 6), ("1N4934", 0.01, 0.663, 1, 0.925, 1), ("MBR0520L", 0.01, 0.220, 1, 0.420, 2),
    ("MBR0530L", 0.01, 0.246, 1, 0.459, 2), ("MBR0540", 0.01, 0.243, 0.1, 0.334, 3),
    ("MBRS130L", 0.01, 0.207, 1, 0.337, 2), ("SS14", 0.01, 0.218, 0.1, 0.296, 2), ("1N5822", 0.01, 0.221, 1, 0.354, 4),
    ("1N5820", 0.01, 0.169, 1, 0.348, 4), ("MBRS340", 0.01, 0.173, 1, 0.345, 3),
    ("MBRS1100", 0.01, 0.369, 1, 0.651, 3), ("MBR735", 1e-3, 0.090, 0.01, 0.189, 3),
    ("MBR1045", 0.01, 0.279, 1, 0.422, 1), ("BAS21", 1e-3, 0.608, 0.01, 0.733, 10),
    ("BAV21", 1e-3, 0.597, 0.01, 0.746, 2), ("QTLP690C", 1e-3, 1.703, 0.01, 1.847, 3),
    ("NSPW500BS", 1e-3, 2.662, 0.01, 3.117, 3), ("BAT41", 1e-3, 0.404, 0.01, 0.509, 1),
]  # fmt: skip
# Volts, test current in milliamperes, the largest impedance there; General Semiconductor 1N4728 thru 1N4764,
# Formosa 1N5221B to 1N5267B, Yongerjia BZX79C.
ZENERS = {
    "1N4728A": (3.3, 76, 10), "1N4729A": (3.6, 69, 10), "1N4730A": (3.9, 64, 9), "1N4731A": (4.3, 58, 9),
    "1N4732A": (4.7, 53, 8), "1N4733A": (5.1, 49, 7), "1N4734A": (5.6, 45, 5), "1N4735A": (6.2, 41, 2),
    "1N4736A": (6.8, 37, 3.5), "1N4737A": (7.5, 34, 4), "1N4738A": (8.2, 31, 4.5), "1N4739A": (9.1, 28, 5),
    "1N4740A": (10, 25, 7), "1N4741A": (11, 23, 8), "1N4742A": (12, 21, 9), "1N4743A": (13, 19, 10),
    "1N4744A": (15, 17, 14),
    "1N5226B": (3.3, 20, 28), "1N5227B": (3.6, 20, 24), "1N5228B": (3.9, 20, 23), "1N5229B": (4.3, 20, 22),
    "1N5230B": (4.7, 20, 19), "1N5231B": (5.1, 20, 17), "1N5232B": (5.6, 20, 11), "1N5234B": (6.2, 20, 7),
    "1N5235B": (6.8, 20, 5), "1N5236B": (7.5, 20, 6), "1N5237B": (8.2, 20, 8), "1N5239B": (9.1, 20, 10),
    "1N5240B": (10, 20, 17), "1N5242B": (12, 20, 30), "BZX79C2V7": (2.7, 5, 100), "BZX79C3V3": (3.3, 5, 95),
    "BZX79C3V6": (3.6, 5, 90), "BZX79C3V9": (3.9, 5, 90), "BZX79C4V3": (4.3, 5, 90), "BZX79C4V7": (4.7, 5, 80),
    "BZX79C5V1": (5.1, 5, 60), "BZX79C5V6": (5.6, 5, 40), "BZX79C6V2": (6.2, 5, 10), "BZX79C6V8": (6.8, 5, 15),
    "BZX79C7V5": (7.5, 5, 15), "BZX79C8V2": (8.2, 5, 15), "BZX79C9V1": (9.1, 5, 20), "BZX79C10": (10, 5, 20),
    "BZX79C12": (12, 5, 25), "BZX79C15": (15, 5, 30),
}  # fmt: skip
# Collector current, current gain, base-emitter voltage at 5 V; from MODELS.
BIPOLAR = [
    ("2N3904", 1e-3, 149, 0.664, 15), ("MMBT3904", 1e-3, 154, 0.675, 3), ("2N3906", 1e-3, 201, 0.654, 8),
    ("2N2222", 1e-3, 194, 0.649, 10), ("2N2222A", 1e-3, 214, 0.627, 7), ("2N2907", 1e-3, 190, 0.654, 7),
    ("2N4401", 1e-3, 175, 0.630, 6), ("2N4403", 1e-3, 160, 0.635, 6), ("2N5088", 1e-3, 626, 0.669, 4),
    ("2N5086", 1e-3, 287, 0.629, 3), ("2N5172", 1e-3, 234, 0.648, 3), ("2N3565", 1e-3, 347, 0.670, 3),
    ("BC547A", 1e-3, 185, 0.645, 7), ("BC548A", 1e-3, 187, 0.654, 4), ("BC108A", 1e-3, 165, 0.663, 2),
    ("BC547B", 1e-3, 302, 0.637, 6), ("BC548", 1e-3, 209, 0.655, 8), ("BC550", 1e-3, 479, 0.614, 3),
    ("BC108B", 1e-3, 274, 0.662, 3), ("BC847B", 1e-3, 326, 0.636, 11), ("BC846B", 1e-3, 290, 0.638, 7),
    ("2SC2412K", 1e-3, 284, 0.604, 2), ("BC547C", 1e-3, 490, 0.620, 6), ("BC549C", 1e-3, 543, 0.660, 2),
    ("BC550C", 1e-3, 543, 0.660, 5), ("BC109C", 1e-3, 489, 0.660, 3), ("BC847C", 1e-3, 526, 0.628, 6),
    ("BC557A", 1e-3, 218, 0.638, 6), ("BC557B", 1e-3, 392, 0.622, 5), ("BC558B", 1e-3, 322, 0.648, 5),
    ("BC857B", 1e-3, 310, 0.635, 13), ("BC557C", 1e-3, 527, 0.614, 5), ("BC857C", 1e-3, 543, 0.623, 9),
    ("BC337", 1e-3, 282, 0.604, 12), ("BC817", 1e-3, 344, 0.600, 25), ("BC327", 1e-3, 375, 0.586, 11),
    ("BC807", 1e-3, 375, 0.586, 20), ("2SC945", 1e-3, 214, 0.630, 4), ("2N4124", 1e-3, 185, 0.664, 3),
    ("2N3391A", 1e-3, 324, 0.648, 3), ("2N5210", 1e-3, 477, 0.624, 5), ("2N5209", 1e-3, 216, 0.669, 1),
    ("2N5551", 1e-3, 120, 0.674, 10), ("2N5401", 1e-3, 141, 0.634, 7), ("MMBTA42", 1e-3, 99, 0.629, 2),
    ("BF422", 1e-3, 120, 0.656, 6), ("MPSA06", 1e-3, 116, 0.645, 8), ("MPSA55", 1e-3, 131, 0.600, 6),
    ("BC639", 1e-3, 143, 0.603, 10), ("BC640", 1e-3, 146, 0.603, 6), ("2N3019", 1e-3, 216, 0.645, 2),
    ("KSC1845", 1e-3, 607, 0.595, 3), ("KSA992", 1e-3, 370, 0.611, 4), ("2SC2240", 1e-3, 319, 0.596, 3),
    ("BD139", 0.1, 105, 0.713, 6), ("BD140", 0.1, 91, 0.729, 5), ("MJE243", 0.1, 152, 0.733, 3),
    ("MJE253", 0.1, 134, 0.729, 3), ("TIP31C", 0.1, 104, 0.634, 5), ("TIP41C", 0.1, 110, 0.614, 5),
    ("2N3055", 0.1, 74, 0.641, 5), ("MJ15003", 0.1, 129, 0.599, 3), ("MJL21194", 0.1, 61, 0.632, 5),
    ("2SA1943", 0.1, 99, 0.668, 5), ("MJE15032", 0.1, 86, 0.647, 8), ("AC128", 1e-3, 71, 0.134, 3),
]  # fmt: skip
# Milliamperes at 15 V with the gate at the source, volts at cut-off: least and largest; most ohms of the open channel
# (a tenth or two more than the sheet's where a published model has that).
JFETS = {
    "Vishay 70233": [("J201", 0.2, 1, 0.3, 1.5, 0), ("J202", 0.9, 4.5, 0.8, 4, 0)],
    "onsemi 2N5457/D": [("2N5457", 1, 5, 0.5, 6, 0), ("2N5458", 2, 9, 1, 7, 0)],
    "onsemi 2N3819/D": [("2N3819", 2, 20, 0, 8, 0)],
    "onsemi 2N5486/D": [("2N5486", 8, 20, 2, 6, 0)],
    "Philips J111": [("J111", 20, 999, 3, 10, 36), ("J112", 5, 999, 1, 5, 50), ("J113", 2, 999, 0.5, 3, 100)],
    "InterFET databook 1999": [
        ("2N4391", 50, 150, 4, 10, 36), ("2N4392", 25, 75, 2, 5, 60), ("2N4393", 5, 30, 0.5, 3, 100),
        ("2N4117A", 0.03, 0.09, 0.6, 1.8, 0), ("2N4118A", 0.08, 0.24, 1, 3, 0), ("2N4119A", 0.2, 0.6, 2, 6, 0)],
    "NXP BF245": [("BF245A", 2, 6.5, 0.25, 8, 0), ("BF245B", 6, 15, 0.25, 8, 0), ("BF245C", 12, 25, 0.25, 8, 0)],
    "onsemi BF256A": [("BF256A", 3, 7, 0.5, 7.5, 0)],
    "Fairchild KSK30, class Y": [("2SK30A", 1.2, 3, 0.4, 5, 0)],
    "Vishay 70237": [("J308", 12, 60, 1, 6.5, 0), ("J309", 12, 30, 1, 4, 0), ("J310", 24, 60, 2, 6.5, 0),
                     ("U309", 12, 30, 1, 4, 0), ("U310", 24, 60, 2.5, 6, 0)],
    "NXP BF862": [("BF862", 10, 25, 0.3, 1.2, 0)],
    "Motorola 2N5460/D": [("2N5460", 1, 5, 0.75, 6, 0), ("2N5461", 2, 9, 1, 7.5, 0), ("2N5462", 4, 16, 1.8, 9, 0)],
    "Vishay 70261": [("2N5114", 30, 90, 5, 10, 75), ("2N5115", 15, 60, 3, 6, 110), ("2N5116", 5, 25, 1, 4, 150)],
}  # fmt: skip
# Volts to the threshold: the least and the largest; siemens at 0.2 A and 10 V: Diodes DS21802.
POWER = [("BS170", 0.8, 3.0, 0.2)]
# Megahertz and volts per microsecond: GA/(2 pi C2) and I/C2 of the vendors' macromodels after Boyle, or data sheets.
AMPLIFIERS = [
    ("TL071", 3, 13), ("TL072", 3, 13), ("TL081", 3, 13), ("TL062", 1, 3.5), ("LF353", 3, 13), ("LF412", 4, 13),
    ("LF356", 5, 16), ("LF355", 2.5, 8), ("RC4558", 3.33, 1.71), ("RC4559", 4.29, 2.01), ("NJM4560", 11.8, 4.85),
    ("UA741", 1, 0.51), ("MC1458", 1, 0.51), ("NE5532", 9.36, 5.66), ("OPA134", 8, 20), ("LM358", 1, 0.42),
    ("TLE2062", 2, 3.4), ("TLC2262", 0.55, 0.55), ("MC33178", 3, 2), ("MC33172", 1.8, 4), ("OP07", 0.6, 0.25),
    ("OPA27", 6.5, 2.1), ("LT1001", 0.8, 0.25), ("LT1013", 0.7, 0.4), ("LT1057", 5, 17.3), ("LT1211", 14, 4),
    ("LT1213", 28, 8.5), ("LT1028", 75, 15), ("LT1115", 75, 15), ("LT1007", 8.5, 2.5), ("LT1012", 0.65, 0.2),
    ("OP97", 0.6, 0.2), ("LT1468", 90, 25.5), ("OPA627", 16.8, 80), ("LM318", 15.75, 70), ("RC4136", 3.33, 1.71),
    ("NJM4580", 15.5, 5), ("OPA1656", 53, 24), ("AD823", 16, 22), ("CA3140", 4.5, 9), ("OPA1678", 16, 9),
]  # fmt: skip


@cache
def values():
    """All values of the parts in the tables, by part and parameter, SI."""
    every = [row[0] for table in (FORWARD_LIMITS, JFETS) for rows in table.values() for row in rows]
    every += [row[0] for table in (FORWARD, BIPOLAR, POWER) for row in table] + list(ZENERS)
    lines = ["t", "Vin in 0 1"]
    for name in dict.fromkeys(every):
        kind = standard_part(name, directive=".model").lines[0].text.split("(")[0].split()[2]
        letter = {"D": "D", "NPN": "Q", "PNP": "Q", "NJF": "J", "PJF": "J", "VDMOS": "M"}[kind]
        lines.append(f"{letter}{len(lines)} in {'' if letter == 'D' else 'in '}0 {name}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NetlistWarning)
        circuit = read_netlist("\n".join(lines), outputs="in")
    return {key: float(value) for key, value in circuit.values.items()}


def parameters(names):
    """A function from a parameter's name to its values over parts."""
    return lambda key, default=0.0: np.array([values().get(f"{name}.{key}", default) for name in names])


def bisected(function, below, above):
    """The zeros of increasing functions, side by side."""
    for _ in range(80):
        middle = (below + above) / 2
        is_low = function(middle) < 0
        below, above = np.where(is_low, middle, below), np.where(is_low, above, middle)
    return above


def forward_voltage(names, amperes):
    p = parameters(names)
    knee, recombined = p("IKF"), p("ISR")

    def current(v):
        main = p("IS") * np.expm1(v / (p("N", 1.0) * THERMAL))
        main = main * np.where(knee > 0, np.sqrt(knee / np.where(knee > 0, knee + main, 1)), 1)
        region = ((1 - v / p("VJ", 1.0)) ** 2 + 0.005) ** (p("M", 0.5) / 2)
        return main + recombined * np.expm1(v / (p("NR", 2.0) * THERMAL)) * region

    zero = np.zeros(len(names))
    return bisected(lambda v: np.log(np.maximum(current(v), 1e-300) / amperes), zero, zero + 5) + amperes * p("RS")


def test_forward_voltages_are_within_the_limits_of_data_sheets():
    rows = [row for listed in FORWARD_LIMITS.values() for row in listed]
    names, amperes, least, largest = zip(*rows, strict=True)
    volts = forward_voltage(names, np.array(amperes))
    assert not [row for row, v in zip(rows, volts, strict=True) if not row[2] <= v <= row[3]], volts
    assert len(least) == len(largest) == 12


def test_forward_voltages_are_those_of_published_models():
    names = [row[0] for row in FORWARD] * 2
    amperes, volts = (np.array([row[k] for row in FORWARD] + [row[k + 2] for row in FORWARD]) for k in (1, 2))
    error = forward_voltage(names, amperes) - volts
    off = [(name, round(1e3 * e)) for name, e in zip(names, error, strict=True) if abs(e) > 0.036]
    assert not off, off


def test_zener_diodes_have_their_voltage_and_no_more_than_the_impedance_of_the_data_sheet():
    volts, amperes, ohms = np.array(list(ZENERS.values())).T * np.array([[1], [1e-3], [1]])
    p = parameters(list(ZENERS))
    broken = p("BV") + p("NBV") * THERMAL * np.log(amperes / p("IBV")) + amperes * p("RS")
    np.testing.assert_allclose(broken, volts, rtol=2e-3)
    assert (p("NBV") * THERMAL / amperes + p("RS") <= 1.02 * ohms).all()


def test_current_gains_and_base_voltages_are_those_of_published_models():
    names, collector, gain, base, _ = (np.array(column) for column in zip(*BIPOLAR, strict=True))
    p = parameters(list(names))

    def currents(v):
        forward, early = p("IS") * np.expm1(v / (p("NF", 1) * THERMAL)), p("VAF", np.inf)
        reach = 1 / (1 - (v - 5) / np.where(early > 0, early, np.inf) - v / np.where(p("VAR") > 0, p("VAR"), np.inf))
        knee = forward / np.where(p("IKF") > 0, p("IKF"), np.inf)
        charge = reach / 2 * (1 + (1 + 4 * knee) ** p("NK", 0.5))
        return forward / charge, forward / p("BF") + p("ISE") * np.expm1(v / (p("NE", 1.5) * THERMAL))

    zero = np.zeros(len(names))
    inner = bisected(lambda v: currents(v)[0] - collector, zero, zero + 1)
    current = currents(inner)[1]
    volts = inner + current * p("RB") + (collector + current) * p("RE")
    off = [
        (name, round(g), round(v, 3))
        for name, g, v, g0, v0 in zip(names, collector / current, volts, gain, base, strict=True)
        if not (1 / 1.65 < g / g0 < 1.65 and abs(v - v0) < 0.036)
    ]
    assert not off, off


def test_junction_transistors_are_within_the_limits_of_data_sheets():
    rows = [row for listed in JFETS.values() for row in listed]
    names, least, largest, shallow, deep, ohms = (np.array(column) for column in zip(*rows, strict=True))
    p = parameters(list(names))

    def saturated(i):
        over = -p("VTO") - i * p("RS")
        return i - p("BETA") * np.maximum(over, 0) ** 2 * (1 + p("LAMBDA") * (15 - i * (p("RS") + p("RD"))))

    zero = np.zeros(len(names))
    drain = 1e3 * bisected(saturated, zero, zero + 0.3)
    open_channel = 1 / (2 * p("BETA") * -p("VTO")) + p("RS") + p("RD")
    outside = (drain < 0.99 * least) | (drain > 1.01 * largest)
    assert not outside.any(), (names[outside], drain[outside])
    assert not [(n, v) for n, v, a, b in zip(names, -p("VTO"), shallow, deep, strict=True) if not a <= v <= b]
    assert not [(n, r) for n, r, most in zip(names, open_channel, ohms, strict=True) if most and r > most]


def test_power_transistors_are_within_the_limits_of_data_sheets():
    names, least, largest, siemens = (np.array(column) for column in zip(*POWER, strict=True))
    p = parameters(list(names))
    slope = np.sqrt(2 * p("KP") * 0.2)
    assert ((least <= p("VTO")) & (p("VTO") <= largest)).all()
    np.testing.assert_allclose(slope / (1 + slope * p("RS")), siemens, rtol=0.3)


@pytest.mark.parametrize("name", ["IRF510", "IRF530", "IRF540", "IRF640", "IRFP240", "IRF9530", "IRFP9240", "IRFZ44N"])
def test_power_transistors_have_the_threshold_that_data_sheets_guarantee(name):
    text = " ".join(line.text for line in standard_part(name, directive=".model").lines)
    assert 2 <= abs(float(re.search(r"VTO=(\S+)", text)[1])) <= 4


def test_bandwidths_and_slew_rates_are_those_of_macromodels():
    off = []
    for name, megahertz, rate in AMPLIFIERS:
        text = standard_part(name, directive=".subckt").lines[0].text
        written = [float(match) for match in re.findall(r"(?:GBW|Slew)=([\d.]+)meg", text)]
        if not all(1 / 2.05 < a / b < 2.05 for a, b in zip(written, (megahertz, rate), strict=True)):
            off.append((name, written))
    assert not off, off


@pytest.mark.parametrize(("name", "gain"), [("OC44_MEASURED", 307.0), ("AC128_MEASURED", 229.6)])
def test_measured_germanium_has_the_published_gain_and_leakage(name, gain):
    """DAFx 2017: saturation currents of 1.4 and 21 uA, a forward gain that leakage lowers at small currents."""
    part = standard_part(name, directive=".model")
    assert part.origin == "with published model parameters (B. Holmes, M. Holters, M. van Walstijn, DAFx 2017)"
    card = " ".join(line.text for line in part.lines)
    assert float(re.search(r"BF=([\d.]+)", card)[1]) == gain
    leakage = {"u": 1e-6, "n": 1e-9}
    current, unit = re.search(r"IS=([\d.]+)([un])", card).groups()
    assert 1e-6 < float(current) * leakage[unit] < 3e-5


def test_every_part_says_where_its_values_are_from():
    folder = resources.files("circuitnn.circuit").joinpath("parts")
    for file in ("diodes.lib", "transistors.lib", "fets.lib", "opamps.lib"):
        text = folder.joinpath(file).read_text("utf-8")
        for name in " ".join(re.findall(r"^\* unchecked: (.*)", text, re.MULTILINE)).split():
            part = standard_part(name, directive=".model") or standard_part(name, directive=".subckt")
            assert "not checked" in part.origin, name
    origins = {name: standard_part(name, directive=".model").origin for name in ("1N4148", "BAT54S", "AA119", "OA91")}
    assert origins == {
        "1N4148": "with typical values, not its vendor's model",
        "BAT54S": "with published model parameters (Vishay)",
        "AA119": "with values typical of its kind, which are not checked against a data sheet",
        "OA91": "with typical values, not its vendor's model",
    }
