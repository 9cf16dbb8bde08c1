"""The networks of three studies, in their sizes."""

from circuitnn.convolutional import TCN, WaveNet
from circuitnn.model import Model
from circuitnn.study import Contender, network
from circuitnn.study.definition import Task

FIVE = ("LSTM", "ED", "LRU", "S4D", "S6")
"""The five of Simionato and Fasciani: 8 units of LSTM and ED, 12 of the others, their conditioning (FiLM and GLU)."""

WRIGHT = {
    f"{kind}-{units}": network(kind, hidden=units, rate=5e-3)
    for kind, units in (("GRU", 32), ("LSTM", 32), ("LSTM", 48), ("LSTM", 64), ("LSTM", 96))
}
WAVENETS = {f"WaveNet {layers} x {channels}": (layers, channels) for layers, channels in ((10, 16), (18, 8), (18, 16))}


def wavenet(layers: int, channels: int) -> Contender:
    """That of Wright et al."""

    def build(task: Task, rngs: object) -> Model:
        return WaveNet.wright(layers, channels, controls=task.knobs, scaling=task.scaling, fs=task.fs, rngs=rngs)

    return Contender(build, matched="none", learning_rate=4e-3)


def _shallow(task: Task, rngs: object) -> Model:
    return TCN.shallow(controls=task.knobs, scaling=task.scaling, fs=task.fs, rngs=rngs)


CONTENDERS = {
    **{name: network("Windowed", recurrent=name, rate=5e-3) for name in FIVE},
    **WRIGHT,
    **{name: wavenet(*sizes) for name, sizes in WAVENETS.items()},
    # Of the review's table 8 the LSTM is LSTM-32; its convolutional LSTM hears windows, see `circuitnn.frames`.
    "TCN shallow": Contender(_shallow, matched="none", learning_rate=4e-3),
}
