"""What a study compares: targets, contenders and training regimes, and how much of each a preset computes."""

import dataclasses
import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, final

import numpy as np
import optax
from flax import nnx

from circuitnn.circuit import Circuit
from circuitnn.model import Model
from circuitnn.recurrent import Scaling
from circuitnn.study.comparisons import Comparison
from circuitnn.study.findings import lowest_errors
from circuitnn.study.hypotheses import Hypothesis, checked
from circuitnn.study.rate_search import RateSearch
from circuitnn.study.records import NODAL, Records
from circuitnn.study.regimes import REGIMES, TrainingRegime
from circuitnn.train import Dataset


@final
@dataclasses.dataclass(frozen=True)
class Target:
    """A circuit that models learn, and what of it they are shown.

    Attributes:
        title: for the report.
        circuit: builds it.
        knobs: names of those that are drawn for each recording and given to the models; the others stay where they are.
        inputs: how many of the circuit's inputs the models see.
        sources: signals of inputs after the first, by name: (recordings, time) volts from a generator of random
            numbers, the number of recordings and the number of samples.
        chosen: circuit states for the contenders that are matched to some only.
        schematic: drawn in characters, for the report.
    """

    title: str
    circuit: Callable[[], Circuit]
    _: dataclasses.KW_ONLY
    knobs: tuple[str, ...] = ()
    inputs: int = 1
    sources: Mapping[str, Callable[[np.random.Generator, int, int], np.ndarray]] = dataclasses.field(
        default_factory=dict
    )
    chosen: tuple[str, ...] = ()
    schematic: str = ""


@final
@dataclasses.dataclass(frozen=True)
class Task:
    """What a contender is told of its target.

    Attributes:
        inputs: number of input signals.
        knobs: names of the knobs that the data have.
        state_names: circuit states that the data have; none for a black box.
        output: the state that is the circuit's output, if one is.
        scaling: for which the training data have unit size.
        fs: sample rate in hertz.
    """

    inputs: int
    knobs: tuple[str, ...]
    state_names: tuple[str, ...]
    output: str | None
    scaling: Scaling
    fs: float


@final
@dataclasses.dataclass(frozen=True)
class Contender:
    """A model of a study.

    Attributes:
        build: makes it from its task and a source of random numbers.
        matched: circuit states that it is matched to: "all" of them, those that the target has "chosen", or "none". A
            model with none is a black box: it learns under the regimes that do not show true states.
        learning_rate: the same under every regime, where a preset does not search for one.
        regimes: the only ones under which it appears; None is every one that it can learn under.
    """

    build: Callable[[Task, nnx.Rngs], Model]
    _: dataclasses.KW_ONLY
    matched: Literal["all", "chosen", "none"] = "all"
    learning_rate: float = 1e-2
    regimes: tuple[str, ...] | None = None


