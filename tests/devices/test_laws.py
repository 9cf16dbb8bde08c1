"""The laws of the devices against the formulas of SPICE, written out in NumPy region by region."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from circuitnn.circuit.catalogue import diode_clipper
from circuitnn.devices.constants import THERMAL_VOLTAGE as VT
from circuitnn.devices.device import ModelDevice
from circuitnn.devices.registry import DEVICES
from circuitnn.expressions.errors import CircuitError
from circuitnn.mna.elements import CHARGE_UNIT
from circuitnn.mna.nonlinear import jacobian, taken_away
from tests.mna.terminals import compiled_law as law
from tests.mna.terminals import currents_into, device, parts

FULL = {"IS": 1e-14, "BF": 200.0, "BR": 3.0, "NF": 1.02, "NR": 1.05, "VAF": 40.0, "VAR": 8.0, "IKF": 0.02, "IKR": 0.1}
FULL |= {"ISE": 3e-13, "NE": 1.6, "ISC": 5e-13, "NC": 1.9}
BIPOLAR = {
    "ebers_moll": {name: FULL[name] for name in ("IS", "BF", "BR", "NF", "NR")},
    "early": {name: FULL[name] for name in ("IS", "BF", "BR", "NF", "NR", "VAF", "VAR")},
    "high_injection": {name: FULL[name] for name in ("IS", "BF", "BR", "NF", "NR", "IKF")},
    "full": FULL,
}
CASES = [("NPN", name, 1.0) for name in BIPOLAR] + [("NPN", "full", 2.5), ("PNP", "full", 2.5)]
FET = {"VTO": -1.6, "BETA": 1.2e-3, "LAMBDA": 0.02, "IS": 3e-14, "N": 1.1}
RANDOM = np.random.default_rng(0)
# From saturation over the active regions to breakdown's side, where junctions carry nothing.
VBE, VBC = RANDOM.uniform(-3, 0.8, 60), RANDOM.uniform(-9, 0.75, 60)
VGS, VGD = RANDOM.uniform(-3, 0.6, 60), RANDOM.uniform(-9, 0.6, 60)


def card(name, kind, parameters):
    return f".model {name} {kind}({' '.join(f'{key}={value!r}' for key, value in parameters.items())})"


def transistor(kind, parameters, area=1.0):
    letter = "J" if kind in ("NJF", "PJF") else "Q"
    return device(f"{letter}1 c b e M1 m={area}\n{card('M1', kind, parameters)}")


def gummel_poon(vbe, vbc, area=1.0, **p):
    """Collector's and base's current of an NPN (ngspice manual, 8.2; Antognetti, Massobrio 1988)."""
    p = {"VAF": np.inf, "VAR": np.inf, "IKF": np.inf, "IKR": np.inf, "ISE": 0, "NE": 1.5, "ISC": 0, "NC": 2} | p
    for name in ("IS", "ISE", "ISC", "IKF", "IKR"):
        p[name] = p[name] * area
    forward, reverse = p["IS"] * np.expm1(vbe / (p["NF"] * VT)), p["IS"] * np.expm1(vbc / (p["NR"] * VT))
    leak_be, leak_bc = p["ISE"] * np.expm1(vbe / (p["NE"] * VT)), p["ISC"] * np.expm1(vbc / (p["NC"] * VT))
    q1 = 1 / (1 - vbc / p["VAF"] - vbe / p["VAR"])
    qb = q1 / 2 * (1 + np.sqrt(1 + 4 * (forward / p["IKF"] + reverse / p["IKR"])))
    collector = (forward - reverse) / qb - reverse / p["BR"] - leak_bc
    return collector, forward / p["BF"] + leak_be + reverse / p["BR"] + leak_bc


def shichman_hodges(vgs, vgd, area=1.0, **p):
    """Drain's and gate's current of an n-channel JFET, region by region."""
    vds, beta = vgs - vgd, p["BETA"] * area
    gate = [p["IS"] * area * np.expm1(v / (p["N"] * VT)) for v in (vgs, vgd)]

    def channel(vgs, vds):
        over = vgs - p["VTO"]
        saturated = beta * over**2 * (1 + p["LAMBDA"] * vds)
        triode = beta * vds * (2 * over - vds) * (1 + p["LAMBDA"] * vds)
        return np.where(over <= 0, 0, np.where(over <= vds, saturated, triode))

    drain = np.where(vds >= 0, channel(vgs, np.abs(vds)), -channel(vgd, np.abs(vds)))
    return drain - gate[1], gate[0] + gate[1]


def assert_alike(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=2e-13 * np.abs(expected).max())


def test_antiparallel_diodes_are_a_hyperbolic_sine():
    where, given = parts(diode_clipper())
    v = np.linspace(-0.9, 0.9, 31)
    expected = 2 * 2.52e-9 * np.sinh(v / (1.752 * VT))
    np.testing.assert_allclose(law(where, given, jnp.asarray(v)[None]).current[0], expected, rtol=1e-12, atol=1e-22)


def test_areas_models_and_directions_add_up():
    lines = "D1 out 0 DX 3\nD2 0 out DX 2\nD3 0 out DY\n.model DX D(IS=1n N=2)\n.model DY D(IS=2n)"
    v = np.array([-0.4, 0.3])
    expected = 3e-9 * np.expm1(v / 2 / VT) - 2e-9 * np.expm1(-v / 2 / VT) - 2e-9 * np.expm1(-v / VT)
    assert_alike(currents_into(device(lines), out=v)["out"], expected)


@pytest.mark.parametrize(("kind", "name", "area"), CASES)
def test_bipolar_transistors(kind, name, area):
    sign = 1 if kind == "NPN" else -1
    base = 0.3  # of the whole transistor, which must not matter
    found = currents_into(
        transistor(kind, BIPOLAR[name], area), b=sign * (base + 0 * VBE), e=sign * (base - VBE), c=sign * (base - VBC)
    )
    collector, into_base = gummel_poon(VBE, VBC, area, **BIPOLAR[name])
    assert_alike(sign * found["c"], collector)
    assert_alike(sign * found["b"], into_base)
    assert_alike(sign * found["e"], -collector - into_base)


@pytest.mark.parametrize(("kind", "area"), [("NJF", 1.0), ("NJF", 2.5), ("PJF", 2.5)])
def test_junction_field_effect_transistors_in_both_directions_of_the_channel(kind, area):
    sign = 1 if kind == "NJF" else -1
    assert np.any(VGS > VGD + 1)
    assert np.any(VGS < VGD - 1)
    found = currents_into(transistor(kind, FET, area), b=0 * VGS, e=-sign * VGS, c=-sign * VGD)
    drain, gate = shichman_hodges(VGS, VGD, area, **FET)
    assert_alike(sign * found["c"], drain)
    assert_alike(sign * found["b"], gate)
    assert_alike(sign * found["e"], -drain - gate)


def test_a_transistor_as_a_diode():
    """Base and collector tied together: what is left is one junction."""
    circuit = device(f"Q1 b b e M1\n{card('M1', 'NPN', BIPOLAR['ebers_moll'])}")
    collector, base = gummel_poon(VBE, 0 * VBE, **BIPOLAR["ebers_moll"])
    assert_alike(currents_into(circuit, b=VBE)["b"], collector + base)


def test_behavioural_sources():
    """Voltages of nodes, of one against another, and a parameter."""
    lines = ".param k=3\nB1 c e I=k*V(b,e)*abs(V(c))+tanh(V(b))"
    b, c, e = RANDOM.uniform(-2, 2, (3, 20))
    found = currents_into(device(lines), b=b, c=c, e=e)
    expected = 3 * (b - e) * np.abs(c) + np.tanh(b)
    assert_alike(found["c"], expected)
    assert_alike(found["e"], -expected)


def test_a_behavioural_source_of_a_current():
    """It hears the current that flows from + through the source to -."""
    circuit = device("Vs c x 0\nRx x 0 1\nB1 b 0 I=2*I(Vs)*I(Vs)")
    where, given = parts(circuit)
    (scale,) = where.scale
    found = law(where, given, jnp.asarray([[0.5, -3.0]]) / scale)
    np.testing.assert_allclose(found.current, [[0.5, 18.0]], rtol=1e-12)
    np.testing.assert_allclose(found.slopes, np.array([[2.0, -12.0]]) * scale, rtol=1e-12)


NODES = ["c", "b", "e", "0", "out", "in"]
RECORDS = {kind: record for record in DEVICES if isinstance(record, ModelDevice) for kind in record.kinds}
NETLISTS = {
    kind: f"{record.letter}1 {' '.join(NODES[: len(record.pins)])} M1 2\n{card('M1', kind, record.trial.parameters)}"
    for kind, record in RECORDS.items()
} | {
    "antiparallel": "D1 c b DX 2\nD2 b c DX\n.model DX D(IS=1n N=1.7 CJO=4p TT=1n)",
    "B": ".param k=3\nB1 c e I=k*V(b,e)*tanh(V(c))+exp(V(b))",
    "together": f"Q1 c b e M1\nQ2 c b 0 M2\nD1 b e DX\nB1 c 0 I=V(b,e)**2\n.model DX D(IS=1n)\n"
    f"{card('M1', 'NPN', FULL)}\n{card('M2', 'PNP', BIPOLAR['early'])}",
}


def capacitor_law(v, zero_bias, potential, grading):
    """Charge of the depletion layer as the integral of SPICE's capacitance; FC is 0.5."""

    def capacitance(u):
        if u < 0.5 * potential:
            return zero_bias * (1 - u / potential) ** -grading
        return zero_bias * 0.5 ** -(1 + grading) * (1 - 0.5 * (1 + grading) + grading * u / potential)

    return quad(capacitance, 0, v, points=[0.5 * potential], epsabs=0, epsrel=1e-12)[0]


