"""The page of a comparison: how far signals are from each other, how they look, and a blind listening test of them."""

import dataclasses
import itertools
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.metrics import esr
from circuitnn.pages import templates

TEMPLATE = "comparison.html.j2"
PEAK = 0.89  # of full scale, of the loudest of the sounds once they are level


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Take:
    """One of the signals that are compared.

    Attributes:
        name: what it is of.
        y: (time,), in the unit that all have.
        about: what made it, in words.
        response: its small-signal frequency response, complex (f,); None where there is none.
    """

    name: str
    y: ArrayLike
    about: str = ""
    response: ArrayLike | None = None

    @property
    def signal(self) -> NDArray:
        """The samples in float64."""
        return np.asarray(self.y, float).reshape(-1)


@final
@dataclasses.dataclass(frozen=True)
class Difference:
    """How far one signal is from another.

    Attributes:
        first: name of the one whose energy counts as 1.
        second: of the other.
        esr: energy of the difference over that of the first.
        esr_level: the same where the second has the gain that makes it smallest.
        gain_db: that gain.
        largest: of the difference, in the unit of the signals.
    """

    first: str
    second: str
    esr: float
    esr_level: float
    gain_db: float
    largest: float


def differences(takes: Sequence[Take]) -> list[Difference]:
    """Of each pair, the one that was named first is the target.

    Args:
        takes: of one length.

    Raises:
        ValueError: when they are of different lengths.
    """
    found = []
    for first, second in itertools.combinations(takes, 2):
        target, other = first.signal, second.signal
        if target.shape != other.shape:
            raise ValueError(f"{first.name} has {len(target)} samples, {second.name} has {len(other)}")
        power = float(other @ other)
        gain = float(target @ other) / power if power else 0.0
        found.append(
            Difference(
                first.name,
                second.name,
                esr(other, target),
                esr(gain * other, target),
                20 * math.log10(abs(gain)) if gain else -math.inf,
                float(np.abs(other - target).max()),
            )
        )
    return found


def comparison(
    takes: Sequence[Take],
    path: str | os.PathLike,
    *,
    fs: float,
    freqs: ArrayLike | None = None,
    title: str = "Comparison",
    unit: str = "V",
    facts: Mapping[str, str] | None = None,
    played: ArrayLike | None = None,
) -> Path:
    """Write how signals compare as a page: one file of HTML that needs nothing but itself, with its sounds in it.

    Args:
        takes: two or more, of one length and with different names.
        path: ends in .html; written whole or not at all, and folders on the way are made.
        fs: sample rate in hertz.
        freqs: (f,) hertz, of the responses that takes have.
        title: of the page.
        unit: of the signals, for the axes.
        facts: what else to list: name to text.
        played: (time,), what all of them heard; for a player.

    Returns:
        The path.

    Raises:
        ValueError: for fewer than two, two of the same name, or different lengths.
        ModuleNotFoundError: without matplotlib or jinja2.
        OSError: when the file cannot be written.
    """
    templates.check_packages()
    if len({take.name for take in takes}) < max(2, len(takes)):
        raise ValueError("a comparison is of two signals or more, with different names")
    from circuitnn.pages import comparison_pictures  # which needs matplotlib
    from circuitnn.plot import style

    rows = differences(takes)
    with style.context():
        pictures = {
            "waveforms": comparison_pictures.waveforms(takes, fs, unit),
            "spectra": comparison_pictures.spectra(takes, fs, unit),
            "responses": comparison_pictures.responses(takes, freqs),
        }
    heard, gains = level(takes)
    return templates.write(
        path,
        Path(__file__).with_name(TEMPLATE),
        {"number": number, "db": decibels},
        title=title,
        verdict=verdict(rows),
        rows=rows,
        unit=unit,
        pictures=pictures,
        takes=[
            {"name": take.name, "about": take.about, "source": templates.wav(sound, fs), "gain": gain}
            for take, sound, gain in zip(takes, heard, gains, strict=True)
        ],
        played=None if played is None else templates.wav(_full(np.asarray(played, float).reshape(-1)), fs),
        facts=list((facts or {}).items()),
    )


def level(takes: Sequence[Take]) -> tuple[list[NDArray], list[float]]:
    """The sounds with the same root mean square, as loud as the one with the highest peaks allows; and their gains."""
    sizes = [max(float(np.sqrt(np.mean(take.signal**2))), 1e-12) for take in takes]
    highest = max(float(np.abs(take.signal).max()) / size for take, size in zip(takes, sizes, strict=True))
    gains = [PEAK / (max(highest, 1e-12) * size) for size in sizes]
    return [gain * take.signal for take, gain in zip(takes, gains, strict=True)], gains


def verdict(rows: Sequence[Difference]) -> str:
    """Which two are nearest, and which are farthest."""
    if len(rows) == 1:
        return f"Between {rows[0].first} and {rows[0].second} {_apart(rows[0])}."
    nearest, farthest = min(rows, key=lambda row: row.esr), max(rows, key=lambda row: row.esr)
    return (
        f"Nearest to each other are {nearest.first} and {nearest.second}: {_apart(nearest)}. Farthest are "
        f"{farthest.first} and {farthest.second}: {_apart(farthest)}."
    )


def _apart(row: Difference) -> str:
    matched = (
        f", {_share(row.esr_level).removesuffix(' of')} once gains are matched" if row.esr_level < 0.8 * row.esr else ""
    )
    return f"the difference has {_share(row.esr)} the signal's energy ({decibels(row.esr)}){matched}"


def _share(ratio: float) -> str:
    """A ratio of energies before the word for what it is of."""
    return f"{100 * ratio:.2g} % of" if ratio < 1 else f"{ratio:.3g} times"


def decibels(ratio: float) -> str:
    """Of energies, in words."""
    return (
        "none at all" if ratio == 0 else f"{10 * math.log10(ratio):.1f} dB" if math.isfinite(ratio) else "without end"
    )


def number(value: float) -> str:
    return f"{value:.3g}"


def _full(signal: NDArray) -> NDArray:
    return PEAK * signal / max(float(np.abs(signal).max()), 1e-12)
