"""Convolutions: what the kernel sees at each place, gathered, and one product of matrices."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from circuitnn.native.inlining import LoweringError, Step
from circuitnn.native.products import dot_general
from circuitnn.native.values import Stored, Value, Written
from circuitnn.native.writer import Writer

_PRODUCT = (((2,), (1,)), ((0,), (0,)))  # (groups, out, seen) times (groups, seen, places)


def convolution(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """Any number of axes, strides, gaps, padding and groups of channels."""
    numbers, groups = step.params["dimension_numbers"], step.params["feature_group_count"]
    if step.params["batch_group_count"] != 1:
        raise LoweringError(f"no C for a convolution with groups along the batch, which {step.where} needs")
    signal = operands[0].moved(lambda array: array.transpose(numbers.lhs_spec))
    kernel = operands[1].moved(lambda array: array.transpose(numbers.rhs_spec))
    entries, out, *places = (avals[0].shape[axis] for axis in numbers.out_spec)
    index = _seen(step, signal.shape, kernel.shape[2:], places, groups)
    rows = kernel.moved(lambda array: array.reshape(groups, out // groups, -1))
    columns = _taken(w, signal, index.reshape(groups, rows.shape[2], -1))
    shape = jax.ShapeDtypeStruct((groups, out // groups, entries * int(np.prod(places))), avals[0].dtype)
    (product,) = dot_general(w, step._replace(params={"dimension_numbers": _PRODUCT}), [rows, columns], [shape])
    back = np.argsort(numbers.out_spec)
    return [product.moved(lambda array: array.reshape(out, entries, *places).swapaxes(0, 1).transpose(back))]


def _seen(step: Step, signal: Sequence[int], kernel: Sequence[int], places: Sequence[int], groups: int) -> np.ndarray:
    """Which number of the signal meets which of the kernel at which place; -1 where there is none.

    Returns:
        (channels, *kernel, entries, *places), the channels group after group.
    """
    p, axes = step.params, len(places)
    entries, channels, *lengths = signal
    index = np.zeros((channels, *kernel, entries, *places), int)
    is_there = np.ones(index.shape, bool)
    for axis in range(axes):
        place = p["window_strides"][axis] * np.arange(places[axis]) - p["padding"][axis][0]
        along = place + p["rhs_dilation"][axis] * np.arange(kernel[axis])[:, None]
        sample, rest = np.divmod(along, p["lhs_dilation"][axis])
        shape = [1] * index.ndim
        shape[1 + axis], shape[2 + axes + axis] = along.shape
        is_there = is_there & ((rest == 0) & (sample >= 0) & (sample < lengths[axis])).reshape(shape)
        index = index * lengths[axis] + sample.reshape(shape)
    size = int(np.prod(lengths))
    channel = np.arange(channels).reshape(-1, *[1] * (index.ndim - 1))
    entry = np.arange(entries).reshape(-1, *[1] * axes)
    return np.where(is_there, index + size * (channel + channels * entry), -1)


def _taken(w: Writer, signal: Value, index: np.ndarray) -> Value:
    """The numbers at those places, zero where there is none."""
    if isinstance(signal, Stored) and np.all(index >= 0):
        return signal.moved(lambda array: array.ravel()[index])
    atoms = w.written(signal).atoms.ravel()
    return Written(np.append(atoms, signal.dtype.type(0))[index], signal.dtype)


RULES = {"conv_general_dilated": convolution}
