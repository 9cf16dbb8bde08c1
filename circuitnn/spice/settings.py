"""What every analysis needs: tolerances, and knobs turned to where they should be."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import final

import numpy as np
from jax.typing import ArrayLike

from circuitnn.circuit import Circuit
from circuitnn.knobs import check_shape, constants


@final
@dataclass(frozen=True)
class Tolerances:
    """ngspice's tolerances, much tighter than its own defaults: the results are a reference.

    Attributes:
        reltol: relative, of every unknown.
        abstol: amperes.
        vntol: volts.
        gmin: siemens, put parallel to every diode.
        chgtol: coulombs, below which charges do not choose the time steps. ngspice's own 1e-14 lets it follow the
            rounding of an amplifier's inputs around a bias voltage to steps that are too small; the steps are short
            anyway where `max_step` is.
    """

    reltol: float = 1e-6
    abstol: float = 1e-14
    vntol: float = 1e-9
    gmin: float = 1e-15
    chgtol: float = 1e-11

    def options(self) -> str:
        """The line of a netlist that sets them, with the trapezoidal rule."""
        return ".options method=trap " + " ".join(f"{name}={value!r}" for name, value in asdict(self).items())


def settled(
    circuit: Circuit, controls: Mapping[str, ArrayLike] | None, batch: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], Circuit]]:
    """For each entry of the batch its index, and the circuit with the knobs turned."""
    turned = {name: np.asarray(value, float) for name, value in constants(controls, circuit.controls).items()}
    for name, value in turned.items():
        check_shape(name, (*value.shape, 1), (*batch, 1))
    turned = {name: np.broadcast_to(value, batch) for name, value in turned.items()}
    for index in itertools.product(*map(range, batch)):
        yield index, circuit.replace(**{name: float(value[index]) for name, value in turned.items()})
