"""Figures over frequency: where the error of each model is."""

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from circuitnn.plot import residuals
from circuitnn.plot.style import FLOOR, hertz, looks
from circuitnn.study import players, style, wording
from circuitnn.study.records import Records, file_name
from circuitnn.study.signals import FS
from circuitnn.study.style import Picture


def spectra(records: Records, circuit: str) -> Picture | None:
    """Levels of target and errors in bands, and beside them the errors against the target in each band.

    Of the models that the page plays. None for results that have kept no sound.
    """
    target = records.curves.get(f"{circuit}|sound-target")
    chosen = [] if target is None else players.chosen(records, circuit)
    if target is None or not chosen:
        return None
    reference = np.asarray(target, float)
    reference = reference / max(np.abs(reference).max(), 1.0)
    left = {run: _error(records, circuit, run, target) for run in chosen}
    found = {run: residuals.spectra(reference, error, FS) for run, error in left.items()}
    first = next(iter(found.values()))
    top = float(first.recorded.max())
    heard = first.recorded > top - FLOOR
    figure = Figure(figsize=(10, 4.6))
    levels, ratios = figure.subplots(1, 2, sharex=True)
    levels.plot(first.freqs, first.recorded - top, color=style.INK, linewidth=2.2)
    handles = [Line2D([], [], color=style.INK, linewidth=2.2, label="target")]
    for (model, regime), look in zip(found, looks(len(found)), strict=True):
        bands = found[model, regime]
        levels.plot(bands.freqs, bands.left - top, **look)
        ratios.plot(bands.freqs, np.where(heard, bands.left - bands.recorded, np.nan), **look)
        handles.append(Line2D([], [], label=f"{model} under {regime}", **look))
    levels.set(title="level", ylabel="dB of the target's loudest band", ylim=(-FLOOR, 5))
    ratios.set(title="error against the target", ylabel="dB of the target in each band")
    ratios.axhline(0, color=style.INK, linewidth=0.8)
    for axes in (levels, ratios):
        hertz(axes, residuals.LOWEST, 0.5 * FS)
    message = _message(records.title(circuit), chosen[0], first, heard)
    caption = (
        "Bands of a sixth of an octave over the two seconds that the page plays, for each regime the seed of median "
        "error. On the right, at 0 dB an error is as loud as the target; bands of the target "
        f"{FLOOR:.0f} dB below its loudest are left out there."
    )
    return style.picture(f"spectra-{file_name(circuit)}.png", figure, message, caption, handles=handles)


def _error(records: Records, circuit: str, run: tuple[str, str], target: NDArray) -> NDArray[np.float64]:
    """Relative to the peak of the target."""
    sound = np.asarray(records.curve(circuit, *run, "sound"), float)
    return (sound - np.asarray(target, float)) / max(float(np.abs(np.asarray(target, float)).max()), 1.0)


def _message(title: str, run: tuple[str, str], bands: residuals.Spectra, heard: NDArray) -> str:
    ratio = np.where(heard, bands.left - bands.recorded, math.nan)
    places = int(np.nanargmin(ratio)), int(np.nanargmax(ratio))
    low, high = (f"{_against(float(ratio[band]))} around {_hertz(bands.freqs[band])}" for band in places)
    return f"{title}: the error of {run[0]} under {run[1]} is {low} and {high}"


def _against(ratio: float) -> str:
    return f"{wording.db(abs(ratio))} dB {'below' if ratio < 0 else 'above'} the target"


def _hertz(freq: float) -> str:
    return f"{freq / 1000:.2g} kHz" if freq >= 1000 else f"{freq:.0f} Hz"
