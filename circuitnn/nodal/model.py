"""The nodal model: any circuit, sample by sample."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from jax import Array
from jax import numpy as jnp

from circuitnn.circuit.circuit import Circuit
from circuitnn.mna.checks import check_solvable, states_are_independent
from circuitnn.mna.topology import topology
from circuitnn.model import Controls, Forcing, StateModel
from circuitnn.nodal import engine
from circuitnn.nodal.carry import NodalCarry
from circuitnn.nodal.engine import Engine
from circuitnn.nodal.layout import flat_controls
from circuitnn.nodal.oversampling import OversampledCarry, resting, run_oversampled, with_circuit
from circuitnn.nodal.system import Discretisation
from circuitnn.nodal.values import CircuitValues
from circuitnn.numerics.half_band import half_band
from circuitnn.numerics.rules import rule_named

Carry = NodalCarry | OversampledCarry
IMPOSED_FRACTION = 1e-6  # of a step, where states constrain each other


@final
class NodalModel(StateModel):
    """Discrete nodal analysis of a circuit: ``x_n = F(x_{n-1}, u_n)``, ``y_n = G(x_n, u_n)``.

    The circuit is discretised, its linear part is solved once per block, and at each sample a damped Newton iteration
    solves for all nonlinear devices together (Yeh, Abel and Smith 2010; Holters and Zoelzer 2015). Gradients are
    implicit. `trainable` says which values are `nnx.Param`; the others are variables as well, so that they can be
    changed, batched and differentiated.

    Args:
        circuit: from `read_netlist` or the catalogue.
        fs: sample rate, Hz.
        rule: "trapezoidal" (second order), "backward_euler" (first order, damps more than the circuit does) or "bdf2"
            (second order, damps what is fast).
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
        rule: str = "trapezoidal",
        trainable: Sequence[str] | Mapping[str, float | None] = (),
        oversampling: int = 1,
        solver: str = "auto",
        dtype: Any = jnp.float32,
    ):
        if not (np.isfinite(fs) and fs > 0):
            raise ValueError(f"fs must be a positive sample rate in Hz, got {fs}")
        if solver not in engine.SOLVERS:
            raise ValueError(f"no solver named {solver!r}; there are {', '.join(engine.SOLVERS)}")
        how = rule_named(rule)
        self.fs, self.rule, self.dtype = float(fs), rule, dtype
        self.filters = half_band(oversampling)
        top = topology(circuit)
        resolved = circuit.resolve()
        period = 1 / (self.fs * oversampling)
        step = how.gain * period
        check_solvable(top, resolved, step)
        can_be_imposed = states_are_independent(top, resolved) and not any(top.is_charge)
        fraction = 0.0 if can_be_imposed else IMPOSED_FRACTION
        discretisation = Discretisation(
            step=step, memory=how.memory, history=how.history, period=period, imposed_step=fraction * step
        )
        self.engine = Engine(top, discretisation, solver)
        self.in_features, self.out_features = len(circuit.inputs), len(circuit.outputs)
        self.state_names = tuple(branch.name for branch in top.reactive)
        self.values = CircuitValues(circuit, trainable, dtype)

    @property
    def circuit(self) -> Circuit:
        """The circuit with the model's present values."""
        return self.values.circuit

    @property
    def latency(self) -> int:
        """By how many samples the output comes late, which is zero without oversampling."""
        return self.filters.latency

    @property
    def controls(self) -> Mapping[str, float]:
        """The knobs: the netlist's independent ``.param`` names, with their default values."""
        return self.circuit.controls

    def init_carry(self, batch: tuple[int, ...] = (), controls: Controls | None = None) -> Carry:
        """The operating point: inputs at their DC values, capacitors open, inductors short; differentiable.

        Args:
            batch: shape of the batch.
            controls: knobs, at their positions at the first sample; the defaults when None.
        """
        knobs = flat_controls(controls, batch, None, self.dtype)
        carry, outputs = engine.at_rest(self.engine, self.circuit, knobs, batch)
        return carry if self.filters.factor == 1 else resting(self.filters, carry, outputs)

    def at_rest(self, batch: tuple[int, ...], controls: Controls | None) -> Carry:
        """`init_carry` with the knobs where they are at the first sample."""
        return self.init_carry(batch, controls)

    def states(self, carry: Carry) -> Array:
        """(..., n_states): capacitor voltages and inductor currents, in the order of `state_names`.

        The charges of junctions come last ("Q1.CJE"), in volts across 10 pF.
        """
        return _of_circuit(carry).states

    def force(self, carry: Carry, states: Array, *, controls: Controls | None = None) -> Carry:
        """The carry with other states; the currents that belong to them follow from the circuit and the last input.

        Args:
            carry: from `init_carry` or a block.
            states: (..., n_states), volts and amperes.
            controls: knobs, for those currents; the defaults when None.
        """
        inner = _of_circuit(carry)
        states = jnp.broadcast_to(jnp.asarray(states, self.dtype), inner.states.shape)
        knobs = flat_controls(controls, states.shape[:-1], 1, self.dtype)
        return with_circuit(carry, engine.at_states(self.engine, self.circuit, inner, states, knobs))

    def trace(
        self, carry: Carry, x: Array, controls: Controls | None = None, forcing: Forcing | None = None
    ) -> tuple[Carry, Array, Array]:
        """One block: carry, y (..., time, n_out), states after each sample (..., time, n_states).

        A control may be constant, one value for each batch entry (batch, 1), or vary along time.
        """
        knobs = flat_controls(controls, x.shape[:-2], x.shape[-2], self.dtype)
        if isinstance(carry, OversampledCarry):
            return run_oversampled(self.engine, self.filters, self.circuit, carry, x, knobs, forcing)
        return engine.run_block(self.engine, self.circuit, carry, x, knobs, forcing)


def _of_circuit(carry: Carry) -> NodalCarry:
    return carry.circuit if isinstance(carry, OversampledCarry) else carry
