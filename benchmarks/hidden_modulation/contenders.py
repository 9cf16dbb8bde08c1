"""What goes on from a second of context: models that know the oscillator, find it, or have never heard of it."""

import dataclasses
import warnings
from collections.abc import Callable
from typing import NamedTuple, final

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from benchmarks.hidden_modulation.material import CENTRE, DEPTH, RATES
from circuitnn import chain, circuits, run, trace
from circuitnn.hybrid import Oscillator
from circuitnn.model import Forcing, Model, StateModel
from circuitnn.nodal import NodalModel
from circuitnn.study.signals import FS
from circuitnn.train import DataWarning, synchronise

CONTEXT, BIN = FS, FS // 4  # samples
BOUNDS = (0.15, 6.0)  # hertz, of the oscillator: wider than the rates that occur
TOLERANCE = 0.05  # of the parts of another unit
MODULATION = "given"
PHASE, BOTH, MOVING, SWEPT = "phase hidden", "phase and rate hidden", "rate moving", "rate moving, sweep found"
CONDITIONS = (MODULATION, PHASE, BOTH, MOVING, SWEPT)


@final
class Heard(NamedTuple):
    """One excerpt: x (time,), gates (time,), y (time,) in volts, states (time, n), the rate at its start in hertz."""

    x: NDArray
    gates: NDArray
    y: NDArray
    states: NDArray
    initial: NDArray
    rate: float


@final
class Played(NamedTuple):
    """What a contender makes of an excerpt.

    Attributes:
        y: (time,), the context too.
        phase: (bins,) radians, where it believes the oscillator to be at the start of each; None where it has none.
        is_sure: whether it believes that the context has told.
    """

    y: NDArray
    phase: NDArray | None = None
    is_sure: bool = True


Contender = Callable[[Heard, str], Played | None]


@final
@dataclasses.dataclass(frozen=True)
class Synchronised:
    """A model that takes the gates; where they are hidden an oscillator before it is synchronised with the context.

    Attributes:
        model: of two inputs.
        options: of `synchronise`.
    """

    model: Model
    options: dict[str, int] = dataclasses.field(default_factory=dict)

    def __call__(self, heard: Heard, condition: str) -> Played:
        if condition == MODULATION:
            x = np.stack([heard.x, heard.gates], axis=-1)
            return Played(np.asarray(run(self.model, x)[1])[:, 0])
        lfo = Oscillator(FS, rate=heard.rate, bounds=BOUNDS, offset=CENTRE, depth=DEPTH, dtype=self.model.dtype)
        model = chain(lfo, self.model)
        rates = None if condition == PHASE else RATES
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # counted, and in the table
            carry, found = synchronise(
                model,
                heard.x[:CONTEXT],
                heard.y[:CONTEXT],
                rates=rates,
                sweeps=condition == SWEPT,
                **self.options,  # type: ignore[arg-type]
            )
        _, y = run(model, heard.x[CONTEXT:], carry)
        is_sure = found.is_unique and found.deviation is not None and bool(found.deviation.phase < np.pi / 4)
        phase = _phases(lfo, carry[0], len(heard.x) - CONTEXT)
        return Played(np.concatenate([heard.y[:CONTEXT], np.asarray(y).reshape(-1)]), phase, is_sure)


@final
@dataclasses.dataclass(frozen=True)
class Unaware:
    """A model of one input; one with circuit states is shown the true ones during the context."""

    model: Model

    def __call__(self, heard: Heard, condition: str) -> Played | None:
        if condition == MODULATION:
            return None
        x = heard.x[:, None]
        if not isinstance(self.model, StateModel):
            return Played(np.asarray(run(self.model, x)[1])[:, 0])
        previous = np.concatenate([heard.initial[None], heard.states[:-1]])
        is_shown = np.arange(len(x)) < CONTEXT
        forcing = Forcing(jnp.asarray(previous, self.model.dtype), jnp.asarray(is_shown))
        return Played(np.asarray(trace(self.model, x, forcing=forcing)[1])[:, 0])


def circuit(*, tolerance: float = 0.0, seed: int = 0) -> Model:
    """The phaser itself at 48 kHz in double precision, its resistors and capacitors off by up to the tolerance."""
    netlist = circuits.phase90()
    rng = np.random.default_rng(seed)
    parts = [name for name in netlist.values if name[0] in "RC" and "." not in name]
    moved = {name: float(netlist.values[name]) * (1 + tolerance * rng.uniform(-1, 1)) for name in parts}
    return NodalModel(netlist.replace(**moved) if tolerance else netlist, FS, dtype=jnp.float64)


def _phases(lfo: Oscillator, carry: Array, samples: int) -> NDArray:
    """(bins,) radians, at the start of each bin."""
    found = []
    for _ in range(samples // BIN):
        found.append(float(lfo.movement(carry).phase))
        carry, _ = run(lfo, np.zeros((BIN, 1)), carry)
    return np.array(found)
