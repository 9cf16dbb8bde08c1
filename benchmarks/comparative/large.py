"""What takes a cluster: the study's own grids, and all networks in three sizes on eleven devices."""

import functools
from collections.abc import Callable

from benchmarks.comparative.contenders import FIVE, wavenet
from benchmarks.comparative.targets import TARGETS, on_grid
from circuitnn.study import Contender, network, state_matched, stn
from circuitnn.study.contenders import within


def _steps(count: int, first: float = 0.05, last: float = 0.95) -> tuple[float, ...]:
    return tuple(round(first + (last - first) * place / (count - 1), 4) for place in range(count))


# As many positions of as many knobs as are published, but for the second overdrive, whose circuit has one knob here.
# The level of the first is a gain, so that its drive stands in for it.
PAPER = {
    "sd1-paper": on_grid("sd1", drive=_steps(5), tone=_steps(5)),
    "tube-screamer-paper": on_grid("tube_screamer_clipping", drive=_steps(10)),
    "saturator-paper": on_grid("transformer_saturator", drive=_steps(10)),
    "pultec-paper": on_grid("pultec_eqp1a", low_boost=_steps(5), low_cut=_steps(5)),
    "la2a-paper": on_grid("la2a", peak_reduction=_steps(10, 0.1, 0.9), mode=(0.0, 1.0)),
    "cl1b-paper": on_grid("cl1b", attack=_steps(3), release=_steps(3), ratio=_steps(3), threshold=_steps(4, 0.2, 0.95)),
    "low-pass-paper": on_grid("ota_lowpass", cutoff=_steps(10, 0.2, 0.9), resonance=_steps(5, 0.1, 0.8)),
}

DEVICES = (
    *(name for name in TARGETS if name != "tube-preamp"),
    "klon-captured",
    "push-pull-captured",
    "phaser-captured",
)
"""Those with knobs on a grid, and three at one position."""
BUDGETS = (800, 2400, 8000)  # numbers to learn


def _windowed(name: str, units: int) -> Contender:
    return network("Windowed", recurrent=name, hidden=2 * units, rate=5e-3)


KINDS: dict[str, Callable[[int], Contender]] = {
    **{name: functools.partial(_windowed, name) for name in FIVE},
    "GRU": lambda units: network("GRU", hidden=units, rate=5e-3),
    "WaveNet": functools.partial(wavenet, 10),
    "STN": lambda units: stn(units, units),
    "SMGRU": lambda units: state_matched(units, "leading"),
}
SIZES = {
    f"{name} to {budget}": within(make, budget, "weights", units=64)
    for budget in BUDGETS
    for name, make in KINDS.items()
    # A unit for each of the 17 states of the push-pull amplifier takes more than the least budget.
    if not (name in ("STN", "SMGRU") and budget == BUDGETS[0])
}
"""Each network with as many units as a budget of weights allows."""
