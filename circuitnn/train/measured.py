"""Measured responses from a folder: a table of magnitudes, or recordings with the knob positions in a table."""

import os
from array import array
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuitnn.audio import read
from circuitnn.tables import number, table_rows
from circuitnn.train.response_data import Responses, responses

TABLE, FILES, INPUT = "responses.csv", "settings.csv", "input.wav"
FREQ, MAGNITUDE, PHASE, FILE = "freq_hz", "magnitude_db", "phase_deg", "file"
POINTS, LOWEST, HIGHEST = 96, 20.0, 20e3
SILENT = 1e-6  # of the loudest frequency of the input, below which it says nothing (-60 dB)


def read_responses(folder: str | os.PathLike) -> Responses:
    """Read measured responses.

    Either `responses.csv` with a column for each knob (from 0 to 1), `freq_hz`, `magnitude_db` and, if measured,
    `phase_deg`: one line for each frequency and setting, the same frequencies at every setting. Or `settings.csv`
    with a column for each knob and `file`, the names of sound files in the folder: impulse responses, or, with the
    `input.wav` that was played (a sweep, noise), what came back from it.

    Raises:
        ValueError: naming the file, and the column or line that is missing or wrong.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    if (folder / TABLE).is_file():
        return _from_table(folder / TABLE)
    if (folder / FILES).is_file():
        return _from_recordings(folder)
    raise ValueError(f"{folder}: has neither {TABLE} (magnitudes) nor {FILES} (recordings and knob positions)")


def _columns(path: Path, needed: tuple[str, ...], others: tuple[str, ...]) -> tuple[list[str], dict[str, Any]]:
    """The names of the knobs, and the columns by name: numbers, but for the names of files."""
    rows = table_rows(path)
    _, names = next(rows, (0, []))
    missing = [name for name in needed if name not in names]
    if missing:
        raise ValueError(
            f"{path}: column {', '.join(missing)} is missing; there are {', '.join(names)[:300] or 'none'}"
        )
    if len(set(names)) < len(names):
        raise ValueError(f"{path}: two columns have the same name, there are {', '.join(names)[:300]}")
    knobs = [name for name in names if name not in (*needed, *others)]
    if not knobs:
        raise ValueError(f"{path}: no column for a knob")
    columns: dict[str, Any] = {name: [] if name == FILE else array("d") for name in names}
    for line, cells in rows:
        if len(cells) != len(names):
            raise ValueError(f"{path}: line {line} has not as many fields as there are columns")
        for name, cell in zip(names, cells, strict=True):
            columns[name].append(_entry(path, line, name, cell))
    if not columns[names[0]]:
        raise ValueError(f"{path}: has no lines")
    return knobs, columns


def _entry(path: Path, line: int, name: str, cell: str) -> float | str:
    if name == FILE:
        if Path(cell).name != cell:
            raise ValueError(f"{path}: line {line}: {cell!r} is not in the folder")
        return cell
    try:
        return number(cell)
    except ValueError:
        raise ValueError(f"{path}: line {line}: {name} is {cell!r}, no number") from None


def _from_table(path: Path) -> Responses:
    knobs, columns = _columns(path, (FREQ, MAGNITUDE), (PHASE,))
    has_phase = PHASE in columns
    positions = np.stack([columns[name] for name in knobs], axis=-1)
    freqs, magnitude = np.asarray(columns[FREQ]), np.asarray(columns[MAGNITUDE])
    phase = np.asarray(columns[PHASE]) if has_phase else np.zeros(len(freqs))
    settings, of_row = np.unique(positions, axis=0, return_inverse=True)
    known = np.unique(freqs)
    if len(freqs) != len(settings) * len(known):
        raise ValueError(
            f"{path}: {len(settings)} settings and {len(known)} frequencies make {len(settings) * len(known)} lines, "
            f"there are {len(freqs)}"
        )
    table = np.full((len(settings), len(known)), np.nan, complex)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused below
        value = 10 ** (magnitude / 20) * np.exp(1j * np.deg2rad(phase))
    table[np.ravel(of_row), np.searchsorted(known, freqs)] = value
    try:
        return responses(known, dict(zip(knobs, settings.T, strict=True)), table, has_phase=has_phase)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _from_recordings(folder: Path) -> Responses:
    path = folder / FILES
    knobs, columns = _columns(path, (FILE,), ())
    positions = {name: np.asarray(columns[name]) for name in knobs}
    played, fs = read(folder / INPUT) if (folder / INPUT).is_file() else (None, None)
    found = []
    freqs = np.geomspace(LOWEST, HIGHEST, POINTS)
    for name in columns[FILE]:
        heard, rate = read(folder / name)
        if fs is not None and rate != fs:
            raise ValueError(f"{folder / name}: {rate} Hz, others have {fs} Hz")
        fs = rate
        freqs = freqs[freqs < 0.46 * fs]
        found.append(_transform(heard, fs, freqs))
    response = np.stack(found)
    if played is not None:
        excitation = _transform(played, float(fs or 0), freqs)
        if np.any(np.abs(excitation) ** 2 < SILENT * np.max(np.abs(excitation) ** 2)):
            quiet = freqs[int(np.argmin(np.abs(excitation)))]
            raise ValueError(
                f"{folder / INPUT}: there is nothing at {quiet:.0f} Hz, so that no response is known there"
            )
        response = response / excitation
    try:
        return responses(freqs, positions, response)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _transform(x: NDArray, fs: float, freqs: NDArray) -> NDArray:
    """The spectrum of a sound (time,) at some frequencies: (f,)."""
    total = np.zeros(len(freqs), complex)
    for start in range(0, len(x), 65536):  # a piece at a time: bounded memory
        piece = x[start : start + 65536]
        total += np.exp(-2j * np.pi * np.outer(freqs / fs, np.arange(start, start + len(piece)))) @ piece
    return total
