"""Knobs: what is one, by which names they go, and where they may stand.

A knob is a control of a circuit or model whose default is a number from 0 to 1: in a netlist a ``.param``. There its
positions end. A control with another default, such as ``.param load=10k``, is a plain number and may have any finite
value. Names are SPICE's: their case does not matter, and the model's spelling counts.

Only what is known can be checked: a position that JAX traces, or any position where the default itself is traced (a
gradient with respect to the whole circuit), passes unseen.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from circuitnn.deferred import is_traced

if TYPE_CHECKING:
    import jax
    from jax.typing import ArrayLike

RULE = "a knob is a .param with a number from 0 to 1"
MID_POSITION = 0.5  # of a knob that is given by name only


def is_knob(default: Any) -> bool:
    """Whether a control with this default goes from 0 to 1."""
    return not is_traced(default) and np.ndim(default) == 0 and 0 <= float(default) <= 1


def knobs_of(controls: Mapping[str, Any]) -> dict[str, float]:
    """The knobs among controls, with where they stand."""
    return {name: float(default) for name, default in controls.items() if is_knob(default)}


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """In brackets what is close to a name, whatever its case; nothing where nothing is."""
    lowered = {control.lower(): control for control in names}
    close = difflib.get_close_matches(str(name).lower(), lowered, n=1)
    return f" (did you mean {lowered[close[0]]}?)" if close else ""


def spelling(name: str, controls: Iterable[str]) -> str:
    """A control's name as the model spells it.

    Raises:
        ValueError: for a name that is none of them; with a close one, and all that there are.
    """
    for control in controls:
        if control.lower() == str(name).lower():
            return control
    raise ValueError(
        f"no knob {name!r}{did_you_mean(name, controls)}; there are {', '.join(controls) or f'none: {RULE}'}"
    )


def knob_spelling(name: str, controls: Mapping[str, Any]) -> str:
    """As `spelling`, for what has to be a knob.

    Raises:
        ValueError: also for a control that is a plain number.
    """
    knobs = [control for control, default in controls.items() if is_knob(default)]
    for control, default in controls.items():
        if control.lower() == name.lower() and control not in knobs:
            raise ValueError(f"{control} is no knob, its default is {float(default):g}: {RULE}")
    return spelling(name, knobs)


def matched(values: Mapping[str, Any] | None, controls: Mapping[str, Any]) -> dict[str, Any]:
    """Values of controls under the names that the model has for them.

    Args:
        values: by name, in any case; positions of knobs, or other numbers.
        controls: of the model, with their defaults.

    Raises:
        ValueError: for a name that the model does not have or that is given twice, and for a value that is no number,
            not finite, or not from 0 to 1 where it is a knob's.
    """
    if values is not None and not isinstance(values, Mapping):
        raise ValueError(f"controls are given by name, such as {{'treble': 0.5}}, got {type(values).__name__}")
    result: dict[str, Any] = {}
    for name, value in (values or {}).items():
        control = spelling(name, controls)
        if control in result:
            raise ValueError(f"knob {control}: given twice, in different case")
        check_value(control, value, controls[control])
        result[control] = value
    return result


def within(values: Mapping[str, Any] | None, controls: Mapping[str, Any]) -> dict[str, Any] | None:
    """Those of the values that a part of a model has, in its spelling."""
    if values is None:
        return None
    names = {control.lower(): control for control in controls}
    return {names[name.lower()]: value for name, value in values.items() if name.lower() in names}


def joined(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The controls of several parts together: of the same knob in two parts, the first spelling and default count."""
    result: dict[str, tuple[str, float]] = {}
    for controls in parts:
        for name, default in controls.items():
            result.setdefault(name.lower(), (name, default))
    return dict(result.values())


def check_value(name: str, value: "ArrayLike", default: Any = MID_POSITION) -> None:
    """Refuse what a control with that default cannot be; traced values pass.

    Raises:
        ValueError: naming the control, the number and its place.
    """
    if is_traced(value):
        return
    try:
        numbers = np.asarray(value, None if hasattr(value, "dtype") else float)
        low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 0.0)
    except (TypeError, ValueError):
        raise ValueError(f"knob {name}: expected a number or an array of numbers, got {value!r}") from None
    least, most = (0.0, 1.0) if is_knob(default) else (-np.finfo(float).max, np.finfo(float).max)
    if least <= low and high <= most:
        return
    place = tuple(int(index) for index in np.argwhere(~((numbers >= least) & (numbers <= most)))[0])
    where = f" at {list(place)}" if place else ""
    is_outside = is_knob(default) and np.isfinite(numbers[place])
    what = "outside 0..1; a knob goes from 0 to 1" if is_outside else "not finite"
    raise ValueError(f"knob {name}: {numbers[place]:g}{where} is {what}")


def check_shape(name: str, shape: tuple[int, ...], signal: tuple[int, ...]) -> None:
    """Refuse values that do not go along a signal.

    Args:
        name: of the control.
        shape: of its values.
        signal: (..., time), the batch and the samples.

    Raises:
        ValueError: naming the control, its shape, and what is expected.
    """
    try:
        if np.broadcast_shapes(shape, signal) == signal:
            return
    except ValueError:
        pass
    hint = f"; one number for each of the batch has the shape {(*shape, 1)}" if shape == signal[:-1] else ""
    raise ValueError(
        f"knob {name}: expected a number or an array that broadcasts to (..., time) = {signal}, got the shape "
        f"{shape}{hint}"
    )


def along(values: Mapping[str, Any], signal: tuple[int, ...], dtype: Any) -> "jax.Array":
    """Knobs along a signal, in order: (..., time, knobs), which broadcast against (*signal, 1).

    The time is 1 where all of them stand still, and so is a batch that they have in common.

    Args:
        values: by name, numbers or arrays that go along the signal.
        signal: (..., time), the batch and the samples.
        dtype: of the result.

    Raises:
        ValueError: for a shape that does not go along the signal.
    """
    import jax.numpy as jnp

    channels = []
    for name, value in values.items():
        knob = jnp.asarray(value, dtype)
        check_shape(name, knob.shape, signal)
        # Prepending axes here keeps to strict rank promotion.
        channels.append(knob.reshape((1,) * (len(signal) - knob.ndim) + knob.shape)[..., None])
    if not channels:
        return jnp.zeros((*(1,) * len(signal), 0), dtype)
    shape = np.broadcast_shapes(*(channel.shape for channel in channels))
    return jnp.concatenate([jnp.broadcast_to(channel, shape) for channel in channels], axis=-1)


def constants(values: Mapping[str, Any] | None, controls: Mapping[str, Any]) -> dict[str, Any]:
    """`matched` values for an analysis without time: each a number, or of the shape of a batch.

    Raises:
        ValueError: as for `matched`; for shapes that are neither () nor (..., 1), or of different batches.
    """
    result = matched(values, controls)
    for name, value in result.items():
        if np.ndim(value) and np.shape(value)[-1] != 1:
            raise ValueError(
                f"knob {name}: expected a number, or the shape (..., 1) for one result each, got the shape "
                f"{np.shape(value)}"
            )
    try:
        np.broadcast_shapes(*map(np.shape, result.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {np.shape(value)}" for name, value in result.items())
        raise ValueError(f"knobs of different batches: {shapes}") from None
    return {name: np.squeeze(value, -1) if np.ndim(value) else value for name, value in result.items()}
