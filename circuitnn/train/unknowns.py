"""What of a circuit is learnt from responses, around what, and within which bounds."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from circuitnn.circuit.circuit import Circuit
from circuitnn.discrete.values import tolerances
from circuitnn.train.responses import Responses

USUAL = 0.2  # what values without bounds usually are within
DECADE = np.log(10)  # and how far off they may be before the data have to insist
TAPER = 3.0  # usual shapes of tapers, and
STEEPEST = 8.0  # the largest


@final
class Box(NamedTuple):
    """Where the unknowns may be: all (p,), in the unit of `WhiteBox` but for `usual`."""

    spread: NDArray  # standard deviation of the prior
    usual: NDArray  # how far off they usually are at most
    low: NDArray
    high: NDArray

    @classmethod
    def of(cls, circuit: Circuit, learnt: dict[str, float | None], turned: int) -> "Box":
        """For these values with their tolerances, and so many tapers."""
        bounded = {name: DECADE if bound is None else bound for name, bound in learnt.items()}
        spread = np.array([*bounded.values(), *[TAPER] * turned])
        usual = np.array([*(min(bound, USUAL) for bound in bounded.values()), *[TAPER] * turned])
        low = [-np.inf if bound is None else np.log1p(-bound) for bound in learnt.values()]
        high = [np.inf if bound is None else np.log1p(bound) for bound in learnt.values()]
        for k, name in enumerate(learnt):
            if name in circuit and circuit[name].kind == "K":  # the windings' common flux is less than all of it
                high[k] = min(high[k], -np.log(abs(float(circuit.values[name]))) - 1e-6)
        return cls(
            spread,
            usual,
            np.array([*low, *[-STEEPEST] * turned]) / spread,
            np.array([*high, *[STEEPEST] * turned]) / spread,
        )

    def anywhere(self, rng: np.random.Generator) -> NDArray:
        return np.clip(rng.uniform(-1, 1, self.spread.size) * self.usual / self.spread, self.low, self.high)


def known_knob(given: str, names: Sequence[str], where: str) -> str:
    for name in names:
        if name.lower() == given.lower():
            return name
    raise ValueError(f"{where}no knob named {given!r}; there are {', '.join(names) or 'none'}")


def knobs_of(circuit: Circuit, target: Responses) -> dict[str, NDArray]:
    """The target's knobs in the circuit's spelling."""
    if len(circuit.inputs) != 1 or len(circuit.outputs) != 1:
        raise ValueError(f"one input and one output are wanted, not {circuit.inputs} and {circuit.outputs}")
    if len(target.freqs) < 2:
        raise ValueError("responses at one frequency do not tell components apart: at least two are wanted")
    settings = len(target.response)
    if not target.controls and settings > 1:
        raise ValueError(f"the target has {settings} settings and no knob that tells them apart")
    known = tuple(circuit.controls)
    return {known_knob(name, known, "the target's knobs: "): position for name, position in target.controls.items()}


def learnt_values(
    circuit: Circuit,
    knobs: set[str],
    trainable: Sequence[str] | Mapping[str, float | None] | None,
    tolerance: float | None,
) -> dict[str, float | None]:
    """Tolerance of each value that is learnt."""
    if trainable is None:
        trainable = [part.name for part in circuit.components if part.kind in "RCL" and part.name in circuit.values]
        if not trainable:
            raise ValueError("no resistor, capacitor or inductor of this circuit has a value of its own")
    trainable = (trainable,) if isinstance(trainable, str) else trainable
    if not isinstance(trainable, Mapping):
        trainable = dict.fromkeys(trainable, tolerance)
    spelled = {pattern.lower() for pattern in trainable}
    for name in knobs:
        if name.lower() in spelled:
            raise ValueError(f"trainable: {name} is a knob of the target; its taper is learnt by tapers=({name!r},)")
    # "L*" means inductors and not the knob "level".
    parameters = set(circuit.controls)
    names = [name for name in circuit.values if name not in parameters or name.lower() in spelled]
    found = tolerances(names, trainable)
    for name in found:
        if np.ndim(circuit.values[name]) or float(circuit.values[name]) == 0:
            raise ValueError(f"trainable: the nominal value of {name} has to be a number that is not 0")
    return {name: found[name] for name in circuit.values if name in found}
