"""What every analysis needs: tolerances, and knobs turned to where they should be."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import final

import numpy as np
from jax.typing import ArrayLike

from circuitnn.circuit import Circuit


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
    known = {name.lower(): name for name in circuit.controls}
    turned = {}
    for given, value in (controls or {}).items():
        if given.lower() not in known:
            raise ValueError(
                f"no control named {given!r}; this circuit's controls: {', '.join(known.values()) or 'none'}"
            )
        value = np.asarray(value, np.float64)
        if value.ndim and value.shape[-1] != 1:
            raise ValueError(f"control {given}: ngspice takes constants, of shape () or (batch, 1), got {value.shape}")
        try:
            turned[known[given.lower()]] = np.broadcast_to(value[..., 0] if value.ndim else value, batch)
        except ValueError:
            raise ValueError(f"control {given}: shape {value.shape} does not fit a batch of shape {batch}") from None
    for index in itertools.product(*map(range, batch)):
        yield index, circuit.replace(**{name: float(value[index]) for name, value in turned.items()})
