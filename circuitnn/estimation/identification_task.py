"""What `identify` has been asked: the problems that come of it, for the search and for the end."""

import dataclasses
from typing import final

import numpy as np
from jax import numpy as jnp
from numpy.typing import NDArray

from circuitnn.audio.alignment import Alignment
from circuitnn.circuit.circuit import Circuit
from circuitnn.estimation.audio_problem import AudioProblem
from circuitnn.estimation.circuit_runs import AT_ONCE, Learnt
from circuitnn.estimation.excerpts import Recordings, cut
from circuitnn.estimation.learnt import sources_of
from circuitnn.estimation.playback import PPM, REACH
from circuitnn.estimation.recorder import SLOW, Recorder
from circuitnn.estimation.searching import FINER, Found
from circuitnn.estimation.unknowns import USUAL_START, Prior
from circuitnn.estimation.whole_chain import Lateness, Recorded, WholeChain
from circuitnn.nodal.model import NodalModel

SHORT = 0.1  # seconds: the length of an excerpt, or
PART = 0.25  # of its warm-up
ENOUGH = 15.0  # seconds that are simulated for the end, warm-ups among them
FEWEST, MOST = 24, 96  # excerpts that are fitted in the end
SEARCHED_AFTER = 0.2  # seconds of warm-up: enough to find the way
FINEST = 16  # times the sample rate
SEARCHED_FROM = 20.0  # Hz; the search does not look at what is below
HELD = (*SLOW, "drift", "y_offset")  # in the search


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """The arguments of `identify`, checked.

    Attributes:
        circuit: with nominal values, in double precision.
        fs: Hz.
        learnt: value to tolerance.
        recorder: around the circuit.
        high_pass: Hz, or None.
        hum: Hz, or None.
        most: excerpts that are fitted, or None for what `ENOUGH` allows.
        seconds: length of each, or None for what goes with the warm-up.
        warmup: seconds before each.
        oversampling: of the model.
    """

    circuit: Circuit
    fs: float
    learnt: dict[str, float | None]
    recorder: Recorder
    high_pass: float | None
    hum: float | None
    most: int | None
    seconds: float | None
    warmup: float
    oversampling: int

    @property
    def positions(self) -> tuple[str, ...]:
        """Positions of knobs that are learnt."""
        controls = self.circuit.controls
        return tuple(name for name in controls if name in self.learnt and 0 <= float(self.circuit.values[name]) <= 1)

    @property
    def linear(self) -> tuple[str, ...]:
        """What is learnt on a linear scale."""
        sources = sources_of(self.circuit)
        return (*self.positions, *(name for name in self.learnt if name in sources))

    @property
    def at_once(self) -> int:
        return AT_ONCE if self.most is None else min(self.most, AT_ONCE)

    @property
    def length(self) -> float:
        """Seconds of an excerpt: where each of them has to wait for long, few long ones tell more."""
        return max(SHORT, PART * self.warmup) if self.seconds is None else self.seconds

    @property
    def count(self) -> int:
        """How many are fitted in the end, in whole rounds of those that run side by side."""
        if self.most is not None:
            return self.most
        return int(np.clip(ENOUGH / (self.warmup + self.length) // AT_ONCE * AT_ONCE, FEWEST, MOST))

    def model(self, oversampling: int) -> NodalModel:
        return NodalModel(self.circuit, self.fs, oversampling=oversampling, dtype=jnp.float64)

    def finer(self) -> NodalModel | None:
        """The model at the rate that the result is corrected to."""
        factor = min(FINER * self.oversampling, FINEST)
        return self.model(factor) if factor > self.oversampling else None

    def prior(self, *, is_delay_known: bool) -> Prior:
        sources = sources_of(self.circuit)
        prior = Prior.of(self.circuit, self.learnt, usual=USUAL_START, positions=self.positions, sources=sources)
        return self.recorder.including(prior.including(float(REACH), 0.0 if is_delay_known else float(REACH)))

    def searched(self, prior: Prior) -> Prior:
        """The prior with what the search does not see where it begins."""
        first = len(self.learnt) + 1
        is_held = np.array([False] * first + [name in HELD for name in self.recorder.free])
        return prior._replace(low=np.where(is_held, 0.0, prior.low), high=np.where(is_held, 0.0, prior.high))

    def problem(self, signals: Recordings, alignment: Alignment, prior: Prior, *, is_search: bool) -> AudioProblem:
        """For the search, or for the end.

        Args:
            signals: that are fitted, at one pace.
            alignment: as they were placed.
            prior: of the unknowns.
            is_search: whether few and short excerpts will do.
        """
        model = self.model(self.oversampling)
        looks_below = self.recorder.has_coupling and self.high_pass is None
        excerpts = cut(
            signals,
            0 if alignment.corrects_drift else int(alignment.delay_samples),
            alignment.polarity,
            count=self.at_once if is_search else self.count,
            seconds=self.length,
            warmup=min(self.warmup, SEARCHED_AFTER) if is_search and self.most is None else self.warmup,
            latency=model.latency,
            high_pass=SEARCHED_FROM if looks_below and is_search else self.high_pass,
            hum=self.hum,
            in_runs=looks_below and not is_search,
            at_once=self.at_once,
        )
        return AudioProblem(
            model=model,
            excerpts=excerpts,
            recorder=self.recorder,
            spread=prior.spread,
            names=tuple(self.learnt),
            positions=self.linear,
        )

    def chain(self, change: NDArray, recorder: Recorder) -> WholeChain:
        """The circuit with these changes, on any signal."""
        return WholeChain(
            nominal=self.model(self.oversampling),
            learnt=Learnt(tuple(self.learnt), self.linear),
            change=change,
            recorder=recorder,
            before=round(self.warmup * self.fs),
            piece=round(self.length * self.fs),
            at_once=self.at_once,
        )

    def recording(self, found: Found, alignment: Alignment) -> Recorded:
        """What makes predictions of the recording."""
        problem, at = found.problem, found.best.at
        recorder = problem.recorder_at(at)
        middle = problem.excerpts.middle
        return Recorded(
            chain=self.chain(problem.changes(at), recorder),
            lateness=Lateness.of(alignment, problem.delay(at), PPM * recorder.drift, middle),
            zero=alignment.polarity * recorder.y_offset,
            values={name: float(value) for name, value in problem.values(at).items()},
        )
