"""One analysis for each entry of a batch of knob positions."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike

from circuitnn.circuit.circuit import Circuit
from circuitnn.knobs import constants
from circuitnn.mna.checks import check_sizes
from circuitnn.numerics.report import SolveWarning


def constant_knobs(controls: Mapping[str, ArrayLike] | None, circuit: Circuit) -> dict[str, Array]:
    """As `circuitnn.knobs.constants`, in the circuit's precision."""
    values = constants(controls, circuit.controls)
    check_sizes(circuit, circuit.dtype)
    return {name: jnp.asarray(value, circuit.dtype) for name, value in values.items()}


def over_batch(at: Callable[[dict[str, Array]], Any], knobs: dict[str, Array]) -> Any:
    """`at` for each entry of the batch that the knobs span; its axes come first."""
    shape = jnp.broadcast_shapes(*(value.shape for value in knobs.values()))
    for _ in shape:
        at = jax.vmap(at)
    return at({name: jnp.broadcast_to(value, shape) for name, value in knobs.items()})


def warn_of_nan(noun: str, result: Array) -> None:
    """Say that something is no number, once that is known."""
    if not isinstance(result, jax.core.Tracer) and np.any(np.isnan(np.asarray(result))):
        warnings.warn(
            f"{noun} is not a number: no operating point was found, or a law is not finite there. Are the component "
            "values in SI units?",
            SolveWarning,
            stacklevel=3,
        )
