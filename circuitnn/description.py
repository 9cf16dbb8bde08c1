"""Things in words, for print() and notebooks: what is one, how large, and what may be turned on it."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from circuitnn.opening import printable
from circuitnn.settings import arguments_of

LINES, WIDTH, RECORD_WIDTH, LIST_WIDTH = 30, 100, 115, 26
_SAID_ELSEWHERE = (
    "in_features", "out_features", "features", "controls", "state_names", "dtype", "fs", "scaling", "circuit",
    "conditioning", "trained_fs",
)  # fmt: skip
_ALWAYS = ("kernel_size", "activation")  # of a record, where they are the defaults, too


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
            *_records(model),
            hearing(model),
            _circuit(model),
            f"states: {shortened(states)}" if states else "",
            f"knobs: {controls}{_reaching(model)}" if controls else "",
            *_parts(model),
        ],
    )


def _parts(model: Any) -> Iterator[str]:
    """Models inside of a model, each in one line, and those inside of them indented."""
    from flax import nnx  # here, because circuits do without

    # A model of one's own may have attributes of these names that are something else.
    inside = getattr(model, "models", ()) or [getattr(model, "model", getattr(model, "network", None))]
    members = [member for member in inside if isinstance(member, nnx.Module)]
    names = getattr(model, "names", ())
    if len(names) != len(members):
        names = [str(index) for index in range(len(members))]
    for name, member in zip(names, members, strict=True):
        words = [_kind(member), _arguments(member), hearing(member), _circuit(member), _weights(member)]
        yield (f"{name}: " if hasattr(model, "models") else "") + ", ".join(word for word in words if word)
        yield from (f"  {line}" for line in (*_records(member), *_parts(member)))


def _kind(model: Any) -> str:
    rate = getattr(model, "fs", None)
    return type(model).__name__ + (f" at {rate:g} Hz" if rate else "")


def _weights(model: Any) -> str:
    import jax
    from flax import nnx  # here, because circuits do without

    count = sum(np.size(leaf) for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))
    return counted(count, "learnable number") if count else ""


def _circuit(model: Any) -> str:
    circuit = getattr(model, "circuit", None)
    return "" if circuit is None else f"circuit: {circuit.title.lstrip('* ') or 'without a title'}"


def _reaching(model: Any) -> str:
    """How knobs reach a network, where they are no inputs."""
    conditioning = getattr(model, "conditioning", None)
    return "" if getattr(conditioning, "is_input", True) else f", by {type(conditioning).__name__}"


def hearing(model: Any) -> str:
    """How much of the input an output follows from, where that ends."""
    field, rate = getattr(model, "receptive_field", None), getattr(model, "fs", None)
    if not isinstance(field, int):
        return ""
    return f"hears {counted(field, 'sample')}" + (f" ({1000 * field / rate:.3g} ms)" if rate else "")


def _arguments(model: Any) -> str:
    """Those of the constructor that are short."""
    return ", ".join(f"{name} {_in_short(value)}" for name, value in _values(model).items() if _is_short(value))


def _records(model: Any) -> Iterator[str]:
    """Those that are data with names of their own, such as the arrays of layers: each in a line."""
    for name, value in _values(model).items():
        if _is_record(value) and _fields(value):
            yield f"{name}: {shortened(_fields(value), width=RECORD_WIDTH)}"
        elif isinstance(value, tuple) and value and all(map(_is_record, value)):
            yield from (
                f"{name}[{index}]: {shortened(_fields(record), width=RECORD_WIDTH)}"
                for index, record in enumerate(value)
            )


def _values(model: Any) -> dict[str, Any]:
    """What the constructor was given, as far as it is not said in other places."""
    from flax import nnx  # here, because circuits do without

    names = (name for name in arguments_of(type(model)) if name not in _SAID_ELSEWHERE)
    values = {name: getattr(model, name, None) for name in names}
    # An argument whose attribute holds what was made of it: the layers instead of their number.
    made = [name for name, value in values.items() if isinstance(value, nnx.List)]
    return values | {name: model.settings[name] for name in made}


def _fields(record: Any) -> list[str]:
    """What a record says beyond its defaults."""
    values = {field: getattr(record, field.name) for field in dataclasses.fields(record)}
    told = {field.name: value for field, value in values.items() if field.name in _ALWAYS or value != field.default}
    return [f"{name} {_in_short(value)}" for name, value in told.items() if _is_short(value) or _is_record(value)]


def _is_record(value: Any) -> bool:
    from flax import nnx  # here, because circuits do without

    return dataclasses.is_dataclass(value) and not isinstance(value, type | nnx.Module)


def _is_short(value: Any) -> bool:
    if isinstance(value, tuple):
        return bool(value) and not hasattr(value, "_fields") and all(map(_is_short, value))
    return isinstance(value, int | float | str)


def _in_short(value: Any) -> str:
    if isinstance(value, tuple):
        return _in_a_row([_in_short(entry) for entry in value])
    if _is_record(value):
        return f"({', '.join(_fields(value))})"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _in_a_row(words: list[str]) -> str:
    """Of many the first ones and the last one; a text that stands for all once."""
    if len(set(words)) == 1 and not words[0][:1].isdigit():
        return words[0]
    kept = len(words)
    while kept and len(" ".join(words[:kept])) > LIST_WIDTH:
        kept -= 1
    return " ".join(words) if kept == len(words) else f"{' '.join(words[:kept])} ... {words[-1]} ({len(words)} in all)"
