"""Draws docs/assets/compressors.svg, static curves and a burst: python -m docs.tools.compressors_figure.

Everything is of the models, at 48 kHz: the peak of each period of a sine of 1 kHz.
"""

from pathlib import Path

import jax
import numpy as np
from matplotlib.figure import Figure

import circuitnn as cn
from circuitnn.plot.style import FAINT
from docs.tools.figures import keep

FILE = Path(__file__).parents[1] / "assets" / "compressors.svg"
FS, PERIOD = 48_000, 48
LEVELS = np.arange(-40.0, 25.0, 4.0)  # dB re 1 V
SETTLING = 1500  # periods
QUIET, LOUD = 1e-3, 1.0  # volts
BURST = 20, 1020, 3000  # periods: begin, end, and of the whole
CURVES = {
    "la2a": [("compress", {"mode": 0.0}), ("limit", {"mode": 1.0})],
    "cl1b": [("ratio 0", {"ratio": 0.0}), ("ratio 0.3", {"ratio": 0.3}), ("ratio 1", {"ratio": 1.0})],
}


def main() -> None:
    """Draws the figure."""
    jax.config.update("jax_enable_x64", True)
    keep(FILE, drawn)


def drawn() -> Figure:
    """A row for each compressor."""
    figure = Figure(figsize=(6.6, 5.0))
    for row, name in zip(figure.subplots(2, 2), CURVES, strict=True):
        _draw(row, name)
    return figure


def _draw(axes: np.ndarray, name: str) -> None:
    """A row: the static curves, and the reduction during and after a burst of 1 V."""
    settled = np.repeat(10 ** (LEVELS / 20), SETTLING).reshape(-1, SETTLING)
    burst = np.full((1, BURST[2]), QUIET)
    burst[:, BURST[0] : BURST[1]] = LOUD
    for label, knobs in CURVES[name]:
        axes[0].plot(LEVELS, LEVELS - _reduction(name, settled, knobs)[:, -1], label=label)
        axes[1].plot(np.arange(BURST[2]) - BURST[0], _reduction(name, burst, knobs)[0], label=label)
    axes[0].plot(LEVELS, LEVELS, color=FAINT, linewidth=0.8)
    axes[0].set(
        title=f"{name}: 1 kHz after {SETTLING / 1000:g} s", xlabel="input, dB re 1 V", ylabel="output less gain, dB"
    )
    axes[1].set(title=f"{name}: a second of 1 V", xlabel="ms", ylabel="reduction, dB")
    axes[0].legend()
    axes[1].legend()


def _reduction(name: str, peaks: np.ndarray, knobs: dict[str, float]) -> np.ndarray:
    """In dB below the gain at rest, for each period of sines (streams, periods) of these peaks."""
    model = cn.nodal.NodalModel(cn.circuits.CATALOGUE[name](), FS, dtype=np.float64)
    sine = np.sin(2 * np.pi * (np.arange(PERIOD) + 0.5) / PERIOD)
    rested = np.concatenate([np.full((len(peaks), 5), QUIET), peaks], axis=1)
    x = (rested[..., None] * sine).reshape(len(rested), -1, 1)
    _, y = cn.run(model, x, controls=knobs)
    gain = np.abs(np.asarray(y).reshape(*rested.shape, PERIOD)).max(axis=-1) / rested
    return (20 * np.log10(gain[:, 4:5] / gain))[:, 5:]


if __name__ == "__main__":
    main()
