"""How measures of the same sounds go with each other."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from circuitnn.study.tables import Row

VISQOL = "ViSQOL"
MEASURES = (
    VISQOL,
    "ESR",
    "ESR, levels matched",
    "pre-emphasised ESR",
    "A-weighted, low-passed ESR",
    "MR-STFT",
    "log spectral distance in dB",
    "loudness difference in LU",
)
LEAST = 4  # sounds of which a rank correlation is told


def figures(row: Row) -> list[float]:
    """Medians over the seeds, in the order of `MEASURES`."""
    return [float(np.median([one[name] for one in row["found"]])) for name in MEASURES]


def rank_correlations(rows: Sequence[Row]) -> dict[str, list[float]]:
    """Of each measure with ViSQOL over all models of a device, 1 where they agree; the devices in the order of rows.

    ViSQOL rises with quality and the others fall, so that theirs are turned round; of the loudness difference the size
    counts. NaN where there are fewer than four models, or all are alike.
    """
    found: dict[str, list[float]] = {name: [] for name in MEASURES if name != VISQOL}
    for device in dict.fromkeys(row["device"] for row in rows):
        sounds = [one for row in rows if row["device"] == device for one in row["found"]]
        heard = [one[VISQOL] for one in sounds]
        for name in found:
            values = [abs(one[name]) for one in sounds]
            is_told = len(sounds) >= LEAST and len(set(values)) > 1 and len(set(heard)) > 1
            found[name].append(-float(stats.spearmanr(values, heard).statistic) if is_told else math.nan)
    return found
