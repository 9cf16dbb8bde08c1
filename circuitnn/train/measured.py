"""Measured responses from a folder: a table of magnitudes, or recordings with the knob positions in a table."""

import csv
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from circuitnn.audio import read
from circuitnn.train.response_data import Responses, responses

TABLE, FILES, INPUT = "responses.csv", "settings.csv", "input.wav"
FREQ, MAGNITUDE, PHASE, FILE = "freq_hz", "magnitude_db", "phase_deg", "file"
LARGEST = 64_000_000  # bytes of a table
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


def _rows(path: Path, needed: tuple[str, ...], others: tuple[str, ...]) -> tuple[list[str], list[dict[str, str]]]:
    """The names of the knobs, and the lines."""
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path}: larger than {LARGEST} bytes")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            names = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = names
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: cannot be read as a table: {error}") from None
    missing = [name for name in needed if name not in names]
    if missing:
        raise ValueError(f"{path}: column {', '.join(missing)} is missing; there are {', '.join(names) or 'none'}")
    if len(set(names)) < len(names):
        raise ValueError(f"{path}: two columns have the same name, there are {', '.join(names)}")
    knobs = [name for name in names if name not in (*needed, *others)]
    if not knobs:
        raise ValueError(f"{path}: no column for a knob")
    if not rows:
        raise ValueError(f"{path}: has no lines")
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise ValueError(f"{path}: line {number} has not as many fields as there are columns")
    return knobs, rows


def _numbers(path: Path, rows: list[dict[str, str]], name: str) -> NDArray:
    found = np.empty(len(rows))
    for k, row in enumerate(rows):
        try:
            found[k] = float(row[name])
        except ValueError:
            raise ValueError(f"{path}: line {k + 2}: {name} is {row[name]!r}, no number") from None
    return found


def _from_table(path: Path) -> Responses:
    knobs, rows = _rows(path, (FREQ, MAGNITUDE), (PHASE,))
    has_phase = PHASE in rows[0]
    positions = np.stack([_numbers(path, rows, name) for name in knobs], axis=-1)
    freqs, magnitude = _numbers(path, rows, FREQ), _numbers(path, rows, MAGNITUDE)
    phase = _numbers(path, rows, PHASE) if has_phase else np.zeros(len(rows))
    settings, of_row = np.unique(positions, axis=0, return_inverse=True)
    of_row = np.ravel(of_row)
    known = np.unique(freqs)
    table = np.full((len(settings), len(known)), np.nan, complex)
    table[of_row, np.searchsorted(known, freqs)] = 10 ** (magnitude / 20) * np.exp(1j * np.deg2rad(phase))
    if len(rows) != table.size:
        raise ValueError(
            f"{path}: {len(settings)} settings and {len(known)} frequencies make {table.size} lines, "
            f"there are {len(rows)}"
        )
    try:
        return responses(known, dict(zip(knobs, settings.T, strict=True)), table, has_phase=has_phase)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _from_recordings(folder: Path) -> Responses:
    path = folder / FILES
    knobs, rows = _rows(path, (FILE,), ())
    positions = {name: _numbers(path, rows, name) for name in knobs}
    played, fs = read(folder / INPUT) if (folder / INPUT).is_file() else (None, None)
    found = []
    freqs = np.geomspace(LOWEST, HIGHEST, POINTS)
    for number, row in enumerate(rows, 2):
        name = row[FILE].strip()
        if Path(name).name != name:
            raise ValueError(f"{path}: line {number}: {name!r} is not in the folder")
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