def diode_at(v, IS, N, CJO, VJ, M, TT, BV, IBV, ISR, NR, IKF, IKR, JTUN):
    """Where it conducts: neither the breakdown nor the knee of the reverse current has a part in it."""
    assert v > 0 > -BV
    current = IS * np.expm1(v / (N * VT)) + ISR * np.expm1(v / (NR * VT)) * ((1 - v / VJ) ** 2 + 0.005) ** (M / 2)
    current += -JTUN * np.expm1(-v / (30 * VT))
    current /= 1 + np.sqrt(current / IKF)
    return [current], [capacitor_law(v, CJO, VJ, M) + TT * current]


def bipolar_at(be, bc, CJE, CJC, TF, TR, **p):
    """Currents from the base to the emitter and to the collector."""
    collector, base = gummel_poon(be, bc, **p)
    forward, reverse = (p["IS"] * np.expm1(v / (p[n] * VT)) for v, n in ((be, "NF"), (bc, "NR")))
    # TF's charge is that of the current that goes through: forward over the base charge.
    charge = 2 / (1 + np.sqrt(1 + 4 * (forward / p["IKF"] + reverse / p["IKR"]))) * (1 - bc / p["VAF"] - be / p["VAR"])
    stored = TF * forward * charge, TR * reverse
    charges = [capacitor_law(v, c, 0.75, 0.33) + q for v, c, q in zip((be, bc), (CJE, CJC), stored, strict=True)]
    return [collector + base, -collector], charges