@final
@dataclasses.dataclass(frozen=True)
class Preset:
    """How much is computed. Every regime gets the same windows, batches and number of updates.

    Attributes:
        name: for the report.
        seeds: initial weights and data orders, trained together.
        updates: optimiser steps.
        contenders: names; None is all of the study's.
        regimes: names; None is all of the study's.
        batch: windows in one step.
        length: samples with a loss in each window.
        warmup: samples before them without one.
        blocks: of that length in each window, an update after each, the state handed on: the warm-up is shared by them.
        excitation_seconds: of built-in excitation for training; a fifth as much each for validation and test.
        pieces: recordings that each part of the data is cut into, simulated side by side.
        oversampling: of the simulation.
        search: how the learning rate of each contender under each regime is found; None takes the contender's own.
    """

    name: str
    _: dataclasses.KW_ONLY
    seeds: int
    updates: int
    contenders: tuple[str, ...] | None = None
    regimes: tuple[str, ...] | None = None
    batch: int = 40
    length: int = 512
    warmup: int = 200
    blocks: int = 1
    excitation_seconds: float = 40.0
    pieces: int = 1
    oversampling: int = 8
    search: RateSearch | None = None

    def epochs(self, train: Dataset, updates: int) -> int:
        """Whole passes that come nearest to a number of updates; the same for every model and regime."""
        windows = (train.x.shape[1] - self.warmup) // (self.length * self.blocks) * train.x.shape[0]
        return max(1, round(updates / (max(1, windows // self.batch) * self.blocks)))

    @property
    def window(self) -> dict[str, int]:
        """What the classes of regimes are told of it."""
        return {"length": self.length, "warmup": self.warmup, "blocks": self.blocks}


def warmed_up_adam(learning_rate: float) -> Callable[[int], optax.GradientTransformation]:
    """Adam with a linear warm-up, a cosine decay and clipped gradients, from the number of updates."""

    def build(updates: int) -> optax.GradientTransformation:
        schedule = optax.warmup_cosine_decay_schedule(0.0, learning_rate, max(1, updates // 20), updates)
        return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))

    return build


@final
@dataclasses.dataclass(frozen=True)
class Job:
    """One cell of a study's grid, by names; the regime is None for what learns nothing."""

    circuit: str
    model: str
    regime: str | None

    @property
    def label(self) -> str:
        """Its name in the curves."""
        return f"{self.circuit}|{self.model}|{self.regime}"


@final
@dataclasses.dataclass(frozen=True)
class Section:
    """A table of tests on the page that only one study has.

    Attributes:
        title: its heading.
        note: what is compared with what.
        family: two-sided comparisons.
    """

    title: str
    note: str
    family: Sequence[Comparison]


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Study:
    """A grid of trainings, and what its page says of them.

    Attributes:
        module: that `python -m` runs, "circuitnn.study". It has the study under the name STUDY, where worker
            processes find it.
        title: of the page.
        about: in a sentence.
        targets, contenders, presets: by name.
        headline: the sentence that the page begins with.
        hypotheses: what it claims; they are written down before it runs, and the page judges those.
        findings: what else a reader takes away.
        sections: tables of tests that come first.
        regimes: by name, in the order of the tables.
        volts: of full scale.
        has_floor: whether the nodal model, which learns nothing, is measured beside the contenders.
    """

    module: str
    title: str
    about: str
    targets: Mapping[str, Target]
    contenders: Mapping[str, Contender]
    presets: Mapping[str, Preset]
    headline: Callable[[Records], str]
    hypotheses: Sequence[Hypothesis] = ()
    findings: Callable[[Records], Sequence[str]] = lowest_errors
    sections: Callable[[Records], Sequence[Section]] | None = None
    regimes: Mapping[str, TrainingRegime] = dataclasses.field(default_factory=lambda: REGIMES)
    volts: float = 4.5
    has_floor: bool = False

    def __post_init__(self):
        checked(self.hypotheses, self.targets, self.contenders, self.regimes)

    @property
    def name(self) -> str:
        """Of the command and its folder of results: "exposure-bias"."""
        return self.module.rpartition(".")[2].replace("_", "-")

    def contenders_of(self, preset: Preset) -> list[str]:
        """Names of the contenders that a preset trains."""
        return list(self.contenders if preset.contenders is None else preset.contenders)

    def regimes_of(self, contender: str, preset: Preset) -> list[str]:
        """Names of the regimes that a preset trains a contender under."""
        only, is_black_box = self.contenders[contender].regimes, self.contenders[contender].matched == "none"
        return [
            name
            for name in (self.regimes if preset.regimes is None else preset.regimes)
            if (only is None or name in only) and not (is_black_box and self.regimes[name].needs_states)
        ]

    def jobs(self, preset: Preset) -> list[Job]:
        """The grid of a preset, in the order in which it is computed and reported."""
        floors = [Job(target, NODAL, None) for target in self.targets] if self.has_floor else []
        return floors + [
            Job(target, name, regime)
            for target in self.targets
            for name in self.contenders_of(preset)
            for regime in self.regimes_of(name, preset)
        ]

    def __reduce__(self) -> tuple[Any, ...]:
        """A study goes to another process by its address, as functions do: its builders may be closures."""
        return _study_of, (self.module,)


def _study_of(module: str) -> Study:
    found = importlib.import_module(module)
    return (importlib.import_module(f"{module}.__main__") if hasattr(found, "__path__") else found).STUDY
