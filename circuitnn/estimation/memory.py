"""How long a circuit remembers: the warm-up that excerpts of a recording want."""

from functools import partial

import jax
import numpy as np
from jax import Array

from circuitnn.circuit.circuit import Circuit
from circuitnn.mna.state_space import STEP, implicit
from circuitnn.mna.topology import Topology, topology

CONSTANTS = 10.0  # time constants after which what was before is forgotten: 5e-5 of it
NEVER = 0.1  # 1/s: what is slower is not forgotten by any warm-up, or is no pole but rounding
SHORTEST, LONGEST = 0.005, 1.0  # seconds
PER_OCTAVE = 2  # lengths: what is compiled for one unit of a circuit serves the next one


def memory(circuit: Circuit) -> float:
    """Seconds after which the circuit has forgotten how it began, from its slowest pole at the operating point."""
    top = topology(circuit)
    if not top.reactive:
        return 0.0
    modes = np.linalg.eigvals(np.asarray(_modes(top, circuit)))
    rates = -(modes / (1 + STEP * modes)).real
    rates = rates[np.isfinite(rates) & (rates > NEVER)]
    return CONSTANTS / float(rates.min()) if rates.size else 0.0


def chosen_warmup(circuit: Circuit) -> float:
    """Seconds, rounded up to one of few lengths."""
    steps = PER_OCTAVE * np.log2(np.clip(memory(circuit), SHORTEST, LONGEST) / SHORTEST)
    return float(np.clip(SHORTEST * 2 ** (np.ceil(steps - 1e-9) / PER_OCTAVE), SHORTEST, LONGEST))


@partial(jax.jit, static_argnums=0)
def _modes(top: Topology, circuit: Circuit) -> Array:
    values = {name: value.astype(circuit.dtype) for name, value in circuit.resolve().items()}
    return implicit(top, values).f