def jfet_at(gs, gd, CGS, CGD, **p):
    drain, gate = shichman_hodges(gs, gd, **{"N": 1.0} | p)
    return [drain + gate, -drain], [capacitor_law(gs, CGS, 1.0, 0.5), capacitor_law(gd, CGD, 1.0, 0.5)]


def mosfet_at(vgs, vgd, vbs, vbd, **p):
    """Region by region (ngspice manual, 11.2.1)."""
    vds, bulk, sign = vgs - vgd, max(vbs, vbd), np.sign(vgs - vgd)
    root = np.sqrt(p["PHI"] - bulk) if bulk <= 0 else np.sqrt(p["PHI"]) - bulk / (2 * np.sqrt(p["PHI"]))
    over = (vgs if vds >= 0 else vgd) - p["VTO"] - p["GAMMA"] * (root - np.sqrt(p["PHI"]))
    square = 0 if over <= 0 else over**2 if over <= abs(vds) else abs(vds) * (2 * over - abs(vds))
    channel = sign * 0.5 * p["KP"] * square * (1 + p["LAMBDA"] * abs(vds))
    diodes = [p["IS"] * np.expm1(volts / VT) for volts in (vbs, vbd)]
    gate = [1e-4 * p["CGSO"] * vgs, 1e-4 * p["CGDO"] * vgd]
    return [channel, *diodes], [*gate, capacitor_law(vbd, p["CBD"], 0.8, 0.5), capacitor_law(vbs, p["CBS"], 0.8, 0.5)]


def vdmos_at(vgs, vgd, vbody, IS, N, CJO, TT, CGS, CGDMAX, CGDMIN, A, **p):
    """Region by region, from the source as the lower end."""
    over = p["KSUBTHRES"] * np.log(1 + np.exp((max(vgs, vgd) - p["VTO"]) / p["KSUBTHRES"]))
    drop, vds = p["MTRIODE"] * abs(vgs - vgd), vgs - vgd
    square = over**2 / 2 if over <= drop else drop * (over - drop / 2)
    channel = np.sign(vds) * p["KP"] * square * (1 + p["LAMBDA"] * vds) / (1 + p["THETA"] * vgs)
    diode, swing = IS * np.expm1(vbody / (N * VT)), (CGDMAX - CGDMIN) / (1 + np.pi / 2)
    bend = quad(lambda u: swing * (np.tanh(A * u) if u > 0 else np.arctan(A * u)), 0, vgd, epsabs=0, epsrel=1e-12)[0]
    gate = [CGS * vgs / 2, ((CGDMAX - swing) * vgd + bend) / 2]  # of one device, whatever the area is
    return [channel, diode], [*gate, capacitor_law(vbody, CJO, 0.8, 0.5) + TT * diode]


