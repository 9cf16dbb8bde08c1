"""The circuits of the benchmark, each as wave digital filters and as a nodal model."""

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.catalogue import FS
from benchmarks.timing import Subject
from circuitnn import circuits
from circuitnn.nodal import NodalModel
from circuitnn.wdf import Capacitor, DiodePair, Parallel, ResistiveVoltageSource, WDFModel, derive

CIRCUITS = ("diode_clipper", "bassman", "klon_feed_forward_2", "tube_screamer_clipping")
QUICK = CIRCUITS[:2]
NODAL = "nodal"
HOLD = 32  # samples between two positions of a knob
AREAS = ("D1", "D2")  # of antiparallel diodes: explicit laws are for equal ones, and do not learn these apart


def clipper(law: str, **keywords: Any) -> WDFModel:
    """The first-order diode clipper, built by hand."""
    tree = Parallel(ResistiveVoltageSource(2.2e3, "Vin"), Capacitor(10e-9))
    return WDFModel(tree, root=DiodePair(law=law), fs=FS, **keywords)


def subjects(name: str) -> dict[str, Subject]:
    """All engines of a circuit, by name: the default one first, the nodal model of the same circuit last."""
    circuit = circuits.CATALOGUE[name]()
    makes: dict[str, Callable[..., Any]]
    match name:
        case "diode_clipper":
            makes = {f"wdf, {law}": partial(clipper, law) for law in ("exact", "better", "simple", "newton")}
            circuit = clipper("newton").circuit
        case "tube_screamer_clipping":
            makes = {f"wdf, {law}": partial(derive, circuit, FS, diodes=law) for law in ("exact", "newton")}
        case _:
            makes = {"wdf": partial(derive, circuit, FS)}
    makes[NODAL] = partial(NodalModel, circuit, FS)
    trainable = tuple(each for each in circuit.values if each not in AREAS)
    peak = circuits.NOMINAL_PEAK[name]
    return {engine: Subject(make, peak, trainable, HOLD) for engine, make in makes.items()}
