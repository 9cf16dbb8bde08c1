"""The models that are compared."""

from typing import Literal

from flax import nnx

from circuitnn.recurrent import GRU, LSTM, STN, StateMatchedGRU
from circuitnn.study import Contender, Task


def _stn(*hidden: int) -> Contender:
    def build(task: Task, rngs: nnx.Rngs) -> STN:
        return STN(
            task.state_names,
            hidden=hidden,
            output=task.output,
            bias="first",
            scaling=task.scaling,
            fs=task.fs,
            rngs=rngs,
        )

    return Contender(build)


def _matched(hidden: int, mapping: Literal["leading", "readout"], regimes: tuple[str, ...] | None = None) -> Contender:
    def build(task: Task, rngs: nnx.Rngs) -> StateMatchedGRU:
        return StateMatchedGRU(
            task.state_names, hidden=hidden, mapping=mapping, output=task.output, scaling=task.scaling, rngs=rngs
        )

    return Contender(build, regimes=regimes)


def _black_box(kind: type, hidden: int, learning_rate: float) -> Contender:
    def build(task: Task, rngs: nnx.Rngs) -> GRU | LSTM:
        return kind(hidden, scaling=task.scaling, rngs=rngs)

    return Contender(build, matched="none", learning_rate=learning_rate)


CONTENDERS = {
    "STN 4-4-4": _stn(4, 4, 4),
    "SMGRU-8 leading": _matched(8, "leading"),
    "SMGRU-8 read-out": _matched(8, "readout"),
    # How far the regime that does best takes a larger model.
    "SMGRU-16 read-out": _matched(16, "readout", ("TF+TBPTT",)),
    "GRU-8": _black_box(GRU, 8, 2e-2),
    "LSTM-8": _black_box(LSTM, 8, 1e-2),
}
