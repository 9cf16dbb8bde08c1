"""How a nonlinear solve went: counted inside the compiled loop, reported outside of it."""

import dataclasses
import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class SolveReport:
    """Counts of the samples that a model has solved since its initial carry.

    It travels in the carry, so that blocks add up and a compiled loop can count without leaving the device.
    Every field has the batch shape of the carry.
    """

    samples: Array  # int32: samples solved so far
    failed: Array  # int32: samples whose solve did not converge
    first_failed: Array  # int32: index of the first of them, -1 while there is none

    @staticmethod
    def zero(batch: tuple[int, ...]) -> "SolveReport":
        zeros = jnp.zeros(batch, jnp.int32)
        return SolveReport(samples=zeros, failed=zeros, first_failed=zeros - 1)

    def add(self, failed: Array, *, axis: int = -1) -> "SolveReport":
        """The report after one more block; `failed` is boolean, (..., time), or has its time elsewhere."""
        return self.including(failed.shape[axis], *tally(failed, axis=axis))

    def including(self, samples: int, count: Array, first: Array) -> "SolveReport":
        """The report after a block of that many samples, with its `tally`."""
        return SolveReport(
            samples=self.samples + samples,
            failed=self.failed + count,
            first_failed=jnp.where((self.first_failed < 0) & (count > 0), self.samples + first, self.first_failed),
        )


def tally(failed: Array, *, axis: int) -> tuple[Array, Array]:
    """How many are true along an axis, and the index of the first; int32."""
    # As numbers, and counted by a product: whatever made `failed` is then computed once, and not for each use.
    marks = failed.astype(jnp.float32)
    count = jnp.tensordot(marks, jnp.ones(failed.shape[axis], jnp.float32), axes=([axis], [0])).astype(jnp.int32)
    first = lax.cond(
        jnp.any(count > 0), lambda: jnp.argmax(marks, axis=axis).astype(jnp.int32), lambda: jnp.zeros_like(count)
    )
    return count, first


class SolveWarning(UserWarning):
    """Some samples of a nonlinear solve did not converge."""


def warn_of_failures(carry: Any) -> None:
    """Warn, once for each report in `carry`, of samples that did not converge.

    Inside a compiled function the counts are not known yet: nothing is said there, and the counts stay in the carry.
    """
    reports = jax.tree.leaves(carry, is_leaf=lambda leaf: isinstance(leaf, SolveReport))
    for report in reports:
        if not isinstance(report, SolveReport) or isinstance(report.failed, jax.core.Tracer):
            continue
        failed = np.atleast_1d(np.asarray(report.failed)).ravel()
        if not failed.any():
            continue
        total = int(np.asarray(report.samples).sum())
        worst = int(np.flatnonzero(failed)[0])
        first = int(np.atleast_1d(np.asarray(report.first_failed)).ravel()[worst])
        where = f"sample {first}" + (f" of batch entry {worst}" if failed.size > 1 else "")
        warnings.warn(
            f"the nonlinear solve did not converge at {int(failed.sum())} of {total} samples, first at {where}; "
            "the output there is the last iterate. Is the signal in volts, and are the component values in SI units?",
            SolveWarning,
            stacklevel=3,
        )
