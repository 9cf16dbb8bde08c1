"""Where responses to fit come from, and at which positions of the knobs they are asked for."""

from collections.abc import Callable, Mapping
from typing import Protocol, Self, final

import jax
import numpy as np
from jax import numpy as jnp
from numpy.typing import NDArray
from scipy.stats import qmc

from circuitnn import spice
from circuitnn.circuit.circuit import Circuit
from circuitnn.knobs import RULE, knobs_of
from circuitnn.nodal.frequency import frequency_response
from circuitnn.train.response_data import Responses, responses

EDGE = 0.25  # how far beyond 0 and 1 positions are drawn, to be moved back to the end: a third of them is at one
AT_ONCE = 512  # settings in memory together


class Target(Protocol):
    """Responses at settings of one's choice."""

    controls: dict[str, float]

    def __call__(self, freqs: NDArray, positions: Mapping[str, NDArray]) -> Responses: ...


@final
class Reference:
    """A function of (freqs (f,), {name: (n,)}) that gives (n, f), with the names of its knobs and their defaults."""

    def __init__(self, respond: Callable[[NDArray, dict[str, NDArray]], NDArray], controls: Mapping[str, float]):
        self.respond, self.controls = respond, {name: float(value) for name, value in controls.items()}

    @classmethod
    def of_circuit(cls, circuit: Circuit, reference: str) -> Self:
        """The frequency response of a circuit with one input and one output, by "nodal" or "ngspice".

        Raises:
            ValueError: for a circuit without knobs, with several inputs or outputs, or another reference.
        """
        knobs = knobs_of(circuit.controls)
        if not knobs:
            raise ValueError(f"the netlist has no knobs: {RULE}")
        if len(circuit.inputs) != 1 or len(circuit.outputs) != 1:
            raise ValueError(
                f"a tone stack has one input and one output, this circuit has {len(circuit.inputs)} and "
                f"{len(circuit.outputs)}"
            )
        if reference not in ("nodal", "ngspice"):
            raise ValueError(f"reference: nodal or ngspice, not {reference!r}")

        def by_nodal(freqs, positions):
            with jax.enable_x64(True):
                known = circuit.astype(jnp.float64)
                count = len(next(iter(positions.values())))
                found = []
                for start in range(0, count, AT_ONCE):
                    some = {
                        name: jnp.asarray(value[start : start + AT_ONCE, None]) for name, value in positions.items()
                    }
                    found.append(np.asarray(frequency_response(known, freqs, controls=some)))
            return np.concatenate(found)

        def by_ngspice(freqs, positions):
            count = len(next(iter(positions.values())))
            return np.stack(
                [
                    spice.ac(circuit, freqs, controls={name: float(value[k]) for name, value in positions.items()})
                    for k in range(count)
                ]
            )

        return cls(by_nodal if reference == "nodal" else by_ngspice, knobs)

    def __call__(self, freqs: NDArray, positions: Mapping[str, NDArray]) -> Responses:
        return responses(freqs, positions, self.respond(freqs, dict(positions)))


def spread_settings(controls: Mapping[str, float], count: int) -> dict[str, NDArray]:
    """Quasi-random positions (Sobol 1967), many of them at the ends, where responses change most: {name: (count,)}."""
    points = qmc.Sobol(len(controls), rng=np.random.default_rng(0)).random_base2(int(np.ceil(np.log2(max(count, 2)))))
    inside = np.clip((points[:count] - 0.5) * (1 + 2 * EDGE) + 0.5, 0.0, 1.0)
    return dict(zip(controls, inside.T, strict=True))


def random_settings(controls: Mapping[str, float], count: int, seed: int) -> dict[str, NDArray]:
    """All corners (of up to eight knobs), then random positions: {name: (count,)}."""
    inside = np.random.default_rng(seed).random((count, len(controls)))
    if len(controls) <= 8:
        corners = np.stack(np.meshgrid(*[[0.0, 1.0]] * len(controls), indexing="ij"), -1).reshape(-1, len(controls))
        inside[: len(corners)] = corners[:count]
    return dict(zip(controls, inside.T, strict=True))
