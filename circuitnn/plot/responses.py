"""What circuits and models do to small signals."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.circuit import Circuit
from circuitnn.knobs import spelling
from circuitnn.model import Controls, Model, run
from circuitnn.nodal import TransferFunction, frequency_response
from circuitnn.plot import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FREQS = np.geomspace(20, 20e3, 300)
SMALL = 1e-3  # volts of the impulse that a model hears, beside what it hears at rest
LENGTH = 2**15  # samples after it


@style.drawn
def response(
    subjects: Any,
    knob: str | None = None,
    *,
    positions: int | Sequence[float] = 5,
    freqs: ArrayLike | None = None,
    controls: Controls | None = None,
    title: str | None = None,
) -> "Figure":
    """Frequency responses to small signals; a family of curves over a knob.

    Circuits are analysed exactly (`circuitnn.nodal.frequency_response`), and so are transfer functions, in s and in z
    (up to half the rate), which have no knobs any more. Of a model it is the answer to an impulse of
    1 mV beside silence, of 32,768 samples, up to half its sample rate: of a nonlinear one too, at its own rate.

    Args:
        subjects: a circuit, a model or a `circuitnn.nodal.TransferFunction`, of one input and output; or several by
            name.
        knob: which is turned; when None, curves are at the defaults or `controls`.
        positions: of that knob, or how many from 0 to 1.
        freqs: (f,) Hz; 300 from 20 Hz to 20 kHz when None.
        controls: where the other knobs are; those that a subject has not are left out.
        title: what the picture says, above it.

    Raises:
        TypeError: for what is none of them.
        ValueError: for a knob that none has, a model that knows no sample rate, and more than one input or output.
    """
    things = style.named(subjects, "model")
    known = FREQS if freqs is None else np.asarray(freqs, np.float64)
    figure, axes = style.panels(size=(style.WIDTH, 3.6))
    panel, levels = axes[0, 0], []
    names = {name: None for thing in things.values() for name in _controls(thing)}
    if knob is not None and not any(_own(thing, knob) for thing in things.values()):
        spelling(knob, list(names))
    for (name, thing), look in zip(things.items(), style.looks(len(things)), strict=True):
        own = None if knob is None else _own(thing, knob)
        places = (
            [None] if own is None else list(np.linspace(0, 1, positions) if isinstance(positions, int) else positions)
        )
        colours = [look["color"]] if own is None else style.shades(len(places))
        for place, colour in zip(places, colours, strict=True):
            where = {} if own is None or place is None else {own: float(place)}
            curve = _level(thing, known, _given(thing, controls) | where)
            label = " ".join(filter(None, [name, "" if place is None else f"{place:g}"]))
            panel.plot(known, curve, label=label, **look | {"color": colour})
            levels.append(curve[np.isfinite(curve)])
    heard = np.concatenate(levels)
    top = float(heard.max()) if len(heard) else 0.0
    panel.set(ylabel="gain in dB", ylim=(max(min(heard.min(initial=top) - 3, top - 6), top - style.FLOOR), top + 3))
    style.hertz(panel, float(known.min()), float(known.max()))
    style.legend(figure, panel, title=None if knob is None else f"{knob} at")
    style.title(figure, title)
    return figure


def _controls(thing: Any) -> Mapping[str, Any]:
    if isinstance(thing, TransferFunction):
        return {}
    if not isinstance(thing, (Circuit, Model)):
        raise TypeError(f"a circuit, a model or a transfer function is wanted, this is a {type(thing).__name__}")
    return thing.controls


def _own(thing: Any, knob: str) -> str | None:
    """The knob as the thing spells it."""
    return next((name for name in _controls(thing) if name.lower() == knob.lower()), None)


def _given(thing: Any, controls: Controls | None) -> dict[str, Any]:
    pairs = ((_own(thing, name), value) for name, value in (controls or {}).items())
    return {name: value for name, value in pairs if name is not None}


def _level(thing: Any, freqs: NDArray, controls: Controls) -> NDArray:
    """(f,) dB; NaN where a model has no answer."""
    h = _heard(thing, freqs, controls) if isinstance(thing, Model) else _exact(thing, freqs, controls)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 20 * np.log10(np.abs(h))


def _exact(thing: Circuit | TransferFunction, freqs: NDArray, controls: Controls) -> NDArray:
    if isinstance(thing, Circuit):
        h = np.asarray(frequency_response(thing, freqs, controls=controls))
    else:
        h = np.asarray(thing.frequency_response(freqs))
        h = np.where(freqs <= (np.inf if thing.fs is None else 0.5 * thing.fs), h, np.nan)
    if h.shape != freqs.shape:
        raise ValueError("response: circuits and transfer functions of one input and one output are drawn")
    return h


def _heard(model: Model, freqs: NDArray, controls: Controls) -> NDArray:
    """From the answer to an impulse."""
    if (model.in_features, model.out_features) != (1, 1):
        raise ValueError(f"response: models of one input and one output are drawn, not of {model.in_features} and "
                         f"{model.out_features}")  # fmt: skip
    if model.fs is None:
        raise ValueError(f"this {type(model).__name__} knows no sample rate: fit() sets that of the data, or fs=")
    silence = model.silence((), controls)
    base = 0.0 if silence is None else float(np.ravel(silence)[0])
    x = np.full((2, LENGTH + model.latency, 1), base)
    x[0, 0] += SMALL
    y = np.asarray(run(model, x, controls=controls)[1], np.float64)[..., model.latency :, 0]
    spectrum = np.fft.rfft(y[0] - y[1]) / SMALL
    grid = np.fft.rfftfreq(LENGTH, 1 / model.fs)
    found = np.interp(freqs, grid, np.abs(spectrum))
    return np.where(freqs <= 0.5 * model.fs, found, np.nan)
