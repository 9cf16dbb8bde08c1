"""Figures over frequency: where the error of each model is."""

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
    full = max(np.abs(reference).max(), 1.0)
    freqs, wanted = residuals.bands(reference / full, FS)
    errors = {run: np.asarray(records.curve(circuit, *run, "sound"), float) - reference for run in chosen}
    left = {run: residuals.bands(error / full, FS)[1] for run, error in errors.items()}
    top = float(wanted.max())
    ratio = {run: np.where(wanted > top - FLOOR, level - wanted, np.nan) for run, level in left.items()}
    figure = Figure(figsize=(10, 4.6))
    levels, ratios = figure.subplots(1, 2, sharex=True)
    levels.plot(freqs, wanted - top, color=style.INK, linewidth=2.2)
    handles = [Line2D([], [], color=style.INK, linewidth=2.2, label="target")]
    for run, look in zip(chosen, looks(len(chosen)), strict=True):
        levels.plot(freqs, left[run] - top, **look)
        ratios.plot(freqs, ratio[run], **look)
        handles.append(Line2D([], [], label=" under ".join(run), **look))
    levels.set(title="level", ylabel="dB of the target's loudest band", ylim=(-FLOOR, 5))
    ratios.set(title="error against the target", ylabel="dB of the target in each band")
    ratios.axhline(0, color=style.INK, linewidth=0.8)
    for axes in (levels, ratios):
        hertz(axes, residuals.LOWEST, 0.5 * FS)
    message = _message(records.title(circuit), chosen[0], freqs, ratio[chosen[0]])
    caption = (
        "Bands of a sixth of an octave over the two seconds that the page plays, for each regime the seed of median "
        "error. Against the target, at 0 dB an error is as loud as it; bands of the target "
        f"{FLOOR:.0f} dB below its loudest are left out there."
    )
    return style.picture(f"spectra-{file_name(circuit)}.png", figure, message, caption, handles=handles)


def _message(title: str, run: tuple[str, str], freqs: NDArray, ratio: NDArray) -> str:
    places = int(np.nanargmin(ratio)), int(np.nanargmax(ratio))
    low, high = (f"{_against(float(ratio[band]))} around {_hertz(freqs[band])}" for band in places)
    return f"{title}: the error of {run[0]} under {run[1]} is {low} and {high}"


def _against(ratio: float) -> str:
    return f"{wording.db(abs(ratio))} dB {'below' if ratio < 0 else 'above'} the target"


def _hertz(freq: float) -> str:
    return f"{freq / 1000:.2g} kHz" if freq >= 1000 else f"{freq:.0f} Hz"
