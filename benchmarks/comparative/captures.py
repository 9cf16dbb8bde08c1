"""Captures: devices at one position of their knobs, and networks that cost as much as the smallest one of NAM.

Neural Amp Modeler (Atkinson) knows a device as it stands. Of its two architectures A1 has a "nano" size; A2's smallest
is "lite", which costs more than twice as much, so that A2 is taken with as many channels as cost what A1 nano does.
"""

import dataclasses
import functools

from flax import nnx

from benchmarks.state_matching.targets import oscillator
from circuitnn import circuits
from circuitnn.circuit import Circuit
from circuitnn.convolutional import WaveNet, variants
from circuitnn.model import Model
from circuitnn.study import Contender, Target
from circuitnn.study.contenders import as_dear, by_recipe, network
from circuitnn.study.definition import Task

NANO, A2, GRU, LSTM = "NAM A1 nano", "NAM A2 as A1 nano", "GRU as A1 nano", "LSTM as A1 nano"


def _a2(channels: int) -> Contender:
    arrays = tuple(dataclasses.replace(array, channels=channels) for array in variants.a2("lite"))

    def build(task: Task, rngs: nnx.Rngs) -> Model:
        return WaveNet(
            arrays,
            head_scale=variants.A2_HEAD_SCALE,
            in_features=task.inputs,
            controls=task.knobs,
            scaling=task.scaling,
            fs=task.fs,
            rngs=rngs,
        )

    return Contender(build, matched="none", learning_rate=1e-2)


_OF_NAM = by_recipe("wavenet-nano")
CAPTURING = {
    NANO: _OF_NAM,
    A2: as_dear(_a2, _OF_NAM, "operations", units=8),
    GRU: as_dear(lambda units: network("GRU", hidden=units, rate=1e-2), _OF_NAM, "operations"),
    LSTM: as_dear(lambda units: network("LSTM", hidden=units, rate=1e-2), _OF_NAM, "operations"),
}
"""Networks of as many operations a sample as A1 nano has, to within a tenth."""


def _standing(name: str, knobs: tuple[tuple[str, float], ...]) -> Circuit:
    return circuits.CATALOGUE[name]().replace(**dict(knobs))


def _captured(name: str, **knobs: float) -> Target:
    """A device with its knobs where they are said to be, or where its netlist has them."""
    circuit = functools.partial(_standing, name, tuple(knobs.items()))
    return Target(circuit().title, circuit, volts=circuits.NOMINAL_PEAK[name])


DISTORTING = {
    "sd1-captured": _captured("sd1", drive=0.7),
    "tube-screamer-captured": _captured("tube_screamer_clipping", drive=0.7),
    "big-muff-captured": _captured("big_muff"),
    "klon-captured": _captured("klon_gain_stage"),
    "push-pull-captured": _captured("push_pull_amplifier"),
    "saturator-captured": _captured("transformer_saturator", drive=0.7),
}
REMEMBERING = {
    "la2a-captured": _captured("la2a", peak_reduction=0.45),
    "cl1b-captured": _captured("cl1b"),
    "pultec-captured": _captured("pultec_eqp1a"),
    "low-pass-captured": _captured("ota_lowpass", cutoff=0.55),
}
CAPTURED = {
    **DISTORTING,
    **REMEMBERING,
    # Its oscillator moves and is shown to the networks, as a second input.
    "phaser-captured": dataclasses.replace(_captured("phase90"), inputs=2, sources={"Vlfo": oscillator}),
}
