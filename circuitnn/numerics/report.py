"""How a nonlinear solve went: counted inside the compiled loop, reported outside of it."""

import dataclasses
import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

LAP = 2**31 - 1  # what a word of 32 bits counts to: twelve hours at 48 kHz. Positions have two words.
_SAMPLES, _FAILED, _FIRST_FAILED, _NOT_FINITE, _FIRST_NOT_FINITE, _FALLBACKS = 0, 2, 3, 5, 6, 8
_WORDS = 9
_EVENTS = [_FAILED, _NOT_FINITE, _FALLBACKS]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class SolveReport:
    """Counts of the samples that a model has solved since its initial carry.

    It travels in the carry, so that blocks add up and a compiled loop can count without leaving the device. Every
    property has the batch shape of the carry: NumPy's int64; inside a compiled function int32, which ends at `LAP`.

    Attributes:
        counts: (..., 9) int32, one array as a carry should have few.
    """

    counts: Any  # an array of JAX or, where all is known, of NumPy

    @staticmethod
    def zero(batch: tuple[int, ...]) -> "SolveReport":
        counts = np.zeros(_WORDS, np.int32)
        counts[[_FIRST_FAILED, _FIRST_NOT_FINITE]] = -1
        return SolveReport(jnp.broadcast_to(counts, (*batch, _WORDS)))

    @property
    def samples(self) -> Any:
        """Samples so far."""
        return self._position(_SAMPLES)

    @property
    def failed(self) -> Any:
        """Samples whose solve did not converge; those with an input that is not finite are no part of them."""
        return self._word(_FAILED)

    @property
    def first_failed(self) -> Any:
        """Index of the first of them, -1 while there is none."""
        return self._position(_FIRST_FAILED)

    @property
    def not_finite(self) -> Any:
        """Samples with an input or a knob that is NaN or infinite."""
        return self._word(_NOT_FINITE)

    @property
    def first_not_finite(self) -> Any:
        """Index of the first of them, -1 while there is none."""
        return self._position(_FIRST_NOT_FINITE)

    @property
    def fallbacks(self) -> Any:
        """Blocks that the parallel solution gave up, and left to the loop over the samples."""
        return self._word(_FALLBACKS)

    def add(self, failed: Array, *, axis: int = -1) -> "SolveReport":
        """The report after one more block; `failed` is boolean, (..., time), or has its time elsewhere."""
        return self.including(failed.shape[axis], tally(failed, axis=axis))

    def including(
        self,
        samples: int,
        failed: tuple[Array, Array],
        not_finite: tuple[Array, Array] | None = None,
        fallbacks: Array | int = 0,
    ) -> "SolveReport":
        """The report after a block of that many samples.

        Args:
            samples: of the block.
            failed: `tally` of the samples whose solve did not converge.
            not_finite: of those with an input that is no number.
            fallbacks: whether the parallel solution gave up.
        """
        low, high = self.counts[..., _SAMPLES], self.counts[..., _SAMPLES + 1]

        def position(offset: Array | int) -> tuple[Array, Array]:
            total = low + offset
            return total & LAP, high + (total < 0)  # a sum beyond the word comes out negative

        def events(place: int, tallied: tuple[Array, Array]) -> list[Array]:
            count, first = tallied
            is_first = (self.counts[..., place + 1] < 0) & (count > 0)
            words = zip(position(first), (self.counts[..., place + 1], self.counts[..., place + 2]), strict=True)
            return [self._more(place, count), *(jnp.where(is_first, new, old) for new, old in words)]

        nothing = self.counts[..., _NOT_FINITE : _NOT_FINITE + 3]
        words = [
            *position(samples),
            *events(_FAILED, failed),
            *(events(_NOT_FINITE, not_finite) if not_finite is not None else jnp.moveaxis(nothing, -1, 0)),
            self._more(_FALLBACKS, fallbacks),
        ]
        return SolveReport(jnp.stack(jnp.broadcast_arrays(*words), axis=-1))

    def _more(self, place: int, count: Array | int) -> Array:
        """A count that stops at the end of its word."""
        # What counts may be a real number, which would make all of the words real, and round them.
        total = self.counts[..., place] + jnp.asarray(count).astype(jnp.int32)
        return jnp.where(total < 0, LAP, total)

    def _word(self, place: int) -> Any:
        counts = self.counts
        return counts[..., place] if isinstance(counts, jax.core.Tracer) else np.asarray(counts)[..., place]

    def _position(self, place: int) -> Any:
        low, high = self._word(place), self._word(place + 1)
        if isinstance(low, jax.core.Tracer):
            return jnp.where(high > 0, LAP, low)
        return low.astype(np.int64) + high.astype(np.int64) * (LAP + 1)


