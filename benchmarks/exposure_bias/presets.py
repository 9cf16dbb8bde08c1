"""What is compared: circuits, models, regimes, and how much of each."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, final

import optax
from flax import nnx

from circuitnn.circuit import Circuit, catalogue
from circuitnn.model import Model
from circuitnn.recurrent import GRU, LSTM, STN, Scaling, StateMatchedGRU
from circuitnn.train import InTurn, Regime, ScheduledSampling, TeacherForcing, TruncatedBPTT

CIRCUITS: dict[str, Callable[[], Circuit]] = {
    "diode-clipper": catalogue.diode_clipper,
    "diode-clipper-2nd-order": catalogue.diode_clipper_second_order,
}


REGIMES = ("TF", "SS", "TBPTT", "TF+TBPTT")


class Known(NamedTuple):
    """What a model is told of the circuit and the data."""

    state_names: tuple[str, ...]
    output: str | None  # the state that is the circuit's output, if one is
    scaling: Scaling
    fs: float


@final
@dataclasses.dataclass(frozen=True)
class Contender:
    """A model of the study.

    Attributes:
        build: makes it from what is known and a source of random numbers.
        learning_rate: the same under every regime.
        regimes: under which it appears. Without circuit states nothing can be forced: a black box is there as a
            reference under truncated BPTT.
    """

    build: Callable[[Known, nnx.Rngs], Model]
    learning_rate: float
    regimes: tuple[str, ...]


def _stn(hidden: tuple[int, ...], **options: Any) -> Contender:
    def build(known: Known, rngs: nnx.Rngs) -> Model:
        return STN(
            known.state_names,
            hidden=hidden,
            output=known.output,
            scaling=known.scaling,
            fs=known.fs,
            rngs=rngs,
            **options,
        )

    return Contender(build, 1e-2, REGIMES)


def _matched(hidden: int, mapping: Literal["leading", "readout"], regimes: tuple[str, ...]) -> Contender:
    def build(known: Known, rngs: nnx.Rngs) -> Model:
        return StateMatchedGRU(
            known.state_names, hidden=hidden, mapping=mapping, output=known.output, scaling=known.scaling, rngs=rngs
        )

    return Contender(build, 1e-2, regimes)


def _black_box(kind: type, hidden: int, learning_rate: float) -> Contender:
    return Contender(lambda known, rngs: kind(hidden, scaling=known.scaling, rngs=rngs), learning_rate, ("TBPTT",))


CONTENDERS: dict[str, Contender] = {
    "STN 4-4-4": _stn((4, 4, 4), bias="first"),
    "SMGRU-8 leading": _matched(8, "leading", REGIMES),
    "SMGRU-8 read-out": _matched(8, "readout", REGIMES),
    # How far the regime that does best takes a larger model.
    "SMGRU-16 read-out": _matched(16, "readout", ("TF+TBPTT",)),
    "GRU-8": _black_box(GRU, 8, 2e-2),
    "LSTM-8": _black_box(LSTM, 8, 1e-2),
}


@final
@dataclasses.dataclass(frozen=True)
class Preset:
    """How much is computed. Every regime gets the same windows, batches and number of updates.

    Attributes:
        seeds: initial weights and data orders, trained together.
        updates: optimiser steps.
        batch: windows in one step.
        length: samples with a loss in each window.
        warmup: samples before them without one.
        excitation_seconds: of built-in excitation for training; a fifth as much each for validation and test.
        contenders: names in `CONTENDERS`.
    """

    name: str
    seeds: int
    updates: int
    contenders: tuple[str, ...]
    batch: int = 40
    length: int = 512
    warmup: int = 200
    excitation_seconds: float = 40.0

    def regime(self, name: str) -> Regime | InTurn:
        window = {"length": self.length, "warmup": self.warmup}
        forced, free = TeacherForcing(**window), TruncatedBPTT(**window)
        known: dict[str, Regime | InTurn] = {
            "TF": forced,
            "SS": ScheduledSampling(**window),
            "TBPTT": free,
            "TF+TBPTT": InTurn((forced, 0.3), (free, 0.7)),
        }
        return known[name]

    def optimizer(self, learning_rate: float) -> Callable[[int], optax.GradientTransformation]:
        def build(updates: int) -> optax.GradientTransformation:
            schedule = optax.warmup_cosine_decay_schedule(0.0, learning_rate, max(1, updates // 20), updates)
            return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))

        return build


PRESETS = {
    "quick": Preset("quick", seeds=3, updates=200, contenders=tuple(n for n in CONTENDERS if "16" not in n)),
    "full": Preset("full", seeds=5, updates=4000, contenders=tuple(CONTENDERS)),
}
