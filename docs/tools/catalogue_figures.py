"""Draws the responses of the catalogue into docs/assets/catalogue/: python -m docs.tools.catalogue_figures [name ...].

Small-signal responses over the positions of each knob, and of nonlinear circuits what a sine becomes.
"""

import sys
from functools import partial
from pathlib import Path

import jax
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

import circuitnn as cn
from circuitnn.plot.style import shades
from docs.tools.figures import keep

FOLDER = Path(__file__).parents[1] / "assets" / "catalogue"
POSITIONS = np.linspace(0, 1, 5)
GATES = np.linspace(-2.2, -1.8, 5)  # volts, of the phaser's oscillator
CARRIERS = np.array([0.1, 0.3, 0.5, 1.0, 2.0])  # volts, of the ring modulator
FREQS = np.geomspace(20, 20e3, 121)
TONE, RATE = 220.0, 96_000
LEVELS = (0.1, 0.3, 1.0)  # of the nominal peak
FLOOR = 60.0  # dB below the loudest curve
PANEL = 2.9, 2.3  # inches


def main(names: list[str]) -> int:
    """Draws the circuits of these names, or all."""
    jax.config.update("jax_enable_x64", True)
    for name in names or cn.circuits.CATALOGUE:
        keep(FOLDER / f"{name}.svg", partial(drawn, name))
        print(name, flush=True)
    return 0


def drawn(name: str) -> Figure:
    """The figure of one circuit: a panel for each knob, and one for the waveforms where it is nonlinear."""
    circuit = cn.circuits.CATALOGUE[name]().astype(np.float64)
    knobs = list(circuit.controls)
    is_nonlinear = bool(circuit.models) or any(part.is_behavioural for part in circuit.components)
    count = max(1, len(knobs)) + is_nonlinear
    columns = 2 if count == 4 else min(count, 3)
    rows = -(-count // columns)
    figure = Figure(figsize=(max(PANEL[0] * columns, 3.6), PANEL[1] * rows + 0.35))
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for spare in panels[count:]:
        spare.axis("off")
    _draw_responses(figure, panels[: count - is_nonlinear], circuit, knobs, name)
    if is_nonlinear:
        _draw_waveforms(panels[count - 1], circuit, cn.circuits.NOMINAL_PEAK[name])
    return figure


def _draw_responses(figure, panels, circuit, knobs, name: str) -> None:
    if knobs:
        labels, titles = [f"{position:g}" for position in POSITIONS], [f"{knob}" for knob in knobs]
        curves = _over_knobs(circuit, knobs)
    elif name == "ring_modulator":
        labels, titles = [f"{volts:g} V" for volts in CARRIERS], ["carrier"]
        curves = [[cn.nodal.frequency_response(circuit.replace(Vcarrier=v), FREQS)[0, 0] for v in CARRIERS]]
    elif "Vlfo" in circuit.inputs:
        gates = GATES[::2] if name == "phase90" else GATES
        labels, titles = [f"{volts:g} V" for volts in gates], ["gate voltage"]
        curves = [[cn.nodal.frequency_response(circuit.replace(Vlfo=v), FREQS)[0, 0] for v in gates]]
    else:
        labels, titles, curves = [""], [""], [[cn.nodal.frequency_response(circuit, FREQS)]]
    is_allpass = name in ("phase90_stage", "univibe_stage")
    shown = [[_degrees(h) if is_allpass else _decibels(h) for h in family] for family in curves]
    finite = np.concatenate([h[np.isfinite(h)] for family in shown for h in family])
    top = finite.max()
    bottom = finite.min() if is_allpass else max(finite.min(), top - FLOOR)
    top, bottom = (0.5 * (top + bottom) + side * max(0.56 * (top - bottom), 3) for side in (1, -1))
    for panel, title, family in zip(panels, titles, shown, strict=True):
        for curve, color in zip(family, shades(len(labels)), strict=True):
            panel.semilogx(FREQS, curve, color=color)
        panel.set(xlabel="frequency in Hz", title=title, xlim=(20, 20e3), ylim=(bottom, top))
        panel.set_xticks([20, 100, 1e3, 1e4], ["20", "100", "1k", "10k"])
        panel.minorticks_off()
        panel.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 3, 6, 10]))
        panel.set_ylabel("phase in degrees" if is_allpass else "gain in dB")
    if len(labels) > 1:
        lines = panels[0].get_lines()
        words = "knob at" if knobs else "carrier at" if name == "ring_modulator" else "gate at"
        silent = [
            not is_allpass and all(family[k].max() < top - 2 * FLOOR for family in shown) for k in range(len(labels))
        ]
        labels = [f"{label} (silent)" if is_silent else label for label, is_silent in zip(labels, silent, strict=True)]
        handles = [Line2D([], [], linestyle="none"), *lines]
        figure.legend(
            handles,
            [words, *labels],
            loc="outside lower left",
            ncols=len(handles),
            handlelength=1.1,
            handletextpad=0.5,
            columnspacing=1,
        )


def _over_knobs(circuit, knobs: list[str]) -> list[list]:
    """For each knob the responses at all its positions, the others at their defaults; all in one batch."""
    controls = {}
    for k, knob in enumerate(knobs):
        value = np.full((len(knobs), len(POSITIONS), 1), circuit.controls[knob])
        value[k, :, 0] = POSITIONS
        controls[knob] = value
    return [list(family) for family in cn.nodal.frequency_response(circuit, FREQS, controls=controls)]


def _draw_waveforms(panel, circuit, peak: float) -> None:
    """Two periods of the output, less its mean, for sines of several levels; settled for 40 periods."""
    time = np.arange(int(42 * RATE / TONE)) / RATE
    u = np.array(LEVELS)[:, None] * peak * np.sin(2 * np.pi * TONE * time)
    x = u[..., None]
    if len(circuit.inputs) > 1:
        x = np.concatenate([x, np.full_like(x, float(circuit.values[circuit.inputs[1]]))], axis=-1)
    model = cn.nodal.NodalModel(circuit, RATE, dtype=np.float64)
    # One after the other: one stream compiles in a fraction of the time.
    y = np.stack([np.reshape(cn.run(model, each)[1], -1) for each in x])
    part = slice(-int(2 * RATE / TONE), None)
    for level, row, color in zip(LEVELS, y, shades(len(LEVELS))[::-1], strict=True):
        row = row[part] - row[part].mean()
        panel.plot(1e3 * (time[part] - time[part][0]), row, color=color, label=f"{_volts(level * peak)}")
    panel.set(xlabel="time in ms", ylabel="output in V", title=f"sines of {TONE:.0f} Hz with a peak of")
    panel.set_xlim(0, 2e3 / TONE)
    low, high = panel.get_ylim()
    panel.set_ylim(low, high + 0.22 * (high - low))
    panel.legend(loc="upper center", ncols=3, columnspacing=1, handlelength=1.2, borderaxespad=0.1)


def _volts(value: float) -> str:
    return f"{value:g} V" if value >= 1 else f"{1e3 * value:g} mV"


def _decibels(response) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return 20 * np.log10(np.abs(np.asarray(response)))


def _degrees(response) -> np.ndarray:
    degrees = np.degrees(np.unwrap(np.angle(np.asarray(response))))
    return degrees - 360 * np.round(degrees[-1] / 360)  # an all-pass may begin on either side of 180 degrees


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
