"""The sounds of a listening test: levels matched, anchors made, what can be measured of them."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import firwin, oaconvolve

from circuitnn import metrics
from circuitnn.audio import resample

REFERENCE = "reference"
ANCHORS = {"anchor 3.5 kHz": (3500.0, 4000.0), "anchor 7 kHz": (7000.0, 8000.0)}  # hertz: what passes, what does not
STOPPED = 60.0  # dB
PEAK = 0.89  # of full scale, of the loudest sound of an item
LONGEST = 20.0  # seconds of a sound that can be kept in mind


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Item:
    """What is heard at a time: one piece of music as it should be, and what contenders make of it.

    Attributes:
        name: of the piece.
        reference: (time,) the sound as it should be.
        sounds: (time,) of each contender by its name; the same names in all items of a test.
    """

    name: str
    reference: ArrayLike
    sounds: Mapping[str, ArrayLike]

    def __post_init__(self):
        if not self.sounds:
            raise ValueError(f"{self.name}: a listening test needs a sound beside the reference")
        taken = {REFERENCE, *ANCHORS} & set(self.sounds)
        if taken:
            raise ValueError(
                f"{self.name}: {', '.join(sorted(taken))} is the name of a sound that the test makes itself"
            )
        length = np.asarray(self.reference).size
        for name, sound in {REFERENCE: self.reference, **self.sounds}.items():
            samples = np.asarray(sound, float)
            if samples.size != length or samples.size != max(samples.shape, default=0):
                raise ValueError(
                    f"{self.name}, {name}: sounds are (time,) and as long as the reference, {length} samples; "
                    f"got {samples.shape}"
                )
            if not np.all(np.isfinite(samples)) or not np.any(samples):
                raise ValueError(f"{self.name}, {name}: is silent, or not finite")


def made_level(item: Item, fs: float, *, anchors: bool) -> dict[str, NDArray[np.float64]]:
    """The reference, the anchors and the contenders as loud as the reference (ITU-R BS.1770), by name.

    The anchors are the reference through low-pass filters of 3.5 and 7 kHz (ITU-R BS.1534-3); what the filters take
    away is not made up for.

    Raises:
        ValueError: for a sound that is too soft to have a loudness.
    """
    sounds = {name: np.asarray(sound, float).reshape(-1) for name, sound in item.sounds.items()}
    reference = np.asarray(item.reference, float).reshape(-1)
    aim = _loudness(item.name, REFERENCE, reference, fs)
    level = {REFERENCE: reference}
    if anchors:
        level |= {name: low_passed(reference, fs, *edges) for name, edges in ANCHORS.items() if edges[1] < fs / 2}
    for name, sound in sounds.items():
        level[name] = 10 ** ((aim - _loudness(item.name, name, sound, fs)) / 20) * sound
    highest = max(float(np.abs(sound).max()) for sound in level.values())
    return {name: PEAK / highest * sound for name, sound in level.items()}


def low_passed(x: NDArray, fs: float, passed: float, stopped: float) -> NDArray:
    """A sound without what lies above, in its place in time."""
    beta = 0.1102 * (STOPPED - 8.7)  # Kaiser's window
    taps = 2 * math.ceil((STOPPED - 7.95) / (14.36 * (stopped - passed) / fs) / 2) + 1
    filter_ = firwin(taps, (passed + stopped) / 2, window=("kaiser", beta), fs=fs)
    return oaconvolve(x, filter_)[taps // 2 :][: len(x)]


def scores(item: Item, level: Mapping[str, NDArray], fs: float) -> dict[str, dict[str, float]]:
    """What measures say of each sound beside the reference, by name.

    The ESR and the loudness difference are those of the sounds as they came; the rest are those of the sounds as they
    are heard. ViSQOL's mean opinion score is there where the package visqol-python is installed.
    """
    visqol, found = _visqol(), {}
    for name, heard in level.items():
        if name == REFERENCE:
            continue
        figures = {
            "ESR, levels matched": metrics.esr(heard, level[REFERENCE]),
            "MR-STFT": metrics.mr_stft(heard, level[REFERENCE]),
            "log spectral distance in dB": metrics.log_spectral_distance(heard, level[REFERENCE]),
            "pre-emphasised ESR": metrics.pre_emphasis(heard, level[REFERENCE]),
            "A-weighted, low-passed ESR": metrics.pre_emphasis(
                heard, level[REFERENCE], emphasis="a_weighting_low_pass", fs=fs
            ),
        }
        if name in item.sounds:
            came, reference = (np.asarray(each, float).reshape(-1) for each in (item.sounds[name], item.reference))
            figures["ESR"] = metrics.esr(came, reference)
            figures["loudness difference in LU"] = metrics.loudness_difference(came, reference, fs=fs)
        if visqol is not None:
            figures["ViSQOL"] = visqol(level[REFERENCE], heard, fs)
        found[name] = figures
    return found


def _loudness(item: str, name: str, sound: NDArray, fs: float) -> float:
    # A device's signal may be of millivolts: what is measured is put to full scale first.
    peak = float(np.abs(sound).max())
    found = metrics.loudness(sound / peak, fs) + 20 * math.log10(peak)
    if not math.isfinite(found):
        raise ValueError(f"{item}, {name}: too soft beside its own peak to have a loudness")
    return found


def _visqol() -> Any:
    try:
        from visqol import VisqolApi  # type: ignore[import-not-found]
    except ImportError:
        return None

    api = VisqolApi()
    api.create(mode="audio")

    def score(reference: NDArray, heard: NDArray, fs: float) -> float:
        both = [sound if fs == 48_000 else resample(sound, int(fs), 48_000) for sound in (reference, heard)]
        return float(api.measure_from_arrays(*both, 48_000).moslqo)

    return score
