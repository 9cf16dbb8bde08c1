"""What of a circuit is learnt from measurements, around what, and within which bounds."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, final

import numpy as np
from jax import Array
from jax import numpy as jnp
from numpy.typing import NDArray

from circuitnn.circuit.circuit import Circuit, checked_circuit
from circuitnn.devices.device import Coupling
from circuitnn.knobs import knob_spelling
from circuitnn.train.response_data import Responses

USUAL = 0.2  # what values without bounds usually are within
USUAL_START = float(np.log(5))  # how far off values without a tolerance may be where a recording is searched
DECADE = np.log(10)  # and how far off they may be before the data have to insist
TAPER = 3.0  # usual shapes of tapers, and
STEEPEST = 8.0  # the largest
ANYWHERE = 0.5  # of the way: what is believed of a knob's position


@final
class Prior(NamedTuple):
    """Where the unknowns may be: all (p,), in the unit of `spread` but for `usual`."""

    spread: NDArray  # standard deviation of the prior
    usual: NDArray  # how far off they usually are at most
    low: NDArray
    high: NDArray

    @classmethod
    def of(
        cls,
        circuit: Circuit,
        learnt: dict[str, float | None],
        turned: int = 0,
        *,
        usual: float = USUAL,
        positions: Collection[str] = (),
        sources: Mapping[str, float] | None = None,
    ) -> "Prior":
        """For these values with their tolerances, and so many tapers.

        Args:
            circuit: with nominal values.
            learnt: tolerance of each value.
            turned: how many tapers.
            usual: how far off values usually are, in logarithm.
            positions: those of the values that are positions of knobs: linear, and from 0 to 1.
            sources: those that may be zero or change sign, which are linear too: the standard deviation of the prior of
                each, SI, which a tolerance is a part of.
        """
        rows = []
        for name, bound in learnt.items():
            if sources and name in sources:
                reach = np.inf if bound is None else bound * sources[name]
                free = min(reach, sources[name])
                rows.append((free, 0.5 * free, -reach, reach))
                continue
            if name in positions:
                position = float(circuit.values[name])
                free = ANYWHERE if bound is None else bound
                rows.append((free, free, max(-position, -bound if bound else -1.0), min(1 - position, bound or 1.0)))
                continue
            free = DECADE if bound is None else bound
            low, high = (-np.inf, np.inf) if bound is None else (np.log1p(-bound), np.log1p(bound))
            if name in circuit and isinstance(circuit[name].device, Coupling):
                # The windings' common flux is less than all of it.
                high = min(high, -np.log(abs(float(circuit.values[name]))) - 1e-6)
            rows.append((free, min(free, usual), low, high))
        rows += [(TAPER, TAPER, -STEEPEST, STEEPEST)] * turned
        spread, others, least, most = np.array(rows, float).reshape(-1, 4).T
        return cls(spread, others, least / spread, most / spread)

    def including(self, spread: float, reach: float) -> "Prior":
        """And one that every search starts from 0 with, and that stays within `reach` of it."""
        return self.with_one(spread, -reach, reach)

    def with_one(self, spread: float, low: float, high: float, usual: float = 0.0) -> "Prior":
        """And one that searches start from within `usual` of 0."""
        more = (spread, usual, low / spread, high / spread)
        return Prior(*(np.append(column, number) for column, number in zip(self, more, strict=True)))

    def anywhere(self, rng: np.random.Generator) -> NDArray:
        return np.clip(rng.uniform(-1, 1, self.spread.size) * self.usual / self.spread, self.low, self.high)


def moved(circuit: Circuit, names: Sequence[str], change: Array, linear: Collection[str] = ()) -> dict[str, Array]:
    """Values that differ from the circuit's by the logarithms `change` (p,), those of `linear` by the change itself."""
    factor = jnp.exp(change)
    return {
        name: circuit.values[name] + change[k] if name in linear else circuit.values[name] * factor[k]
        for k, name in enumerate(names)
    }


def target_knobs(circuit: Circuit, target: Responses) -> dict[str, NDArray]:
    """The target's knobs in the circuit's spelling."""
    if len(checked_circuit(circuit).inputs) != 1 or len(circuit.outputs) != 1:
        raise ValueError(f"one input and one output are wanted, not {circuit.inputs} and {circuit.outputs}")
    if len(target.freqs) < 2:
        raise ValueError("responses at one frequency do not tell components apart: at least two are wanted")
    settings = len(target.response)
    if not target.controls and settings > 1:
        raise ValueError(f"the target has {settings} settings and no knob that tells them apart")
    return {knob_spelling(name, circuit.controls): position for name, position in target.controls.items()}
