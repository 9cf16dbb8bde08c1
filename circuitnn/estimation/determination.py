"""How well data determine what was fitted to them, and which combinations they leave open."""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

_UNSEEN = 1e-3  # of the limit's effect: what changes the responses by less than this does not change them
_NO_PART = 0.15  # of the largest share in a combination: left out
_MOST_TRIED, _MOST_COMPARED = 3000, 100


@final
class Determination(NamedTuple):
    """What data say about each unknown, whatever one believed before.

    Attributes:
        standard_errors: (p,), in the unknowns' unit; those of unknowns that the data do not show are huge.
        is_determined: (p,), whether the standard error is within the limit.
        combinations: (d, p): changes of several unknowns, in their unit, that the data hardly show or do not show at
            all. The largest share of each is 1 or -1.
        to_measure: d unknowns, one of each combination: were they known, all others were determined.
    """

    standard_errors: NDArray
    is_determined: NDArray
    combinations: NDArray
    to_measure: tuple[int, ...]


def determination(jacobian: NDArray, limits: NDArray) -> Determination:
    """Standard errors and open combinations from the Gauss-Newton Hessian ``J^T J`` (Transtrum et al. 2015).

    The Hessian is that of the data alone. A prior would hide what they leave open: the common factor of p values, each
    of which one knows to 20 %, one knows to 20 % / sqrt(p) without any measurement.

    Args:
        jacobian: J, (m, p): of the residuals, over the standard deviation of their noise.
        limits: (p,), the standard error up to which an unknown counts as determined.
    """
    effects = np.asarray(np.linalg.qr(jacobian * limits, mode="r"))  # J^T J = R^T R, and R is small
    errors, *_ = _seen(effects)
    rest = np.arange(limits.size)
    combinations: list[NDArray] = []
    measured: list[int] = []
    while rest.size:
        remaining, sizes, axes = _seen(effects[:, rest])
        if (remaining <= 1).all():
            break
        is_unseen = sizes < _UNSEEN
        if is_unseen.any():
            basis, known = _sparsest(axes[is_unseen], effects[:, rest])
        else:
            known = [int(np.abs(axes[-1]).argmax())]
            basis = axes[-1:]
        for row in basis:
            whole = np.zeros(limits.size)
            whole[rest] = _without_crumbs(row)
            whole *= limits
            combinations.append(whole / np.abs(whole).max())
        measured += [int(rest[k]) for k in known]
        rest = np.delete(rest, known)
    found = np.array(combinations).reshape(-1, limits.size)
    return Determination(errors * limits, errors <= 1, found, tuple(measured))


def errors_given(jacobian: NDArray, limits: NDArray, held: Sequence[int]) -> NDArray:
    """Standard errors (p,) where some unknowns are known, which have none.

    Args:
        jacobian: as for `determination`.
        limits: (p,).
        held: the unknowns that are known.
    """
    rest = np.setdiff1d(np.arange(limits.size), held)
    errors = np.zeros(limits.size)
    errors[rest] = _seen(jacobian[:, rest] * limits[rest])[0] * limits[rest]
    return errors


def _seen(effects: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Standard errors over the limits (p,); how well each axis is seen (p,), falling; the axes (p, p)."""
    _, sizes, axes = np.linalg.svd(effects, full_matrices=True)
    seen = np.zeros(len(axes))
    seen[: sizes.size] = sizes
    # Below rounding of the largest, a singular value is zero.
    seen = np.maximum(seen, 1e-9 * seen.max(initial=1.0))
    return np.sqrt(np.sum((axes / seen[:, None]) ** 2, axis=0)), seen, axes


def _sparsest(space: NDArray, effects: NDArray) -> tuple[NDArray, list[int]]:
    """A basis of the rows' span (d, p) in which each row has as few unknowns as possible, and one unknown of each row.

    Each choice of d unknowns, each in one row only, gives a basis. Of those with the most zeros the one is taken whose
    d unknowns tell most about the others.
    """
    count, unknowns = space.shape
    *_, order = linalg.qr(space, pivoting=True, mode="economic")
    first = tuple(int(k) for k in order[:count])
    choices = [first]
    if math.comb(unknowns, count) <= _MOST_TRIED:
        # Those that are almost dependent would only blow up rounding.
        enough = 0.1 * abs(np.linalg.det(space[:, first]))
        every = itertools.combinations(range(unknowns), count)
        choices += [each for each in every if abs(np.linalg.det(space[:, each])) > enough]
    bases = {each: np.linalg.solve(space[:, each], space) for each in choices}
    parts = {each: sum(np.count_nonzero(_without_crumbs(row)) for row in basis) for each, basis in bases.items()}
    fewest = [each for each in bases if parts[each] == min(parts.values())][:_MOST_COMPARED]
    best = min(fewest, key=lambda each: np.sum(np.log(_seen(np.delete(effects, each, axis=1))[0])))
    return bases[best], list(best)


def _without_crumbs(row: NDArray) -> NDArray:
    return np.where(np.abs(row) < _NO_PART * np.abs(row).max(), 0.0, row)
