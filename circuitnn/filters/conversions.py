"""From poles and zeros to the forms of a filter, of the same order: for transfer functions with numbers, in NumPy."""

from typing import Protocol

import numpy as np
from jax import Array
from jax import numpy as jnp
from numpy.typing import NDArray

from circuitnn.filters.biquad_form import Biquads
from circuitnn.filters.coupled_form import Coupled
from circuitnn.filters.state_space_form import StateSpace

SAME = 1e-7  # poles closer than this, relative to their distance from one, count as one pole twice
AWAY = 1e-9  # from z = -1, where a circuit's poles and zeros at infinity are
REAL = 1e-9  # imaginary parts below this, relative to the distance from one, are rounding


class Rational(Protocol):
    """What `circuitnn.nodal.transfer_function` gives."""

    fs: float | None

    def poles(self) -> Array: ...
    def zeros(self) -> Array: ...
    def frequency_response(self, freqs: Array) -> Array: ...


def coupled(transfer_function: Rational) -> Coupled:
    """A transfer function in z in coupled form, by partial fractions.

    Args:
        transfer_function: `circuitnn.nodal.transfer_function(circuit, fs)` or its like: one input, one output, no
            batch.

    Raises:
        ValueError: where it is in s; where poles coincide (use `biquads`), or do not lie within the unit circle.
    """
    poles, zeros, gain = _factors(transfer_function)
    pairs = _pairs(poles)
    for k, (pole, others) in enumerate((p, np.delete(poles, i)) for i, p in enumerate(poles)):
        near = np.abs(others - pole) < SAME * np.abs(pole - 1)
        if near.any():
            raise ValueError(f"pole {k} at {pole:.6g} is there twice: a coupled form has simple poles, use biquads")
    residues = {
        pole: gain * np.prod(pole - zeros) / np.prod(pole - np.delete(poles, i)) for i, pole in enumerate(poles)
    }
    angle: list[float] = []
    share: list[tuple[float, ...]] = []
    output: list[tuple[float, ...]] = []
    for pair in pairs:
        if abs(pair[0].imag) > 0:
            upper = pair[0] if pair[0].imag > 0 else pair[1]
            d, residue = 1 - abs(upper), residues[upper]
            angle.append(float(np.angle(upper)))
            share.append((d, d))
            output.append(((residue.real + residue.imag) / d, (residue.real - residue.imag) / d))
            continue
        # Real poles of one sign; a negative one is a positive one turned by half a circle, and so is its output.
        turned = pair[0].real < 0
        angle.append(np.pi if turned else 0.0)
        full = [*pair, *[None] * (2 - len(pair))]
        share.append(tuple(1.0 if p is None else 1 - abs(p.real) for p in full))
        output.append(tuple(0.0 if p is None else residues[p].real / (1 - abs(p.real)) for p in full))
    direct = gain if len(zeros) == len(poles) else 0.0
    blocks = len(pairs)
    is_odd = blocks > 0 and len(pairs[-1]) == 1
    return Coupled(
        jnp.asarray(np.array(angle)),
        jnp.asarray(np.array(share).reshape(blocks, 2)),
        jnp.asarray(np.array(output).reshape(blocks, 2)),
        jnp.asarray(direct),
        2 * blocks - is_odd,
    )


def biquads(transfer_function: Rational, *, structure: str = "direct") -> Biquads:
    """A transfer function in z as a cascade of sections of second order.

    Args:
        transfer_function: as for `coupled`.
        structure: as in `Biquads`.

    Raises:
        ValueError: where it is in s, or its poles do not lie within the unit circle.
    """
    poles, zeros, gain = _factors(transfer_function)
    if len(zeros) != len(poles):
        raise ValueError(f"{len(zeros)} zeros and {len(poles)} poles: a cascade of sections has as many of both")
    below = _pairs(poles)
    matched = _matched(below, zeros)
    is_odd = len(below) > 0 and len(below[-1]) == 1
    return Biquads(
        jnp.asarray(np.array([gain, *[1.0] * (len(below) - 1)])),
        jnp.asarray(np.array([_polynomial(pair) for pair in matched])),
        jnp.asarray(np.array([_polynomial(pair) for pair in below])),
        2 * len(below) - is_odd,
        structure,
    )


