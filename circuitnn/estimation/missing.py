"""What a fit lacks: found in what it leaves of a recording, before its values are believed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from circuitnn.estimation.audio_problem import AudioProblem
from circuitnn.estimation.candidates import Candidate, candidates, generic, held
from circuitnn.estimation.regressions import Regressions

CHANCE = 1e-4  # a right netlist is suspected so often, of all tests together
LEAST = 0.01  # of what is left: less is no finding
LUCK = 1e-3  # as seldom would columns that have no part gain in blocks that they were not fitted to
FAINT = 1e-8  # of the recording: less is beyond what converters and the model's own rate allow
ALIKE = 0.9  # of the largest share: those before it in the list are preferred
MOST = 4  # findings
LOOKED_AT = 48  # excerpts, for what may follow from the input in any way
FEWEST = 24  # blocks
STEPS = 4.0  # of the recorder, rms: below that, rounding follows from the signal


@final
@dataclass(frozen=True)
class Missing:
    """One thing that the recording has and the fit does not.

    Attributes:
        name: in words.
        argument: of `identify` that allows for it; "" where there is none.
        share: of what is left (its squares) that it explains in excerpts which its size was not fitted to.
        significance: probability that chance looks like it, beside all others that were tried.
    """

    name: str
    argument: str
    share: float
    significance: float

    def __str__(self) -> str:
        hint = f" ({self.argument})" if self.argument else ""
        return f"{self.name}{hint}: {100 * self.share:.0f} % of what is left"


@final
class Lack(NamedTuple):
    """What a fit lacks.

    Attributes:
        findings: the largest part first; what no candidate explains is the last.
        moves: (p,), by how much the unknowns would move were those with a name allowed for: a Gauss-Newton step.
    """

    findings: tuple[Missing, ...]
    moves: NDArray


def missing(problem: AudioProblem, unknowns: NDArray, out: NDArray, step: float) -> Lack:
    """What explains some of what is left, about the largest part first, each beside those before it.

    Columns are added to the Jacobian, and the score test says whether chance would look like it; coefficients that
    were found in half of the excerpts have to hold in the others. What no candidate explains is looked for among
    powers of what goes in and comes out, early and late: something of the netlist then.

    Args:
        problem: the circuit, the recorder and the excerpts.
        unknowns: where the fit has ended, (p,).
        out: what the circuit puts out there, as `AudioProblem.solved` gives it.
        step: of the recorder's converter, in the unit of y; 0 where it is too fine to be seen.

    Source: Rao 1948 (score test); Bonferroni 1936; Stone 1974 (cross-validation).
    """
    rest, jacobian = problem.linearised(unknowns)
    rest = rest.reshape(problem.y.shape)
    slopes = jacobian.T.reshape(-1, *rest.shape)
    is_clear = _is_clear(problem, step)
    if not is_clear.any():
        return Lack((), np.zeros(len(slopes)))
    tried = candidates(problem, unknowns, out)
    recorded = problem.observed(problem.y)
    fit = _Search(rest, is_clear, slopes, len(slopes), FAINT * float(np.sum(recorded[is_clear] ** 2)))
    search = fit.beside(tried)
    other: tuple[Missing, ...] = ()
    if search.found or _else(problem, unknowns, out, search):
        # Values that were held are tried beside all others, where there is something to be explained.
        search = fit.beside([*tried, *held(problem, unknowns)])
        other = _else(problem, unknowns, out, search)
    return Lack((*search.found, *other), search.moves)


@final
class _Search(NamedTuple):
    """What has been found, and what it was found beside.

    Attributes:
        rest: what is left, (pieces, time).
        is_clear: (pieces,), those that are looked at.
        known: columns of what is fitted, then of what has been found, (q, pieces, time).
        fitted: how many of them are fitted.
        least: squares below which nothing counts.
        found: the largest part first.
    """

    rest: NDArray
    is_clear: NDArray
    known: NDArray
    fitted: int
    least: float
    found: tuple[Missing, ...] = ()

    def beside(self, tried: Sequence[Candidate]) -> "_Search":
        """With those of the candidates that explain something, each beside those before it."""
        tried = list(tried)
        columns = [self.known[: self.fitted], *(each.columns for each in tried)]
        ends = np.cumsum([len(each) for each in columns])
        of = {each.name: list(range(*ends[k : k + 2])) for k, each in enumerate(tried)}
        every = np.concatenate(columns)
        table = self._table(every)
        base: list[int] = list(range(self.fitted))
        found: list[Missing] = []
        whole = table.left(table.solved(base)).sum()
        while tried and len(found) < MOST:
            before = table.left(table.solved(base)).sum() / max(whole, 1e-300)
            shares = {each.name: before * table.share(base, of[each.name]) for each in tried}
            largest = max(shares.values())
            if largest < LEAST or largest * whole < self.least:
                break
            # Of those that explain the same, such as an offset and diodes that differ, what is plainer.
            best = next(each for each in tried if shares[each.name] >= ALIKE * largest)
            chance = min(len(tried) * table.chance(base, of[best.name]), 1.0)
            if chance >= CHANCE or table.luck(base, of[best.name]) >= LUCK:
                break
            # What is left is prediction less recording: the columns' share of the recording has the other sign.
            grows = -np.sum(table.solved([*base, *of[best.name]])[of[best.name]])
            found.append(Missing(*best.told(grows), shares[best.name], chance))
            base = [*base, *of[best.name]]
            tried.remove(best)
        return self._replace(known=every[base], found=tuple(found))

    @property
    def moves(self) -> NDArray:
        """Of what is fitted, were all that has been found allowed for."""
        table = self._table(self.known)
        fitted = list(range(self.fitted))
        # What is left is prediction less recording.
        steps = table.solved(fitted) - table.solved(range(len(self.known)))
        return steps[: self.fitted] / table.sizes[: self.fitted]

    def _table(self, columns: NDArray) -> Regressions:
        cut = _cut_for(int(self.is_clear.sum()))
        return Regressions.of(_blocks(columns[:, self.is_clear], cut), _blocks(self.rest[self.is_clear], cut))


def _else(problem: AudioProblem, unknowns: NDArray, out: NDArray, search: _Search) -> tuple[Missing, ...]:
    """What follows from the input and no candidate explains."""
    clear = np.flatnonzero(search.is_clear)
    chosen = clear[np.unique(np.linspace(0, len(clear) - 1, LOOKED_AT).round().astype(int))]
    cut = _cut_for(len(chosen))
    known, more = search.known[:, chosen], generic(problem, unknowns, out, chosen)
    table = Regressions.of(_blocks(np.concatenate([known, more]), cut), _blocks(search.rest[chosen], cut))
    base, added = list(range(len(known))), list(range(len(known), len(known) + len(more)))
    share, luck = table.share(base, added), table.luck(base, added)
    squares = share * table.left(table.solved(base)).sum() * len(clear) / len(chosen)
    if share < LEAST or squares < search.least or luck > LUCK:
        return ()
    return (Missing("something of the netlist", "", share, luck),)


def _is_clear(problem: AudioProblem, step: float) -> NDArray:
    """(pieces,), whether a piece is loud enough for rounding to be noise, and most of it looked at."""
    keep, y = problem.excerpts.keep, problem.y
    power = np.sum(keep * y**2, axis=1) / np.maximum(np.sum(keep, axis=1), 1)
    return (power > (STEPS * step) ** 2) & (keep.mean(axis=1) > 0.5)


def _cut_for(pieces: int) -> int:
    """Into how many blocks each excerpt is cut, where there are few excerpts."""
    return int(np.ceil(FEWEST / pieces))


def _blocks(signal: NDArray, cut: int) -> NDArray:
    """(..., pieces, time) as (..., pieces cut, time / cut)."""
    length = signal.shape[-1] // cut
    return signal[..., : cut * length].reshape(*signal.shape[:-2], -1, length)
