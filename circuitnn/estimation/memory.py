"""How long a circuit remembers: the warm-up that excerpts of a recording want."""

import numpy as np

from circuitnn.circuit.circuit import Circuit
from circuitnn.nodal.rational_function import transfer_function

CONSTANTS = 10.0  # time constants after which what was before is forgotten: 5e-5 of it
SHORTEST, LONGEST = 0.005, 1.0  # seconds


def memory(circuit: Circuit) -> float:
    """Seconds after which the circuit has forgotten how it began, from its slowest pole at the operating point."""
    poles = np.asarray(transfer_function(circuit).poles())
    rates = -poles.real[np.isfinite(poles)]
    rates = rates[rates > 0]
    return CONSTANTS / float(rates.min()) if rates.size else 0.0


def chosen_warmup(circuit: Circuit) -> float:
    """Seconds."""
    return float(np.clip(memory(circuit), SHORTEST, LONGEST))
