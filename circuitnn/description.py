"""Things in words, for print() and notebooks: what is one, how large, and what may be turned on it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jax
import numpy as np
from flax import nnx

from circuitnn.opening import printable
from circuitnn.settings import arguments_of

LINES, WIDTH = 30, 100
_SAID_ELSEWHERE = ("in_features", "out_features", "features", "controls", "state_names", "dtype", "fs", "scaling")


def counted(count: int, noun: str) -> str:
    """A number of things: 1 input, 2 inputs."""
    return f"{count:,} {noun}{'s' if count != 1 else ''}".replace(",", " ")


def positions(controls: Mapping[str, Any]) -> str:
    """Knobs with where they stand; traced ones by name."""
    return ", ".join(f"{name} {value:g}" if isinstance(value, float) else name for name, value in controls.items())


def shortened(words: Iterable[str], *, width: int = WIDTH) -> str:
    """Words with commas, and how many more there are beyond the width."""
    words = list(words)
    for count in range(len(words), 0, -1):
        text = ", ".join(words[:count]) + (f" and {len(words) - count} more" if count < len(words) else "")
        if len(text) <= width or count == 1:
            return text
    return "none"


def block(title: str, lines: Iterable[str], *, most: int = LINES) -> str:
    """A title with indented lines below, never more than `most` together."""
    below = [f"  {line}" for line in lines if line]
    if len(below) >= most:
        below = [*below[: most - 2], f"  ... and {len(below) - most + 2} more lines"]
    return printable("\n".join([title, *below]))


def model_in_words(model: Any) -> str:
    """A model: its kind, rate, size, arguments, circuit, states, knobs, and its parts by name."""
    controls = positions(model.controls)
    title = (
        f"{_kind(model)}: {counted(model.in_features, 'input')}, {counted(model.out_features, 'output')}, "
        f"{np.dtype(model.dtype).name}, {_weights(model) or 'nothing to learn'}"
        + (f", {counted(model.latency, 'sample')} late" if model.latency else "")
    )
    states = getattr(model, "state_names", ())
    return block(
        title,
        [
            _arguments(model),
            _circuit(model),
            f"states: {shortened(states)}" if states else "",
            f"knobs: {controls}{_reaching(model)}" if controls else "",
            *_parts(model),
        ],
    )


def _parts(model: Any) -> Iterator[str]:
    """Models inside of a model, each in one line, and those inside of them indented."""
    # A model of one's own may have attributes of these names that are something else.
    inside = getattr(model, "models", ()) or [getattr(model, "model", getattr(model, "network", None))]
    members = [member for member in inside if isinstance(member, nnx.Module)]
    names = getattr(model, "names", ())
    if len(names) != len(members):
        names = [str(index) for index in range(len(members))]
    for name, member in zip(names, members, strict=True):
        words = [_kind(member), _arguments(member), _circuit(member), _weights(member)]
        yield (f"{name}: " if hasattr(model, "models") else "") + ", ".join(word for word in words if word)
        yield from (f"  {line}" for line in _parts(member))


def _kind(model: Any) -> str:
    rate = getattr(model, "fs", None)
    return type(model).__name__ + (f" at {rate:g} Hz" if rate else "")


def _weights(model: Any) -> str:
    count = sum(np.size(leaf) for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))
    return counted(count, "learnable number") if count else ""


def _circuit(model: Any) -> str:
    circuit = getattr(model, "circuit", None)
    return "" if circuit is None else f"circuit: {circuit.title.lstrip('* ') or 'without a title'}"


def _reaching(model: Any) -> str:
    """How knobs reach a network, where they are no inputs."""
    conditioning = getattr(model, "conditioning", None)
    return "" if getattr(conditioning, "is_input", True) else f", by {type(conditioning).__name__}"


def _arguments(model: Any) -> str:
    """Those of the constructor that are short."""
    names = (name for name in arguments_of(type(model)) if name not in _SAID_ELSEWHERE)
    values = {name: getattr(model, name, None) for name in names}
    # An argument whose attribute holds what was made of it: the layers instead of their number.
    values |= {name: model.settings[name] for name, value in values.items() if isinstance(value, nnx.List)}
    return ", ".join(f"{name} {_in_short(value)}" for name, value in values.items() if _is_short(value))


def _is_short(value: Any) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(isinstance(entry, int) for entry in value)
    return isinstance(value, int | float | str)


def _in_short(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
