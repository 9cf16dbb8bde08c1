"""Scaling folded into the linear maps beside it: weights that see volts and give volts, and the way back.

Computed in double precision and rounded once; where the scale is 1 and the offset 0, nothing changes.
"""

import numpy as np
from numpy.typing import ArrayLike

from circuitnn.networks.scaling import Affine

Map = tuple[np.ndarray, np.ndarray]  # weight (out, in), bias (out,)


def folded_input(weight: ArrayLike, bias: ArrayLike, units: Affine, *, back: bool = False) -> Map:
    """``W u + b`` of network units as ``W' x + b'`` of volts: ``W' = W / scale``, ``b' = b - W' offset``.

    Args:
        weight: (out, in); the columns behind those that `units` has are for knobs, and stay as they are.
        bias: (out,).
        units: of x.
        back: the other way, from volts to network units.
    """
    scale, offset = _numbers(units)
    matrix, column = np.array(weight, np.float64), np.asarray(bias, np.float64)
    signal = matrix[:, : len(scale)]
    if back:
        column = column + signal @ offset
        signal *= scale
    else:
        signal /= scale
        column = column - signal @ offset
    return matrix, column


def folded_output(weight: ArrayLike, bias: ArrayLike, units: Affine, *, back: bool = False) -> Map:
    """``scale (W h + b) + offset`` as ``W' h + b'``; arguments as for `folded_input`."""
    scale, offset = _numbers(units)
    rows, column = scale[:, None], np.asarray(bias, np.float64)
    if back:
        return np.asarray(weight, np.float64) / rows, (column - offset) / scale
    return np.asarray(weight, np.float64) * rows, scale * column + offset


def _numbers(units: Affine) -> Map:
    return np.asarray(units.scale[...], np.float64), np.asarray(units.offset[...], np.float64)