def vactrol_at(led, across, light, IS, N, IREF, RREF, GAMMA, RMIN, RDARK, TON, TOFF):
    """Where the diode shines brighter than what the cell has seen."""
    through = IS * np.expm1(led / (N * VT))
    assert through / IREF > light + 1
    cell = across * (1 / RDARK + 1 / (RMIN + RREF * light**-GAMMA))
    return [through, cell, -1e-6 * (through / IREF - light) / TON], [1e-6 * light]


def triode_at(plate, grid, MU, EX, KG1, KP, KVB, GG, XI, CG, IG0):
    knee = plate / KP * np.log(1 + np.exp(KP * (1 / MU + grid / np.sqrt(KVB + plate**2))))
    return [2 * knee**EX / KG1, GG * (np.log(1 + np.exp(CG * grid)) / CG) ** XI + IG0], []


def pentode_at(plate, screen, grid, MU, EX, KG1, KG2, KP, KVB, AS, A, B, GG, XI, CG, IG0):
    """Derk, as Reefman writes it."""
    drawn = (screen / KP * np.log(1 + np.exp(KP * (1 / MU + grid / np.sqrt(KVB + screen**2))))) ** EX
    alpha, share = 1 - KG1 / KG2 * (1 + AS), 1 / (1 + B * plate)
    into_plate = drawn * (1 / KG1 - 1 / KG2 + A * plate / KG1 - share * (alpha / KG1 + AS / KG2))
    into_grid = GG * (np.log(1 + np.exp(CG * grid)) / CG) ** XI + IG0
    return [into_plate, drawn * (1 + AS * share) / KG2, into_grid], []


def ota_at(bias, top, bottom, across, GAIN, BF, ISB, NB, TOP, BOTTOM, ILIM):
    tail, steered = ISB * np.expm1(bias / (NB * VT)), np.tanh(across / (2 * VT))
    limits = [ILIM * np.exp(distance / VT) for distance in (top + TOP, BOTTOM - bottom)]
    inputs = [tail * (1 + side * steered) / (2 * BF) for side in (1, -1)]
    return [tail, limits[0], -GAIN * tail * steered - limits[1], *inputs], []


def coil_at(across, current, L, ISAT, LSAT):
    """The current is kept over ISAT; areas are coils side by side."""
    flux = ISAT * ((L - LSAT) * np.tanh(current) + LSAT * current)
    return [ISAT * current, -1e-4 * across], [1e-4 * flux]


def opamp_at(difference, top, bottom, across, stage, GAIN, GBW, SLEW, VOS, TOP, BOTTOM, NL, RO, ISC, IQ):
    rate, out = 2 * np.pi * GBW, ISC * np.tanh(across / (RO * ISC))
    limits = SLEW * (np.exp((top + TOP) / (NL * VT)) - np.exp((BOTTOM - bottom) / (NL * VT)))
    change = SLEW * np.tanh(rate * (difference + VOS) / SLEW) - rate / GAIN * (top + bottom) / 2 - limits
    return [(out + np.hypot(out, 4e-3 * ISC)) / 2, (np.hypot(out, 4e-3 * ISC) - out) / 2, IQ, -1e-6 * change], [
        1e-6 * stage
    ]


def hysteresis_at(across, field, magnetisation, MS, A, ALPHA, K, C, TURNS, SECTION, PATH, TAU):
    """Where a rising field pulls."""
    pulled = field + ALPHA * MS / A * magnetisation
    missing = MS * (1 / np.tanh(pulled) - 1 / pulled - magnetisation)
    bent = C * MS / A * (1 / pulled**2 - 1 / np.sinh(pulled) ** 2)
    assert missing > 0
    chi = ((1 - C) * missing / ((1 - C) * K - ALPHA * missing) + bent) / (1 - ALPHA * bent)
    rate = (across / (TURNS * SECTION * 4e-7 * np.pi) - missing / TAU) / (1 + chi)
    kept = [-1e-6 * rate / A, -1e-6 * (chi * rate + missing / TAU) / MS]
    return [A * PATH / TURNS * field, *kept], [1e-6 * field, 1e-6 * magnetisation]


def heated_at(volts, heat, IS, N, RTH, CTH, EG, XTI):
    t = 300.15 + heat
    hot = VT * t / 300.15
    current = IS * (t / 300.15) ** (XTI / N) * np.exp(EG / (N * VT) - EG / (N * hot)) * np.expm1(volts / (N * hot))
    return [current, 1e-6 * (heat / RTH - volts * current) / CTH], [1e-6 * heat]


