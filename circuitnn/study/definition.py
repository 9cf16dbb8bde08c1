"""What a study compares: targets, contenders and training regimes, and how much of each a preset computes."""

import dataclasses
import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, final

import numpy as np
from flax import nnx

from circuitnn.circuit import Circuit
from circuitnn.model import Model
from circuitnn.recurrent import Scaling
from circuitnn.study.comparisons import Comparison
from circuitnn.study.findings import lowest_errors
from circuitnn.study.hypotheses import Hypothesis, checked
from circuitnn.study.positions import Positions
from circuitnn.study.preset import Preset
from circuitnn.study.records import NODAL, Records
from circuitnn.study.regimes import REGIMES, TrainingRegime


@final
@dataclasses.dataclass(frozen=True)
class Target:
    """A device that models learn, and what of it they are shown.

    Attributes:
        title: for the report.
        circuit: builds it; None where there are recordings of it.
        knobs: names of those that are drawn for each recording and given to the models; the others stay where they are.
        positions: where the knobs stand in place of that, and the test's positions and levels that training has not
            seen; their names are `knobs` then.
        recordings: a folder of recordings of the device, see `circuitnn.capture.read_folder`; `positions.unseen` are
            those that are held out.
        device: whose recordings are meant, where a folder has those of several.
        volts: of full scale; those of the study when None.
        inputs: how many of the circuit's inputs the models see.
        sources: signals of inputs after the first, by name: (recordings, time) volts from a generator of random
            numbers, the number of recordings and the number of samples.
        chosen: circuit states for the contenders that are matched to some only.
        schematic: drawn in characters, for the report.
    """

    title: str
    circuit: Callable[[], Circuit] | None
    _: dataclasses.KW_ONLY
    knobs: tuple[str, ...] = ()
    positions: Positions | None = None
    recordings: str | None = None
    device: str | None = None
    volts: float | None = None
    inputs: int = 1
    sources: Mapping[str, Callable[[np.random.Generator, int, int], np.ndarray]] = dataclasses.field(
        default_factory=dict
    )
    chosen: tuple[str, ...] = ()
    schematic: str = ""

    def __post_init__(self):
        if (self.circuit is None) == (self.recordings is None):
            raise ValueError(f"{self.title}: a target is a circuit or a folder of recordings, one of the two")
        if self.positions is not None and self.recordings is None:
            if self.knobs not in ((), self.positions.names):
                raise ValueError(f"{self.title}: knobs are those of the positions: {', '.join(self.positions.names)}")
            object.__setattr__(self, "knobs", self.positions.names)

    @property
    def state_names(self) -> tuple[str, ...]:
        """Of the circuit; none where there are only recordings."""
        return () if self.circuit is None else self.circuit().state_names


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
        learns: whether it is trained; one that is not, a capture or a saved model, is measured as it is.
    """

    build: Callable[[Task, nnx.Rngs], Model]
    _: dataclasses.KW_ONLY
    matched: Literal["all", "chosen", "none"] = "all"
    learning_rate: float = 1e-2
    regimes: tuple[str, ...] | None = None
    learns: bool = True


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

    @property
    def words(self) -> str:
        """What it is, for the user."""
        return f"{self.model} on {self.circuit}" + ("" if self.regime is None else f" under {self.regime}")


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
        hypotheses: what it claims; those that a preset can judge are written down before it runs, and the page judges
            them.
        findings: what else a reader takes away.
        sections: tables of tests that come first.
        regimes: by name, in the order of the tables.
        volts: of full scale.
        has_floor: whether the nodal model, which learns nothing, is measured beside the contenders.
        description: plain data that the study was made of by `Description.study`, which then goes to other processes in
            place of its address.
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
    description: Any = None

    def __post_init__(self):
        checked(self.hypotheses, self.targets, self.contenders, self.regimes)

    @property
    def command(self) -> str:
        """That runs it."""
        return f"python -m {self.module}" if self.description is None else self.description.command or "cn.study.run"

    @property
    def name(self) -> str:
        """Of the command and its folder of results: "exposure-bias"."""
        return self.module.rpartition(".")[2].replace("_", "-")

    def contenders_of(self, preset: Preset) -> list[str]:
        """Names of the contenders that a preset trains."""
        return list(self.contenders if preset.contenders is None else preset.contenders)

    def targets_of(self, preset: Preset) -> list[str]:
        """Names of the targets that a preset has."""
        return list(self.targets if preset.targets is None else preset.targets)

    def regimes_of(self, contender: str, preset: Preset) -> list[str]:
        """Names of the regimes that a preset trains a contender under; none for one that does not learn."""
        if not self.contenders[contender].learns:
            return []
        only, is_black_box = self.contenders[contender].regimes, self.contenders[contender].matched == "none"
        return [
            name
            for name in (self.regimes if preset.regimes is None else preset.regimes)
            if (only is None or name in only) and not (is_black_box and self.regimes[name].needs_states)
        ]

    def left_out(self, preset: Preset) -> list[str]:
        """Why contenders of a preset have no run, a sentence for each; none where all of them have one."""
        run = {job.model for job in self.jobs(preset)}
        told = []
        for name in self.contenders_of(preset):
            if name not in run and self.regimes_of(name, preset):
                told.append(f"{name} is matched to circuit states, which recordings do not have")
            elif name not in run:
                asked = ", ".join(self.regimes if preset.regimes is None else preset.regimes)
                told.append(f"{name} cannot learn under {asked}: true states are shown there, or it is for others only")
        return told

    def hypotheses_of(self, preset: Preset) -> list[Hypothesis]:
        """Those that a preset's runs can speak of; only these are claimed, and corrected for."""
        models = self.contenders_of(preset)
        regimes = {regime for model in models for regime in self.regimes_of(model, preset)}
        circuits = self.targets_of(preset)
        return [one for one in self.hypotheses if one.can_be_judged(circuits, models, regimes)]

    def jobs(self, preset: Preset) -> list[Job]:
        """The grid of a preset, in the order in which it is computed and reported."""
        targets = self.targets_of(preset)
        floors = [Job(name, NODAL, None) for name in targets if self.has_floor and self.targets[name].circuit]
        return floors + [
            Job(target, name, regime)
            for target in targets
            for name in self.contenders_of(preset)
            if self.contenders[name].matched == "none" or self.targets[target].circuit
            for regime in (self.regimes_of(name, preset) if self.contenders[name].learns else [None])
        ]

    def __reduce__(self) -> tuple[Any, ...]:
        """A study goes to another process by its address, as functions do: its builders may be closures."""
        return (_study_of, (self.module,)) if self.description is None else (_described, (self.description,))


def _study_of(module: str) -> Study:
    found = importlib.import_module(module)
    return (importlib.import_module(f"{module}.__main__") if hasattr(found, "__path__") else found).STUDY


def _described(description: Any) -> Study:
    return description.study()