def state_space(form: Coupled) -> StateSpace:
    """A coupled form as a state space with one matrix, (..., 2 blocks, 2 blocks); its order is even."""
    n = 2 * form.angle.shape[-1]
    entries = jnp.split(form.coefficients()[..., : 2 * n], 4, axis=-1)
    first = np.arange(0, n, 2)
    matrix = jnp.zeros((*form.angle.shape[:-1], n, n), form.angle.dtype)
    for value, (row, column) in zip(entries, ((0, 0), (0, 1), (1, 0), (1, 1)), strict=True):
        matrix = matrix.at[..., first + row, first + column].set(value)
    flat = (*form.angle.shape[:-1], n)
    return StateSpace(matrix, form.share.reshape(flat), form.output.reshape(flat), form.direct)


def _factors(transfer_function: Rational) -> tuple[NDArray, NDArray, float]:
    """Poles, zeros and the gain that they leave."""
    fs = transfer_function.fs
    if fs is None:
        raise ValueError("the transfer function is in s: make it with a sample rate, transfer_function(circuit, fs)")
    poles, zeros = (np.asarray(each, complex) for each in (transfer_function.poles(), transfer_function.zeros()))
    if poles.ndim != 1 or zeros.ndim != 1:
        raise ValueError("one transfer function at a time: with one input, one output and constant knobs")
    # What a knob at its end takes away is at -1 above and below.
    zeros = zeros[np.isfinite(zeros)]
    there = [np.flatnonzero(np.abs(each + 1) < AWAY) for each in (poles, zeros)]
    gone = min(len(each) for each in there)
    poles, zeros = (np.delete(each, at[:gone]) for each, at in zip((poles, zeros), there, strict=True))
    poles, zeros = _real_where_nearly(poles), _real_where_nearly(zeros)
    if np.any(np.abs(poles) >= 1):
        raise ValueError(f"a pole of the radius {np.max(np.abs(poles)):.6g} is not stable")
    # The gain where the response is known best: where it is large.
    freqs = np.geomspace(fs / 1e4, fs / 2.2, 60)
    known = np.asarray(transfer_function.frequency_response(jnp.asarray(freqs)), complex)
    k = int(np.argmax(np.abs(known)))
    z = np.exp(2j * np.pi * freqs[k] / fs)
    return poles, zeros, float((known[k] * np.prod(z - poles) / np.prod(z - zeros)).real)


def _real_where_nearly(roots: NDArray) -> NDArray:
    return np.where(np.abs(roots.imag) < REAL * np.abs(roots - 1), roots.real, roots)


def _pairs(roots: NDArray) -> list[tuple[complex, ...]]:
    """Conjugate pairs, and real ones of the same sign beside each other; single ones last."""
    conjugate: list[tuple[complex, ...]] = [(root, root.conjugate()) for root in roots if root.imag > 0]
    double: list[tuple[complex, ...]] = []
    single: list[tuple[complex, ...]] = []
    for chosen in (roots[(roots.imag == 0) & (roots.real >= 0)], roots[(roots.imag == 0) & (roots.real < 0)]):
        own = sorted(chosen, key=lambda root: -root.real)
        for k in range(0, len(own), 2):
            (double if k + 1 < len(own) else single).append(tuple(own[k : k + 2]))
    return conjugate + double + single


def _matched(sections: list[tuple[complex, ...]], zeros: NDArray) -> list[tuple[complex, ...]]:
    """As many zeros for each section as it has poles, near them, so that no section is loud where others are silent."""
    chosen: list[list[complex]] = [[] for _ in sections]

    def room(k: int) -> int:
        return len(sections[k]) - len(chosen[k])

    # Conjugate ones first: they need a whole section.
    for zero in sorted(zeros, key=lambda zero: -abs(zero.imag)):
        if zero.imag < 0:
            continue
        taken = [zero] if zero.imag == 0 else [zero, zero.conjugate()]
        free = [k for k in range(len(sections)) if room(k) >= len(taken)]
        if not free:
            raise ValueError("conjugate zeros over single real poles: these sections cannot be of second order")
        chosen[min(free, key=lambda k: min(abs(zero - pole) for pole in sections[k]))] += taken
    return [tuple(each) for each in chosen]


def _polynomial(roots: tuple[complex, ...]) -> tuple[float, float]:
    """Coefficients of w and 1 of (w - r1)(w - r2), w = z - 1; a missing root is at z = 0."""
    first, second = np.append(np.asarray(roots) - 1, [-1.0] * (2 - len(roots)))
    return float((-first - second).real), float((first * second).real)
