"""Regressions of what a fit leaves on columns, excerpt by excerpt: how much they explain, and whether by chance."""

from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, stats

_CUT = 1e-10  # of the largest singular value of columns of length one
_QUIETEST = 1e-3  # of the mean weight of a block
MOST_RELATIVE = 1 / 3  # columns that are tested together, of the blocks there are


@final
class Regressions(NamedTuple):
    """Scalar products of columns and of what is left in each of n blocks: all that a regression needs.

    Attributes:
        gram: (n, q, q), of the columns, each of length one over all blocks.
        along: (n, q), of the columns with what is left.
        power: (n,), of what is left with itself.
        sizes: (q,), lengths of the columns before.
    """

    gram: NDArray
    along: NDArray
    power: NDArray
    sizes: NDArray

    @classmethod
    def of(cls, columns: NDArray, rest: NDArray) -> "Regressions":
        """From columns (q, n, time) and what is left (n, time)."""
        sizes = np.sqrt(np.einsum("qnt,qnt->q", columns, columns))
        sizes = np.where(sizes > 0, sizes, 1.0)
        unit = columns / sizes[:, None, None]
        by_block = unit.transpose(1, 0, 2)
        along = (by_block @ rest[..., None])[..., 0]
        return cls(by_block @ by_block.transpose(0, 2, 1), along, np.sum(rest**2, axis=-1), sizes)

    def solved(self, chosen: Sequence[int], blocks: NDArray | slice = slice(None)) -> NDArray:
        """Coefficients (q,) of least squares on some columns in some blocks; 0 on the others."""
        index = np.asarray(chosen, int)
        found = np.zeros(self.along.shape[1])
        gram = self.gram[blocks].sum(0)[np.ix_(index, index)]
        found[index] = linalg.pinvh(gram, rtol=_CUT) @ self.along[blocks].sum(0)[index]
        return found

    def left(self, coefficients: NDArray) -> NDArray:
        """Squares (n,) of what is left behind the columns."""
        bent = np.einsum("q,nqr,r->n", coefficients, self.gram, coefficients)
        return self.power - 2 * self.along @ coefficients + bent

    def gains(self, base: Sequence[int], more: Sequence[int]) -> NDArray:
        """Squares (n,) that `more` columns take out of each block beside `base`, as the other half of the blocks says.

        Negative where what they take in one half is not there in the other: chance.
        """
        found = np.empty(len(self.power))
        half = np.arange(len(found)) % 2 == 0
        for fitted in (half, ~half):
            without, together = (self.solved(each, fitted) for each in (base, [*base, *more]))
            found[~fitted] = (self.left(without) - self.left(together))[~fitted]
        return found

    def share(self, base: Sequence[int], more: Sequence[int]) -> float:
        """Of the squares that `base` leaves, what `more` columns explain in blocks that they were not fitted to."""
        return float(self.gains(base, more).sum() / max(self.left(self.solved(base)).sum(), 1e-300))

    def chance(self, base: Sequence[int], more: Sequence[int]) -> float:
        """Probability that columns which have no part in what is left would look as much like it.

        The score test (Rao 1948) with scores that differ from block to block as they like (Hotelling 1931; White 1982).
        """
        base, more = list(base), list(more)
        coefficients = self.solved(base)
        rest = self.along - np.einsum("nqr,r->nq", self.gram, coefficients)
        whole = self.gram.sum(0)
        turned = linalg.pinvh(whole[np.ix_(base, base)], rtol=_CUT) @ whole[np.ix_(base, more)]
        # Where a block says little of the columns it counts for more than its score, and a loud one does not drown it.
        weights = np.trace(self.gram[:, more][:, :, more], axis1=1, axis2=2)
        scores = (rest[:, more] - rest[:, base] @ turned) / np.sqrt(weights + _QUIETEST * weights.mean())[:, None]
        count, size = scores.shape
        if size > MOST_RELATIVE * count:
            # As many blocks as that tell only so many directions: those that stand out most.
            axes = np.linalg.svd(whole[np.ix_(more, more)] - whole[np.ix_(more, base)] @ turned)[0]
            size = max(int(MOST_RELATIVE * count), 1)
            scores = scores @ axes[:, :size]
        covariance = np.cov(scores, rowvar=False).reshape(size, size)
        squared = count * scores.mean(0) @ linalg.pinvh(covariance, rtol=_CUT) @ scores.mean(0)
        return float(stats.f.sf((count - size) / (size * (count - 1)) * squared, size, count - size))

    def luck(self, base: Sequence[int], more: Sequence[int]) -> float:
        """Probability that columns without a part gain as much in blocks that they were not fitted to.

        By signs and ranks (Wilcoxon 1945), as a few loud blocks would rule a mean.
        """
        gains = self.gains(base, more)
        return float(stats.wilcoxon(gains, alternative="greater").pvalue) if np.any(gains) else 1.0
