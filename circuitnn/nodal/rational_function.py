"""Transfer functions of circuits: ratios of polynomials in s, or in z by the bilinear transform."""

import dataclasses
from typing import Any, Optional, final

import jax
from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike

from circuitnn.circuit.circuit import Circuit
from circuitnn.mna.rational import rational
from circuitnn.mna.structure import Structure, gains_of, structure
from circuitnn.mna.topology import Topology, topology
from circuitnn.model import Controls
from circuitnn.nodal.batches import constant_knobs, over_batch, warn_of_nan
from circuitnn.numerics import polynomial
from circuitnn.numerics.bilinear import bilinear_rate


def _static(**options: Any) -> Any:
    return dataclasses.field(metadata={"static": True}, **options)


@final
@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class TransferFunction:
    """``b(s)/a(s)``, or ``b(z)/a(z)``: a pytree; coefficients with the highest power first, as in scipy.signal.

    In z, a[0] is one, and b and a are what `scipy.signal.lfilter` takes. In s, the lowest coefficient of a that is not
    zero for all component values is one: ``1 + a1 s + a2 s^2 ...`` as textbooks have it, which stays finite where a
    knob at its end takes away the highest power. `scipy.signal.normalize` makes a[0] one.

    Polynomials in z of high order lose the poles close to one: at 48 kHz those below 100 Hz of an order above about 5.
    `frequency_response`, `poles` and `zeros` go through `analog` and lose nothing; to run such a filter, use the
    nodal model, or sections of second order.

    Attributes:
        b: (..., m), or with several inputs or outputs (..., n_out, n_in, m).
        a: (..., n), common to all inputs and outputs.
        fs: sample rate in Hz; None for s.
        prewarp: frequency in Hz at which the response is that of the analog circuit; None for zero.
        analog: the transfer function in s that this one in z is made from.
    """

    b: Array
    a: Array
    fs: float | None = _static(default=None)
    prewarp: float | None = _static(default=None)
    analog: Optional["TransferFunction"] = None

    @property
    def order(self) -> int:
        """The number of poles."""
        return self.a.shape[-1] - 1

    def frequency_response(self, freqs: ArrayLike) -> Array:
        """The response at freqs (n,) in Hz: complex (..., n), or (..., n_out, n_in, n)."""
        known = jnp.asarray(freqs, self.a.dtype)
        if known.ndim != 1:
            raise ValueError(f"freqs must have the shape (n,), got {known.shape}")
        if self.fs is None:
            s, w = 2j * jnp.pi * known, jnp.ones_like(known)
            return self._ratio(s, w)
        angle = jnp.pi * known / self.fs
        if self.analog is None:
            return self._ratio(jnp.exp(2j * angle), jnp.ones_like(angle))
        return self.analog._ratio(1j * bilinear_rate(self.fs, self.prewarp) * jnp.sin(angle), jnp.cos(angle))

    def poles(self) -> Array:
        """Complex (..., order), rad/s or in the z plane, by their size in s; differentiable where they are simple.

        At infinity for each power of s that a knob at its end takes away.
        """
        if self.analog is None:
            return polynomial.roots(self.a)
        return self._mapped(self.analog.poles())

    def zeros(self) -> Array:
        """Complex (..., m - 1), or (..., n_out, n_in, m - 1), as `poles`; infinite where there are fewer."""
        if self.analog is None:
            return polynomial.roots(self.b)
        return self._mapped(self.analog.zeros())

    def discretised(self, fs: float, *, prewarp: float | None = None) -> "TransferFunction":
        """From s to z by the bilinear transform.

        Args:
            fs: sample rate, Hz.
            prewarp: a frequency in Hz, below fs/2, at which the response stays as it is.

        Raises:
            ValueError: for one that is in z already, or frequencies out of range.
        """
        if self.fs is not None:
            raise ValueError("the transfer function is in z already")
        rate, fs = bilinear_rate(fs, prewarp), float(fs)
        prewarp = None if prewarp is None else float(prewarp)
        degree = max(self.a.shape[-1], self.b.shape[-1]) - 1
        a = polynomial.bilinear(self.a, rate, degree)
        b = polynomial.bilinear(self.b, rate, degree)
        first = a[..., :1]
        share = first[..., None, None, :] if b.ndim > a.ndim else first
        a = jnp.concatenate([jnp.ones_like(first), a[..., 1:] / first], axis=-1)
        return TransferFunction(b=b / share, a=a, fs=fs, prewarp=prewarp, analog=self)

    def continuous(self, *, prewarp: float | None = None) -> "TransferFunction":
        """From z to s by the inverse of the bilinear transform; of one that was discretised, what it was made from.

        Args:
            prewarp: a frequency in Hz, below fs/2, at which the response stays as it is; that of the transfer function,
                if it has one, when None.

        Raises:
            ValueError: for one that is in s already, or a frequency out of range.
        """
        if self.fs is None:
            raise ValueError("the transfer function is in s already")
        prewarp = self.prewarp if prewarp is None else prewarp
        if self.analog is not None and prewarp == self.prewarp:
            return self.analog
        rate = bilinear_rate(self.fs, prewarp)
        degree = max(self.a.shape[-1], self.b.shape[-1]) - 1
        a = polynomial.inverse_bilinear(self.a, rate, degree)
        b = polynomial.inverse_bilinear(self.b, rate, degree)
        return TransferFunction(b=b, a=a)

    def _ratio(self, x: Array, w: Array) -> Array:
        degree = max(self.a.shape[-1], self.b.shape[-1]) - 1
        below = polynomial.homogeneous(self.a, x, w, degree)
        above = polynomial.homogeneous(self.b, x, w, degree)
        return above / (below[..., None, None, :] if above.ndim > below.ndim else below)

    def _mapped(self, s: Array) -> Array:
        """Points of the s plane in the z plane; the missing ones, at infinity, are at -1."""
        missing = max(self.a.shape[-1], self.b.shape[-1]) - 1 - s.shape[-1]
        s = jnp.concatenate([s, jnp.full((*s.shape[:-1], missing), jnp.inf, s.dtype)], axis=-1)
        assert self.fs is not None
        rate = bilinear_rate(self.fs, self.prewarp)
        is_finite = jnp.isfinite(s)
        at = jnp.where(is_finite, s, 0)
        return jnp.where(is_finite, (rate + at) / (rate - at), -1)


