"""Sounds: along time, over frequency, and both."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.arguments import checked_rate
from circuitnn.plot import residuals, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Signals = ArrayLike | Mapping[str, ArrayLike]
MOST = 200_000  # samples that are drawn one by one
SPAN = 100.0  # dB that a spectrogram shows
ROOM = 18  # letters beside the panel of differences
WINDOW = 0.03  # seconds of a spectrogram's window


@style.drawn
def waveforms(
    signals: Signals,
    fs: float,
    *,
    start: float | None = None,
    seconds: float = 0.02,
    unit: str = "V",
    difference: bool = True,
    controls: Mapping[str, ArrayLike] | None = None,
    title: str | None = None,
) -> "Figure":
    """Signals along time; of several, below, how the others differ from the first; at the bottom, knobs that move.

    Args:
        signals: (time,) or (time, 1), or several by name, of one length.
        fs: sample rate, Hz.
        start: where the excerpt begins, in seconds; around the loudest place of the first signal when None.
        seconds: how long it is.
        unit: of the signals.
        difference: whether that is drawn.
        controls: positions of knobs for each sample, (time,) each.
        title: what the picture says, above it.

    Raises:
        ValueError: for signals of other shapes or different lengths, and an excerpt that is not inside of them.
    """
    rows = signals_by_name(signals)
    knobs = _knobs(controls or {}, rows)
    first = next(iter(rows.values()))
    part = _excerpt(first, checked_rate(fs), start, seconds)
    is_compared = difference and len(rows) > 1
    heights = [2.7, *[1.5] * is_compared, *[1.0] * bool(knobs)]
    figure, axes = style.panels(len(heights), size=(style.WIDTH, sum(heights)), sharex=True, height_ratios=heights)
    in_ms = part.stop - part.start < fs
    time = (1e3 if in_ms else 1) * np.arange(part.start, part.stop) / fs
    draw_excerpt(axes[:, 0], time, {name: row[part] for name, row in rows.items()}, unit, difference=is_compared)
    for (name, row), look in zip(knobs.items(), style.looks(len(rows) + len(knobs))[len(rows) :], strict=True):
        axes[-1, 0].plot(time, row[part], label=name, **look)
        axes[-1, 0].set_ylabel("knob" if len(knobs) > 1 else name)
    figure.align_ylabels(axes[:, 0])
    axes[-1, 0].set_xlabel(f"time in {'ms' if in_ms else 's'}")
    axes[-1, 0].set_xlim(time[0], time[-1])
    style.legend(figure, axes[0, 0], *axes[-1:, 0] if len(knobs) > 1 else ())
    style.title(figure, title)
    return figure


def draw_excerpt(panels: Any, time: NDArray, rows: Mapping[str, NDArray], unit: str, *, difference: bool) -> None:
    """Signals in the first panel; in the second, how the others differ from the first."""
    first = next(iter(rows.values()))
    rest = {name: row - first for name, row in rows.items() if row is not first} if difference else {}
    looks = style.looks(len(rows))
    factor, prefixed = style.scale(max(np.abs(row).max() for row in rows.values()), unit)
    for (name, row), look in zip(rows.items(), looks, strict=True):
        panels[0].plot(time, factor * row, label=name, **look)
    panels[0].set_ylabel(f"signal in {prefixed}")
    if rest:
        factor, prefixed = style.scale(max(np.abs(row).max() for row in rest.values()), unit)
        for row, look in zip(rest.values(), looks[1:], strict=True):
            panels[1].plot(time, factor * row, **look | ({"linestyle": "-"} if len(rest) == 1 else {}))
        panels[1].axhline(0, color=style.INK, linewidth=0.8)
        label = f"less {next(iter(rows))}, {prefixed}"
        panels[1].set_ylabel(label if len(label) <= ROOM else f"difference in {prefixed}")


@style.drawn
def spectrum(signals: Signals, fs: float, *, unit: str = "V", title: str | None = None) -> "Figure":
    """Levels of signals in bands of a sixth of an octave (Welch, 1967), down to 80 dB below the loudest.

    Args:
        signals: (time,) or (time, 1), or several by name.
        fs: sample rate, Hz.
        unit: of the signals.
        title: what the picture says, above it.

    Raises:
        ValueError: for signals of other shapes or different lengths.
    """
    figure, axes = style.panels(size=(style.WIDTH, 3.4))
    draw_spectra(axes[0, 0], signals_by_name(signals), checked_rate(fs), unit)
    style.legend(figure, axes[0, 0])
    style.title(figure, title)
    return figure


def draw_spectra(axes: Any, rows: Mapping[str, NDArray], fs: float, unit: str) -> None:
    """Curves of levels in bands."""
    top = -np.inf
    for (name, row), look in zip(rows.items(), style.looks(len(rows)), strict=True):
        freqs, level = residuals.bands(row, fs)
        axes.plot(freqs, level, label=name, **look)
        top = max(top, float(level.max()))
    axes.set(ylabel=f"level in dB of 1 {unit}", ylim=(top - style.FLOOR, top + 5))
    style.hertz(axes, residuals.LOWEST, 0.5 * fs)


@style.drawn
def spectrogram(signal: ArrayLike, fs: float, *, seconds: float = WINDOW, title: str | None = None) -> "Figure":
    """Level over time and frequency, in dB of the loudest place.

    Args:
        signal: (time,) or (time, 1).
        fs: sample rate, Hz.
        seconds: length of the window (Hann, three quarters of overlap): longer is finer in frequency, coarser in time.
        title: what the picture says, above it.

    Raises:
        ValueError: for a signal of another shape, or shorter than the window.
    """
    from scipy.signal import ShortTimeFFT  # here, because it takes a second to import
    from scipy.signal.windows import hann

    (row,) = signals_by_name(signal).values()
    size = max(16, round(seconds * checked_rate(fs)))
    if len(row) < size:
        raise ValueError(f"a signal of {len(row)} samples is shorter than the window, {size}")
    transform = ShortTimeFFT(hann(size, sym=False), hop=max(1, size // 4), fs=fs)
    power = transform.spectrogram(row, p0=0, p1=max(1, len(row) // transform.hop))
    level = 10 * np.log10(np.maximum(power, 1e-30) / max(float(power.max()), 1e-30))
    figure, axes = style.panels(size=(style.WIDTH, 3.6))
    panel = axes[0, 0]
    panel.grid(visible=False)
    edges = np.arange(level.shape[1]) * transform.hop / fs
    image = panel.pcolormesh(edges, transform.f[1:], level[1:], vmin=-SPAN, vmax=0, shading="nearest", rasterized=True)
    panel.set(xlabel="time in s", ylabel="frequency in Hz", yscale="log", ylim=(max(transform.f[1], 40), 0.5 * fs))
    ticks = [tick for tick in (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000) if tick <= 0.5 * fs]
    panel.set_yticks(ticks, [style.short(tick) for tick in ticks])
    panel.minorticks_off()
    figure.colorbar(image, ax=panel, label="level in dB of the loudest")
    style.title(figure, title)
    return figure


def signals_by_name(signals: Any) -> dict[str, NDArray]:
    """Rows of one length, each (time,).

    Raises:
        ValueError: for other shapes, different lengths, and what is not finite.
    """
    things = signals if isinstance(signals, Mapping) else {"": signals}
    rows = {}
    for name, signal in things.items():
        row = np.asarray(signal, np.float64)
        row = row[:, 0] if row.ndim == 2 and row.shape[1] == 1 else row
        if row.ndim != 1 or len(row) < 2:
            raise ValueError(f"signal {name}: expected (time,) or (time, 1), got the shape {np.shape(signal)}")
        if not np.isfinite(row).all():
            raise ValueError(f"signal {name}: not finite at sample {int(np.flatnonzero(~np.isfinite(row))[0])}")
        rows[str(name)] = row
    if not rows or len({len(row) for row in rows.values()}) > 1:
        told = ", ".join(f"{name} {len(row)}" for name, row in rows.items())
        raise ValueError(f"signals of one length are compared, got {told or 'none'}")
    return rows


def _knobs(controls: Mapping[str, ArrayLike], rows: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Positions along time, as long as the signals."""
    found = {name: np.asarray(row, np.float64) for name, row in controls.items()}
    shape = next(iter(rows.values())).shape
    for name, row in found.items():
        if row.shape != shape:
            raise ValueError(f"controls: {name} needs a position for each of {shape[0]} samples, not {row.shape}")
    return found


def _excerpt(row: NDArray, fs: float, start: float | None, seconds: float) -> slice:
    length = min(max(2, round(seconds * fs)), len(row))
    if length > MOST:
        raise ValueError(f"seconds: {seconds:g} s are {length} samples, more than {MOST} that can be told apart")
    if start is None:
        loudest = residuals.excerpts(row, fs)[0] if len(row) > 2 * residuals.FRAME * fs else slice(0, len(row))
        middle = (loudest.start + loudest.stop) // 2
        begin = min(max(middle - length // 2, 0), len(row) - length)
    else:
        begin = round(start * fs)
        if not 0 <= begin <= len(row) - 2:
            raise ValueError(f"start: {start:g} s is not within the signal, which has {len(row) / fs:g} s")
    return slice(begin, min(begin + length, len(row)))
