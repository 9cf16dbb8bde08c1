"""The nodal model: any circuit, sample by sample."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from jax import numpy as jnp

from circuitnn.circuit.circuit import Circuit
from circuitnn.nodal.linear import NodalEquations
from circuitnn.numerics.rules import Rule
from circuitnn.settings import register
from circuitnn.transient.model import CircuitModel


@register
@final
class NodalModel(CircuitModel):
    """Discrete nodal analysis of a circuit: ``x_n = F(x_{n-1}, u_n)``, ``y_n = G(x_n, u_n)``.

    The circuit is discretised, its linear part is solved once per block, and at each sample a damped Newton iteration
    solves for all nonlinear devices together (Yeh, Abel and Smith 2010; Holters and Zoelzer 2015). Gradients are
    implicit. `trainable` says which values are `nnx.Param`; the others are variables as well, so that they can be
    changed, batched and differentiated.

    Args:
        circuit: from `read_netlist` or the catalogue.
        fs: sample rate, Hz.
        rule: "trapezoidal" (second order), "backward_euler" (first order, damps more than the circuit does), "bdf2"
            (second order, damps what is fast), or one from `alpha_transform`, between the first two.
        trainable: patterns of value names ("R*", "C1", "DCLIP.*", a knob); these become parameters. Values that are
            positive by nature are ``nominal exp(p)`` with p = 0 at first; knobs and sources are linear. A mapping gives
            the tolerance of each pattern, {"R*": 0.05, "C1": None}: such values stay within it,
            ``nominal (1 + tolerance (2 sigmoid(p) - 1))``.
        oversampling: 2, 4, 8 or 16: the circuit runs at that many times the rate, between linear-phase half-band
            filters that pass 20 kHz at 48 kHz; the output comes `latency` samples late. Knobs are held in between.
        solver: "sequential" is a loop over the samples, "parallel" a Newton iteration over the whole block with
            associative scans: the same answer and gradient, for accelerators. "auto" takes the parallel one there for
            blocks of 64 samples and more.
        dtype: of the signals and the values.

    Raises:
        ValueError: for a rate that is not positive, an unknown rule or solver, a pattern that matches nothing, or a
            circuit without an input.
        CircuitError: for equations without a unique solution.
    """

    def __init__(
        self,
        circuit: Circuit,
        fs: float = 48_000,
        *,
        rule: str | Rule = "trapezoidal",
        trainable: Sequence[str] | Mapping[str, float | None] = (),
        oversampling: int = 1,
        solver: str = "auto",
        dtype: Any = jnp.float32,
    ):
        super().__init__(
            circuit,
            fs=fs,
            rule=rule,
            trainable=trainable,
            oversampling=oversampling,
            solver=solver,
            dtype=dtype,
        )

    @property
    def linear(self) -> NodalEquations:
        """All of it in one matrix."""
        return NodalEquations()
