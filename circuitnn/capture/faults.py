"""What a recorder or a mains supply has done to a recording in time: gaps, lost samples, hum."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from circuitnn.capture.findings import Finding
from circuitnn.description import counted

GAP, AUDIBLE, NEAR_ZERO = 0.01, 0.1, 0.05  # seconds; of the root mean square of x; of the peak of y
PIECE, REACH = 0.5, 0.1  # seconds of a piece whose delay is looked for, and how far
SLIP = 5e-4  # seconds: less is a device's
CLEAR = 0.3  # of the energies, that a correlation has to have
FEWEST, SIDE, ALIKE = 6, 3, 0.85  # pieces in all, and on each side of a slip; share that has to agree
MAINS, HARMONICS, STANDS_OUT = (50, 60), 4, 100.0  # hertz; power over that beside it
HUMS = 1e-4  # ESR that hum alone leaves


def gaps(x: NDArray, y: NDArray, name: str, fs: float) -> Iterator[Finding]:
    """Stretches in which the recording stands still though something is played: a converter's noise never does."""
    edges = np.flatnonzero(np.diff(y)) + 1
    starts, stops = np.concatenate([[0], edges]), np.concatenate([edges, [len(y)]])
    long = stops - starts >= GAP * fs
    step = np.abs(np.diff(y))
    peak, power = np.abs(y).max(), float(np.mean(x**2))
    if not long.any() or step[step > 0].min() > NEAR_ZERO * peak / 2:
        return
    found = [
        (start, stop)
        for start, stop in zip(starts[long], stops[long], strict=True)
        if abs(y[start]) < NEAR_ZERO * peak and np.mean(x[start:stop] ** 2) > AUDIBLE**2 * power
    ]
    if found:
        longest = max(stop - start for start, stop in found) / fs
        yield Finding(
            f"{name} has {counted(len(found), 'gap')} where something is played, the first at "
            f"{found[0][0] / fs:.3f} s, the longest of {1e3 * longest:.3g} ms: record it again, unless the device "
            "falls silent itself",
            is_doubt=True,
        )


def slip(x: NDArray, y: NDArray, name: str, fs: float) -> Iterator[Finding]:
    """One place from which on the recording is early or late against what was played: samples were lost or doubled."""
    size, reach = round(PIECE * fs), round(REACH * fs)
    rises_x, rises_y = np.diff(x), np.diff(y)
    places, delays = [], []
    for start in range(reach, len(rises_y) - size - reach, size):
        delay = _delay(rises_x[start - reach : start + size + reach], rises_y[start : start + size], reach)
        if delay is not None:
            places.append(start)
            delays.append(delay)
    if len(delays) < FEWEST:
        return
    lags, best = np.array(delays), (0.0, 0, 0.0)
    for at in range(SIDE, len(lags) - SIDE + 1):
        before, after = np.median(lags[:at]), np.median(lags[at:])
        # Nearly all of both sides, or it is music that repeats itself.
        agree = np.abs(lags - np.where(np.arange(len(lags)) < at, before, after)) <= SLIP * fs / 4
        sides = agree[:at], agree[at:]
        is_clear = all(side.mean() >= ALIKE and side.sum() >= SIDE for side in sides)
        if is_clear and agree.mean() > best[0] and abs(after - before) > SLIP * fs:
            best = float(agree.mean()), at, float(after - before)
    _, at, moved = best
    if at:
        what = "earlier: the recorder has lost them" if moved < 0 else "later: the recorder has added them"
        yield Finding(
            f"{name} is from about {places[at] / fs:.1f} s on {abs(moved):.0f} samples "
            f"({1e3 * abs(moved) / fs:.3g} ms) {what}; record it again, or cut it there",
            is_doubt=True,
        )


def hum(x: NDArray, y: NDArray, name: str, fs: float) -> Iterator[Finding]:
    """Lines at the mains' frequency and its multiples, that stay while music comes and goes, and were not played."""
    size = round(fs)
    if len(y) < 4 * size:
        return
    window = np.hanning(size + 1)[:-1]
    lines: dict[int, float] = {}
    steady = [_steady(signal, window) for signal in (x, y)]
    for mains in MAINS:
        for freq in range(mains, mains * HARMONICS + 1, mains):
            beside = [*range(freq - 8, freq - 3), *range(freq + 4, freq + 9)]
            over = [spectrum[freq] / max(float(np.median(spectrum[beside])), 1e-300) for spectrum in steady]
            if over[1] > STANDS_OUT > 10 * over[0] and freq not in lines:
                lines[freq] = 2 * float(steady[1][freq]) / float(window.sum()) ** 2
    esr = sum(lines.values()) / float(np.mean(y**2))
    if esr > HUMS and any(mains in lines or 2 * mains in lines for mains in MAINS):
        shown = ", ".join(f"{freq} Hz" for freq in sorted(lines))
        yield Finding(
            f"{name} hums ({shown}), {-10 * np.log10(esr):.0f} dB below the music: no model gets below an ESR of "
            f"{esr:.1g}; look for a ground loop",
            is_doubt=True,
        )


def _delay(x: NDArray, y: NDArray, reach: int) -> int | None:
    """Of y, a piece, in x, which is longer by `reach` on either side; None where none is clear."""
    count = len(x) + len(y)
    length = 1 << (count - 1).bit_length()
    product = np.fft.irfft(np.conj(np.fft.rfft(x, length)) * np.fft.rfft(y, length), length)
    # y(n) is x(n + reach - delay): the correlation at the shift -(reach - delay).
    lags = np.arange(-reach, reach + 1)
    found = np.abs(product[(lags - reach) % length])
    best = int(np.argmax(found))
    energies = float(np.sqrt(np.sum(x[reach:-reach] ** 2) * np.sum(y**2)))
    return int(lags[best]) if energies > 0 and found[best] > CLEAR * energies else None


def _steady(signal: NDArray, window: NDArray) -> NDArray:
    """Power at each hertz that is there most of the time."""
    size = len(window)
    starts = range(0, len(signal) - size + 1, size // 2)
    chosen = np.linspace(0, len(starts) - 1, min(len(starts), 64)).astype(int)
    powers = [np.abs(np.fft.rfft(window * signal[starts[k] : starts[k] + size])[:512]) ** 2 for k in chosen]
    return np.quantile(powers, 0.3, axis=0)
