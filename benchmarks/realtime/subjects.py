"""What is played: circuits, hybrids and networks by name, and the C by hand that stands beside some of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, final

import jax.numpy as jnp
import numpy as np
from flax import nnx

from circuitnn import circuits, read_netlist
from circuitnn.convolutional import WaveNet
from circuitnn.hybrid import klon
from circuitnn.model import Model
from circuitnn.nodal import NodalModel
from circuitnn.recurrent import GRU, LRU, LSTM, S4D, S6

HERE = Path(__file__).parent
NODES = 100  # of the ladder
KLON_PEAK, NETWORK_PEAK = 0.5, 0.5


@final
@dataclass(frozen=True)
class Subject:
    """A model to be played.

    Attributes:
        make: the model for a sample rate.
        peak: of the signal, volts.
        by_hand: the files in C that say the same without the library, by name; None where nobody has written any.
    """

    make: Callable[[float], Model]
    peak: float
    by_hand: Callable[[Any], Mapping[str, str]] | None = None


def ladder(nodes: int = NODES) -> str:
    """A netlist: a chain of so many low-passes."""
    names = ["in", *(f"n{k}" for k in range(1, nodes)), "out"]
    parts = (f"R{k} {near} {far} 1k\nC{k} {far} 0 100p" for k, (near, far) in enumerate(pairwise(names), 1))
    return "\n".join(["* RC ladder", "Vin in 0 DC 0 AC 1", *parts, ".end"])


def clipper_by_hand(model: Model) -> dict[str, str]:
    return {"model.h": f"#define MODEL_FS {float(model.fs or 0)!r}\n" + (HERE / "clipper.h").read_text()}


def gru_by_hand(model: GRU) -> dict[str, str]:
    """With the model's weights. The two biases of a gate are one, but for the new state's, whose second is gated."""
    hidden, weights = model.hidden, model.rec.weights
    both = np.array(weights.bias_ih + weights.bias_hh)
    both[2 * hidden :] = weights.bias_ih[2 * hidden :]
    arrays = {
        "INPUT": weights.ih[:, 0],
        "RECURRENT": np.asarray(weights.hh).T,
        "BIAS": both,
        "BIAS_N": weights.bias_hh[2 * hidden :],
        "READ_OUT": model.lin.weight[...][0],
        "REST": model.init_carry(),
    }
    lines = [f"#define HIDDEN {hidden}", f"#define LEVEL {float(model.lin.bias[...][0])!r}f"]
    for name, array in arrays.items():
        values = np.asarray(array, np.float32)
        sizes = "".join(f"[{size}]" for size in values.shape)
        numbers = ", ".join(f"{float(value)!r}f" for value in values.ravel())
        lines.append(f"static const float __attribute__((aligned(64))) {name}{sizes} = {{{numbers}}};")
    return {"model.h": (HERE / "gru.h").read_text(), "weights.h": "\n".join(lines) + "\n"}


def _nodal(name: str, **more: Any) -> Subject:
    return Subject(
        lambda fs: NodalModel(circuits.CATALOGUE[name](), fs, dtype=jnp.float64), circuits.NOMINAL_PEAK[name], **more
    )


def _network(kind: Callable[..., Model], *sizes: Any, by_hand: Any = None, **options: Any) -> Subject:
    """Untrained, which costs the same."""
    return Subject(lambda fs: kind(*sizes, fs=fs, rngs=nnx.Rngs(0), **options), NETWORK_PEAK, by_hand)


def _klon_with_network(fs: float) -> Model:
    return klon(fs, gain_stage=GRU(8, controls=("gain",), fs=fs, rngs=nnx.Rngs(0)))


def _ladder(fs: float) -> Model:
    return NodalModel(read_netlist(ladder()), fs, dtype=jnp.float64)


SUBJECTS = {
    "klon": Subject(klon, KLON_PEAK),
    "klon-wdf": Subject(lambda fs: klon(fs, gain_stage="wdf"), KLON_PEAK),
    "klon-GRU-8": Subject(_klon_with_network, KLON_PEAK),
    "diode_clipper": _nodal("diode_clipper", by_hand=clipper_by_hand),
    "tube_screamer_clipping": _nodal("tube_screamer_clipping"),
    "sd1": _nodal("sd1"),
    "bassman": _nodal("bassman"),
    "GRU-8": _network(GRU, 8, by_hand=gru_by_hand),
    "GRU-32": _network(GRU, 32, by_hand=gru_by_hand),
    "LSTM-32": _network(LSTM, 32),
    "WaveNet standard": _network(WaveNet.nam, "standard"),
    "WaveNet nano": _network(WaveNet.nam, "nano"),
    "A2 Lite": _network(WaveNet.a2, "lite"),
    "LRU": _network(LRU, 16, layers=2),
    "S4D": _network(S4D, 16, layers=2),
    "S6": _network(S6, 16, layers=2),
    "GRU-64": _network(GRU, 64),
    "common_emitter": _nodal("common_emitter"),
    "triode_koren": _nodal("triode_koren"),
    "phase90": _nodal("phase90"),
    "moog_ladder": _nodal("moog_ladder"),
    f"RC ladder of {NODES}": Subject(_ladder, 1.0),
}
# Played in one block only; the others in blocks of all sizes, at all rates.
IN_ONE = ("GRU-64", "common_emitter", "triode_koren", "phase90", "moog_ladder", f"RC ladder of {NODES}")
IN_BLOCKS = tuple(name for name in SUBJECTS if name not in IN_ONE)