def transfer_function(
    circuit: Circuit, fs: float | None = None, *, controls: Controls | None = None, prewarp: float | None = None
) -> TransferFunction:
    """The small-signal transfer function at the operating point; differentiable in the circuit's values and knobs.

    Its order is that of the circuit: capacitors in a loop count once, and parts that the output does not see do not
    count. Coefficients that are zero for all component values are zero exactly. With float64 the response is that of
    `frequency_response` to about 1e-10; in single precision use it up to an order of about 5.

    Args:
        circuit: from `read_netlist` or the catalogue.
        fs: sample rate in Hz for a transfer function in z, by the bilinear transform; None for s.
        controls: knobs, scalars or (..., 1) for one transfer function each; the defaults when None.
        prewarp: a frequency in Hz at which the response in z equals that in s; at zero when None.

    Returns:
        b (..., m) and a (..., n); with several inputs or outputs b (..., n_out, n_in, m).

    Raises:
        ValueError: for an unknown control, a shape that does not fit, a sample rate or frequency out of range, a
            circuit without an input or an output.
        CircuitError: where the circuit's equations have no unique solution.
    """
    if fs is not None:
        bilinear_rate(fs, prewarp)  # refuses what is none before the work is done
    elif prewarp is not None:
        raise ValueError("prewarp: there is nothing to warp without fs")
    top = topology(circuit)
    knobs = constant_knobs(controls, circuit)
    b, a = _coefficients(top, structure(top, gains_of(circuit)), circuit, knobs)
    warn_of_nan("the transfer function", b)
    found = TransferFunction(b[..., 0, 0, :] if b.shape[-3:-1] == (1, 1) else b, a)
    return found if fs is None else found.discretised(fs, prewarp=prewarp)


@jax.jit(static_argnums=(0, 1))
def _coefficients(top: Topology, known: Structure, circuit: Circuit, knobs: dict[str, Array]) -> tuple[Array, Array]:
    dtype = circuit.dtype

    def at(knobs: dict[str, Array]) -> tuple[Array, Array]:
        values = {name: value.astype(dtype) for name, value in circuit.resolve(knobs).items()}
        return rational(top, values, known)

    return over_batch(at, knobs)
