"""How each network is trained, by its name: what `benchmarks.recipes` found for the black boxes."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, final

import optax

from circuitnn.capture.names import parsed
from circuitnn.convolutional import WaveNet
from circuitnn.hybrid import wiener_hammerstein
from circuitnn.model import Model
from circuitnn.recurrent import GRU, LRU, LSTM, S4D, S6, StateMatchedGRU
from circuitnn.train import InTurn, TeacherForcing, TruncatedBPTT

CLIP = 1.0  # of the gradient's norm
WINDOWS = 4  # that a training has at least: shorter recordings have shorter windows
SHORTEST = 16  # samples of a window
SLOW = (2e-5, 0.5)  # seconds that units remember for at the start of a training, where a device has slow capacitors
FORCED = 0.3  # of the epochs, with the true states


@final
@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained: Adam, its rate falling to zero along half a cosine, gradients of at most norm one.

    Attributes:
        make: of scaling, fs, controls and rngs the untrained network.
        rate: of learning, at the beginning.
        batch: windows in an update.
        length: samples that a gradient reaches back over; one update each.
        warmup: samples at the start of a window without a loss.
        blocks: updates of a window.
        candidates: other rates that a search tries.
        needs_states: whether it learns circuit states; `make` takes their names first.
    """

    make: Callable[..., Model]
    rate: float
    batch: int = 40
    length: int = 2048
    warmup: int = 2048
    blocks: int = 8
    candidates: tuple[float, ...] = (2.5e-3, 5e-3, 1e-2, 2e-2)
    needs_states: bool = False

    @property
    def regime(self) -> TruncatedBPTT | InTurn:
        """Truncated BPTT, the state handed on from block to block; where states are learnt, teacher forcing first."""
        free = TruncatedBPTT(self.length, warmup=self.warmup, blocks=self.blocks)
        if not self.needs_states:
            return free
        return InTurn((TeacherForcing(self.length, blocks=self.blocks), FORCED), (free, 1 - FORCED))

    def optimizer(self, updates: int) -> optax.GradientTransformation:
        """Of so many updates."""
        schedule = optax.cosine_decay_schedule(self.rate, updates)
        return optax.chain(optax.clip_by_global_norm(CLIP), optax.adam(schedule))

    def rate_at(self, share: float) -> float:
        """The rate of learning where that share of the training is done."""
        return float(optax.cosine_decay_schedule(self.rate, 1.0)(share))

    def fitted_to(self, recordings: int, samples: int, validation: int) -> "Recipe":
        """The same for recordings of so many samples each: shorter windows where they are few, whole batches.

        Args:
            recordings: how many.
            samples: of each, to learn from.
            validation: samples of each, to choose by.

        Raises:
            ValueError: where there are too few for any.
        """
        warmup, blocks = min(self.warmup, samples // 8, validation // 2), self.blocks
        length = self.length
        while length > max(validation // 2, 1):
            length //= 2
        if length < SHORTEST:
            raise ValueError(f"{validation} samples are too few to choose the weights by")

        def count() -> int:
            return recordings * ((samples - warmup) // (length * blocks))

        while blocks > 1 and (count() < 4 * WINDOWS or length * blocks > validation // 2):
            blocks //= 2
        while length > 64 and count() < WINDOWS:
            length //= 2
        if not count():
            raise ValueError(f"recordings of {samples} samples are too short to be learnt from")
        batches = max(1, round(count() / self.batch))
        return dataclasses.replace(self, length=length, warmup=warmup, blocks=blocks, batch=count() // batches)


def _recurrent(network: Callable[..., Model], **own: Any) -> Callable[[int], Recipe]:
    rate = own.pop("rate", 1e-2)
    return lambda size: Recipe(lambda **more: network(size, **own, **more), rate=rate)


def _wavenet(network: Callable[..., Model], size: str, rate: float, warmup: int = 2048) -> Recipe:
    make = lambda **more: network(size, **more)  # noqa: E731
    return Recipe(make, rate, batch=16, length=8192, warmup=warmup, blocks=2)


def _state_matched(size: int) -> Callable[..., Model]:
    return lambda names, **more: StateMatchedGRU(names, hidden=max(size, len(names)), mapping="readout", **more)


_SIZED: Mapping[str, Callable[[int], Recipe]] = {
    "gru": _recurrent(GRU),
    "lstm": _recurrent(LSTM),
    "lru": _recurrent(LRU, layers=2),
    "s4d": _recurrent(S4D, layers=2),
    "s6": _recurrent(S6, layers=2, rate=5e-3),
    "state-matched": lambda size: Recipe(_state_matched(size), 1e-2, warmup=256, needs_states=True),
}
_NAMED: Mapping[str, Callable[[], Recipe]] = {
    "wavenet-nano": lambda: _wavenet(WaveNet.nam, "nano", 1e-2),
    "wavenet-feather": lambda: _wavenet(WaveNet.nam, "feather", 1e-2),
    "wavenet-lite": lambda: _wavenet(WaveNet.nam, "lite", 4e-3),
    "wavenet-standard": lambda: _wavenet(WaveNet.nam, "standard", 4e-3, warmup=4096),
    "wavenet-a2-lite": lambda: _wavenet(WaveNet.a2, "lite", 4e-3, warmup=6400),
    "wavenet-a2-full": lambda: _wavenet(WaveNet.a2, "full", 4e-3, warmup=6400),
    "wiener-hammerstein": lambda: Recipe(wiener_hammerstein, 5e-3),
}


def recipe(name: str) -> Recipe:
    """How the network of that name is made and trained.

    Args:
        name: such as "gru-16", "lstm-40" or "wavenet-nano": see `MODELS`. "gru-16-slow" has units that remember for up
            to half a second from the start, for devices with slow capacitors: a bias that moves, coupling below 20 Hz.

    Raises:
        ValueError: for another name, with those that there are.
    """
    kind, size, is_slow = parsed(name)
    if size is None:
        return _NAMED[kind]()
    if is_slow:
        return _recurrent({"gru": GRU, "lstm": LSTM}[kind], time_constants=SLOW)(size)
    return _SIZED[kind](size)