# By the first one of its kinds; a record without one fails.
TOLERANCE = {"VACTROL": 1e-4}  # whose law is rounded at its corners
EXPECTED = {
    "D": diode_at,
    "NPN": bipolar_at,
    "NJF": jfet_at,
    "NMOS": mosfet_at,
    "VDMOS": vdmos_at,
    "VACTROL": vactrol_at,
    "TRIODE": triode_at,
    "PENTODE": pentode_at,
    "OTA": ota_at,
    "COIL": coil_at,
    "OPAMP": opamp_at,
    "JACOIL": hysteresis_at,
    "HEATED": heated_at,
}


@pytest.mark.parametrize("kind", RECORDS)
def test_every_law_where_its_record_tries_it(kind):
    """Area factor 2, the mirror image at the mirrored voltages; charges in coulombs."""
    record = RECORDS[kind]
    where, given = parts(device(NETLISTS[kind]))
    (instance,) = where.devices
    (facing,) = instance.directions
    v = np.zeros((where.ports, 1))
    for (port, sign), volts in zip(instance.ports, record.trial.volts, strict=True):
        v[port] = facing * sign * volts
    current = np.array(law(where, given, jnp.asarray(v)).current)[:, 0]
    for port, drive in enumerate(where.junction):
        current[drive] += taken_away(where, v.dtype) * v[port, 0] if drive >= 0 else 0
    signed = np.array([facing * sign * current[drive] for drive, sign in instance.drives])
    mirrored = {parameter.name for parameter in record.parameters if parameter.mirrors and record.kinds[kind] < 0}
    parameters = {name: -value if name in mirrored else value for name, value in record.trial.parameters.items()}
    through, charges = EXPECTED[next(iter(record.kinds))](*record.trial.volts, **parameters)
    units = np.repeat([1.0, CHARGE_UNIT], [len(through), len(charges)])
    # What a device keeps is the same in a larger one.
    pins = [*record.currents[: len(through)], *(record.ports[place] for _, place in record.charges[: len(charges)])]
    size = [1 if set(pair).intersection(record.memories) else 2 for pair in pins]
    np.testing.assert_allclose(signed * units / size, [*through, *charges], rtol=TOLERANCE.get(kind, 1e-9))


@pytest.mark.parametrize("name", NETLISTS)
def test_slopes_against_differences(name):
    where, given = parts(device(NETLISTS[name]))
    v = jnp.asarray(np.random.default_rng(1).uniform(-0.7, 0.7, (where.ports, 40)))
    slopes = np.asarray(jacobian(where, law(where, given, v).slopes))
    step = 1e-4
    for port in range(where.ports):
        by = [np.asarray(law(where, given, v.at[port].add(m * step)).current) for m in (1, -1, 2, -2)]
        expected = (8 * (by[0] - by[1]) - (by[2] - by[3])) / (12 * step)
        np.testing.assert_allclose(slopes[:, port], expected, rtol=1e-7, atol=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize(
    "name", ["antiparallel", *dict.fromkeys(next(iter(record.kinds)) for record in RECORDS.values()), "B"]
)
def test_finite_in_value_slope_and_gradient_far_beyond_any_circuit(name, dtype):
    where, given = parts(device(NETLISTS[name], dtype))
    corners = np.array(np.meshgrid(*[[-100, -2.3, 0, 0.6, 100]] * where.ports)).reshape(where.ports, -1)
    v = jnp.asarray(corners, dtype)

    def total(given, v):
        found = law(where, given, v)
        return jnp.sum(found.current), found

    for leaf in jax.tree.leaves(jax.jit(jax.grad(total, (0, 1), has_aux=True))(given, v)):
        assert np.isfinite(leaf).all()


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_a_diode_is_monotone_and_its_slope_that_of_what_is_computed(dtype):
    """Beyond the largest exponent it goes on as its tangent."""
    where, given = parts(diode_clipper().astype(dtype))
    v = jnp.asarray([[-1e3, -10, -2.3, 0, 2.2, 2.3, 10, 1e3]], dtype)
    found = law(where, given, v)
    assert (np.diff(found.current[0]) > 0).all()
    slope = jax.jit(jax.grad(lambda v: jnp.sum(law(where, given, v).current)))(v)
    np.testing.assert_allclose(slope, found.slopes, rtol=1e-5)


def test_what_a_model_does_not_have_is_an_error():
    with pytest.raises(CircuitError, match="AREA"):
        device("D1 out 0 M1\n.model M1 D(AREA=2)")
