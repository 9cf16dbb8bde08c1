"""Line 4: each device against its equation, and against ngspice; on the test bench, in every region."""

import functools

import numpy as np
from numpy.typing import NDArray

from benchmarks.ledger.bench import AREA, CARDS, bench, measured
from benchmarks.ledger.laws import into_pins
from benchmarks.ledger.line import Line
from circuitnn import spice
from circuitnn.circuit import Circuit
from circuitnn.circuit.reader import read_netlist
from circuitnn.nodal import frequency_response

# Amperes. Less is a leak that no circuit hears; what rounds off across shunts and in matrices of ngspice is larger.
FLOOR = {"equation": 1e-6, "ngspice": 1e-7}
TIGHT = spice.Tolerances(reltol=1e-10, abstol=1e-16, vntol=1e-13)
COIL = """* a saturating coil, its current held
Iin 0 out {amperes}
N1 out 0 DUT 1.5
.model DUT COIL(L={L} ISAT=5m LSAT=0.1)
"""
AMPERES, HERTZ = (0.0, 3e-3, -9e-3, 50e-3), 1e3
DEVICES = (*CARDS, "COIL")


def against(truth: str, name: str, *, error: float = 0.0) -> float:
    """The largest difference of a pin's current from "equation" or "ngspice", relative to the currents there.

    Args:
        truth: which of them.
        name: of a device.
        error: relative, of the first parameter that the truth has otherwise; zero unless it is to be refused.
    """
    if name == "COIL":
        return _coil(truth, error)
    each, floor = bench(name), FLOOR[truth]
    found = []
    for region, volts in each.regions.items():
        currents = measured(each, region)
        expected = _equation(name, volts, error) if truth == "equation" else _ngspice(bench(name, error).at(region))
        size = max(float(np.max(np.abs(expected))), floor)
        found.append(float(np.max(np.abs(currents - expected))) / size)
    return max(found)


def _equation(name: str, volts: tuple[float, ...], error: float) -> NDArray:
    each = bench(name)
    given = {key.removeprefix("DUT."): float(value) for key, value in each.circuit.resolve().items() if "." in key}
    first = next(iter(CARDS[name]))
    given[first] *= 1 + error
    currents = into_pins(each.kind, given, AREA, dict(zip(each.pins, map(np.float64, volts), strict=True)))
    return np.array([float(currents[pin]) for pin in each.pins])


def _ngspice(circuit: Circuit) -> NDArray:
    found = spice.operating_point(circuit, tolerances=TIGHT)
    return -np.array([float(found[name]) for name in circuit.outputs])


def _coil(truth: str, error: float) -> float:
    """Its inductance at a current, ``(L - LSAT)/cosh(i/ISAT)^2 + LSAT``, from the impedance; ISAT grows by the area."""
    found = []
    for amperes in AMPERES:
        card = COIL.format(amperes=amperes, L=2.0)
        circuit = read_netlist(card, inputs=("Iin",), outputs=("out",))
        impedance = complex(np.asarray(frequency_response(circuit, np.array([HERTZ])))[0])
        inductance = (2.0 * (1 + error) - 0.1) / 1.5 / np.cosh(amperes / 7.5e-3) ** 2 + 0.1 / 1.5
        expected = 2j * np.pi * HERTZ * inductance
        if truth == "ngspice":
            changed = read_netlist(COIL.format(amperes=amperes, L=2.0 * (1 + error)), inputs=("Iin",), outputs=("out",))
            expected = complex(np.ravel(spice.ac(changed, np.array([HERTZ]), tolerances=TIGHT))[0])
        found.append(abs(impedance - expected) / abs(expected))
    return max(found)


def _line(truth: str, bound: float) -> Line:
    measure = functools.partial(against, truth)
    return Line(
        name=f"devices against {'their equations' if truth == 'equation' else 'ngspice'}",
        law="the currents into the pins of each device, in every region",
        figure="largest difference over the largest current of the region",
        bound=bound,
        subjects=DEVICES,
        quick=("D", "NPN", "TRIODE"),
        measure=measure,
        controls=("D", "NPN", "NMOS", "TRIODE", "COIL"),
        broken=functools.partial(against, truth, error=1e-3),
        control="the first parameter a thousandth larger",
    )


LINE = _line("equation", 1e-12)
NGSPICE = _line("ngspice", 1e-6)