def tally(marks: Array, *, axis: int) -> tuple[Array, Array]:
    """How many are true along an axis, and the index of the first; int32."""
    # As numbers, and counted by a product: whatever made `marks` is then computed once, and not for each use.
    marks = marks.astype(jnp.float32)
    count = jnp.tensordot(marks, jnp.ones(marks.shape[axis], jnp.float32), axes=([axis], [0])).astype(jnp.int32)
    first = lax.cond(
        jnp.any(count > 0), lambda: jnp.argmax(marks, axis=axis).astype(jnp.int32), lambda: jnp.zeros_like(count)
    )
    return count, first


class SolveWarning(UserWarning):
    """Some samples of a nonlinear solve did not converge, or what went in was no number."""


def warn_of_failures(carry: Any, before: Any = None) -> bool:
    """Warn, once for each report in `carry`, of what was not solved; whether a report has anything to say.

    Inside a compiled function the counts are not known yet: nothing is said there, and the counts stay in the carry.

    Args:
        carry: after a block.
        before: the carry that the block began with: what was counted there has been said.
    """
    reports = _reports(carry)
    earlier: list[Any] = _reports(before)
    earlier = earlier if len(earlier) == len(reports) else [None] * len(reports)
    counts = [None if isinstance(report.counts, jax.core.Tracer) else np.asarray(report.counts) for report in reports]
    has_said = False
    is_single = any(getattr(leaf, "dtype", None) == np.float32 for leaf in jax.tree.leaves(carry))
    for known, old in zip(counts, earlier, strict=True):
        if known is None or not known[..., _EVENTS].any():
            continue
        has_said = True
        for message in [] if _is_said(known, old) else _messages(SolveReport(known), is_single=is_single):
            warnings.warn(message, SolveWarning, stacklevel=4)
    return has_said


def _reports(carry: Any) -> list[SolveReport]:
    leaves = jax.tree.leaves(carry, is_leaf=lambda leaf: isinstance(leaf, SolveReport))
    return [leaf for leaf in leaves if isinstance(leaf, SolveReport)]


def _is_said(counts: np.ndarray, before: SolveReport | None) -> bool:
    """Whether nothing has come to the counts of an earlier block."""
    if before is None or isinstance(before.counts, jax.core.Tracer):
        return False
    old = np.asarray(before.counts)
    return bool(np.any(old[..., _SAMPLES]) and np.array_equal(old[..., _EVENTS], counts[..., _EVENTS]))


_SINGLE = (
    " In single precision it may be rounding, where a device is much steeper than the circuit around it (milliohms in "
    'it, large currents): dtype="float64", with JAX\'s jax_enable_x64, tells'
)


def _messages(report: SolveReport, *, is_single: bool) -> list[str]:
    """What there is to say of counts that are known."""
    said, total = [], int(np.sum(report.samples))
    is_poisoned = np.any(report.not_finite)
    if is_poisoned:
        later = int(np.sum(report.failed))
        said.append(
            f"an input or a knob was NaN or infinite at {int(np.sum(report.not_finite))} of {total} samples, first at "
            f"{place(report.not_finite, report.first_not_finite)}"
            + (f"; {later} other samples have no solution, as the state is not finite from there on" if later else "")
            + "; recover=True hears silence there, and goes on"
        )
    elif np.any(report.failed):
        said.append(
            f"the nonlinear solve did not converge at {int(np.sum(report.failed))} of {total} samples, first at "
            f"{place(report.failed, report.first_failed)}; "
            "the output there is the last iterate. Is the signal in volts, are the component values in SI units, and "
            "does every switch with hysteresis stay on, or off, for several samples?" + (_SINGLE if is_single else "")
        )
    if np.any(report.fallbacks):
        said.append(
            f"the parallel solution did not converge in {int(np.max(report.fallbacks))} block(s), which the loop over "
            'the samples solved in its place: solver="sequential" is faster here'
        )
    return said


def place(counts: Any, firsts: Any) -> str:
    """Where the first event of the first entry that has one is."""
    counts = np.atleast_1d(counts)
    entry = tuple(int(index) for index in np.argwhere(counts)[0])
    where = f"sample {int(np.atleast_1d(firsts)[entry])}"
    return where + (f" of batch entry {entry[0] if len(entry) == 1 else entry}" if counts.size > 1 else "")


class PrecisionWarning(UserWarning):
    """Single precision is not enough for a circuit."""


LARGEST_ROUNDING = 2e-3  # volts


def warn_of_rounding(volts: Any) -> None:
    """Warn of an expression whose slope makes volts of the rounding of single precision, once that is known."""
    if isinstance(volts, jax.core.Tracer) or not np.max(np.asarray(volts)) > LARGEST_ROUNDING:
        return
    warnings.warn(
        f"float32 is not enough for a behavioural source of this circuit: its slope makes about "
        f"{float(np.max(np.asarray(volts))):.1g} V of the rounding of the voltages that it depends on. Take "
        'dtype="float64" (with JAX\'s jax_enable_x64), or write the gain as E or G, of v(p,m), before what limits it',
        PrecisionWarning,
        stacklevel=4,
    )
