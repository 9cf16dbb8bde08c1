"""A page that plays a device over the positions of its knobs, with its response beside it: all is computed before."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from circuitnn.pages import templates

TEMPLATE = "play.html.j2"
PEAK = 0.89  # of full scale, of the loudest of all takes: what a volume knob does is heard
FLOOR = 60.0  # dB below the highest response, where curves end


@final
@dataclass(frozen=True, eq=False)
class Setting:
    """What is heard and seen at one setting of the knobs.

    Attributes:
        knobs: position of each knob by its name; the same names in all settings.
        y: (time,) what comes out.
        response: complex (f,), small-signal.
    """

    knobs: Mapping[str, float]
    y: ArrayLike
    response: ArrayLike


def play(
    settings: Sequence[Setting],
    path: str | os.PathLike,
    *,
    fs: float,
    freqs: ArrayLike,
    played: ArrayLike,
    title: str = "Device",
    facts: Mapping[str, str] | None = None,
) -> Path:
    """Write a page that plays what a device makes of a sound while its knobs are turned.

    It is one file of HTML that needs nothing but itself, and works from the disk.

    Args:
        settings: one for each combination of the positions that the knobs have.
        path: ends in .html; written whole or not at all, and folders on the way are made.
        fs: sample rate in hertz.
        freqs: (f,) hertz, rising, of the responses.
        played: (time,), what was played into the device.
        title: of the page.
        facts: what else to list: name to text.

    Returns:
        The path.

    Raises:
        ValueError: for no settings, and where combinations are missing or given twice.
        ModuleNotFoundError: without matplotlib or jinja2.
        OSError: when the file cannot be written.
    """
    templates.check_packages()
    knobs = _positions(settings)
    takes = [np.asarray(setting.y, float).reshape(-1) for setting in settings]
    highest = max(max(float(np.abs(take).max()) for take in takes), 1e-300)
    clean = np.asarray(played, float).reshape(-1)
    with np.errstate(divide="ignore"):
        curves = np.array([20 * np.log10(np.abs(np.asarray(setting.response))) for setting in settings])
    top = 10 * np.ceil(max(float(curves.max()), -300.0) / 10)
    data = {
        "knobs": [{"name": name, "positions": positions} for name, positions in knobs.items()],
        "takes": [
            {"at": [float(setting.knobs[name]) for name in knobs], "sound": templates.wav(PEAK / highest * take, fs)}
            for setting, take in zip(settings, takes, strict=True)
        ],
        "curves": [[round(float(value), 2) for value in np.maximum(curve, top - FLOOR)] for curve in curves],
        "freqs": [round(float(freq), 2) for freq in np.asarray(freqs)],
        "top": top,
        "floor": top - FLOOR,
        "clean": templates.wav(PEAK * clean / max(float(np.abs(clean).max()), 1e-300), fs),
    }
    return templates.write(
        path, Path(__file__).with_name(TEMPLATE), {}, title=title, facts=list((facts or {}).items()), data=data
    )


def _positions(settings: Sequence[Setting]) -> dict[str, list[float]]:
    """Of each knob, rising."""
    if not settings:
        raise ValueError("a page to play needs a setting")
    names = list(settings[0].knobs)
    seen = {tuple(map(setting.knobs.get, names)) for setting in settings}
    found = {name: sorted({float(each.knobs[name]) for each in settings if name in each.knobs}) for name in names}
    whole = int(np.prod([len(positions) for positions in found.values()])) if found else 1
    if any(set(setting.knobs) != set(names) for setting in settings) or not len(seen) == len(settings) == whole:
        raise ValueError(
            f"each combination of {', '.join(f'{len(p)} positions of {n}' for n, p in found.items()) or 'no knobs'} is "
            f"needed once, {whole} in all; got {len(settings)} settings"
        )
    return found
