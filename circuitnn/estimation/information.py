"""What data say about unknowns where what the fit leaves is not white noise: scores summed over blocks."""

from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

SHORT = 0.01  # seconds of the shortest blocks
_LARGEST_LEVERAGE = 0.9  # of a block on its own fit, that scores are corrected for
_UNSEEN = 1e-9  # of the largest singular value: below that its direction is rounding
_CONFIDENCE = 0.95


@final
class Information(NamedTuple):
    """What data say, as the Jacobian of as many data with white noise of 1.

    Attributes:
        root: (p, p), for `determination`; its Gram matrix is the inverse of the covariance.
        coloured: how many times larger the largest standard error is than for white noise.
        degrees: degrees of freedom of that, for Student's t.
    """

    root: NDArray
    coloured: float
    degrees: float

    @property
    def reach(self) -> float:
        """Standard errors on either side that an interval of 95 % has."""
        return float(stats.t.ppf(0.5 + 0.5 * _CONFIDENCE, self.degrees))


@final
class _Spread(NamedTuple):
    """Covariance of the scores' sum, (p, p), and its degrees of freedom."""

    covariance: NDArray
    degrees: float


def block_starts(pieces: int, length: int, fs: float) -> tuple[NDArray, NDArray]:
    """Where blocks begin in excerpts that stand in a row: of 10 ms, and whole excerpts.

    Args:
        pieces: how many excerpts.
        length: samples of each.
        fs: Hz.
    """
    inside = np.arange(0, length - length // 10, max(round(SHORT * fs), 1))
    whole = np.arange(pieces) * length
    return (whole[:, None] + inside).ravel(), whole


def information(
    jacobian: NDArray, nuisance: NDArray, rest: NDArray, noise: float, blocks: Sequence[NDArray]
) -> Information:
    """What data with coloured noise say about unknowns.

    With scores ``s_t = U_t r_t``, U the left singular vectors of J, the information is ``V D M^-1 D V^T`` with M the
    covariance of the scores' sum. M begins as that of white noise. For each length of blocks in turn it moves towards
    the one of the scores' sums over blocks, taken for independent, by as much as their number allows (Ledoit and Wolf
    2004: the least expected square): few blocks say how much larger the noise is than what M has, many say in which
    directions. Residuals of a block are a little too small, because the fit has followed them; its scores are corrected
    for that (Bell and McCaffrey 2002). On the whole, noise that seems to be better than white is taken for white.

    Args:
        jacobian: (m, p), of the residuals.
        nuisance: (m, q), of unknowns that do not matter.
        rest: (m,), the residuals.
        noise: their standard deviation.
        blocks: where each block begins, for lengths of blocks that rise.

    Source: White 1982, Maximum likelihood estimation of misspecified models; Liang and Zeger 1986 (blocks).
    """
    basis = _orthonormal(nuisance)
    jacobian = jacobian - basis @ (basis.T @ jacobian)
    left, sizes, axes = np.linalg.svd(jacobian, full_matrices=False)
    is_seen = sizes > _UNSEEN * sizes.max(initial=0.0)
    count = basis.shape[1]
    every = np.hstack([basis, left[:, is_seen]])
    spread = _Spread(np.eye(every.shape[1]), np.inf)
    for starts in blocks:
        ends = [*starts[1:], len(rest)]
        rows = [every[first:last] for first, last in zip(starts, ends, strict=True)]
        scores = np.array([row.T @ rest[first:last] for row, first, last in zip(rows, starts, ends, strict=True)])
        spread = _moved(spread, scores / noise, np.array([row.T @ row for row in rows]))
    powers, turn = np.linalg.eigh(spread.covariance[count:, count:])
    deviations = np.sqrt(np.maximum(powers, 1e-12))
    root = np.zeros((len(sizes), len(axes)))
    root[: len(powers)] = (turn.T / deviations[:, None]) @ (sizes[is_seen, None] * axes[is_seen])
    root[len(powers) :] = sizes[~is_seen, None] * axes[~is_seen]
    return Information(root / noise, float(deviations.max(initial=1.0)), spread.degrees)


def _moved(before: _Spread, scores: NDArray, leverages: NDArray) -> _Spread:
    """Towards the covariance of blocks' scores (n, p), from the one of shorter blocks.

    Args:
        before: of shorter blocks.
        scores: (n, p), over the noise.
        leverages: (n, p, p), the share of the data's weight that each block has; their sum is the identity.
    """
    count, size = scores.shape
    if size == 0 or count < 3:
        return before
    powers, turns = np.linalg.eigh(leverages)
    factors = 1 / np.sqrt(1 - np.clip(powers, 0, _LARGEST_LEVERAGE))
    corrected = np.einsum("nij,nj,nkj,nk->ni", turns, factors, turns, scores)
    axis = np.linalg.cholesky(before.covariance)
    white = np.linalg.solve(axis, corrected.T).T
    found = white.T @ white
    # Blocks count as much as they weigh: one that holds most of what is known is hardly more than one.
    weights = np.trace(leverages, axis1=1, axis2=2) / size
    effective = max(1 / np.sum(weights**2) - 1, 1.0)
    level = float(np.trace(found)) / size
    is_chance = level < 1 + np.sqrt(2 / (effective * size))
    level = 1.0 if is_chance else level
    lengths = np.sum(white**2, axis=1)
    scatter = np.sum(lengths**2) - np.sum(found**2) / count
    away = np.sum((found - level * np.eye(size)) ** 2)
    shrink = float(np.clip(scatter / max(away, 1e-300), 0, 1))
    covariance = axis @ (shrink * level * np.eye(size) + (1 - shrink) * found) @ axis.T
    doubt = (1 - shrink) / effective + (0.0 if is_chance else shrink / (effective * size))
    return _Spread(covariance, 1 / max(doubt + 1 / before.degrees, 1e-6))


def _orthonormal(columns: NDArray) -> NDArray:
    """A basis of their span, (m, q) with those left out that are zero."""
    lengths = np.linalg.norm(columns, axis=0)
    some = columns[:, lengths > 0] / lengths[lengths > 0]
    return np.linalg.qr(some)[0] if some.size else np.zeros((len(columns), 0))
