"""Units: what somebody has on the table, what they know of it, and what their interface makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import jax
import numpy as np
from jax import numpy as jnp
from numpy.typing import NDArray
from scipy.signal import resample_poly

from benchmarks.identification.devices import DEVICES, Change, changed
from benchmarks.identification.recorder import FINE, FS, Recorder
from circuitnn.circuit import Circuit
from circuitnn.model import run
from circuitnn.native import compiled
from circuitnn.nodal import NodalModel

KINDS = ("known", "usual", "open")
BEFORE = 0.25  # seconds of silence that a recording begins with
SETTLING = 1.0  # seconds before the recording in which the device comes to rest
FADE = 0.005  # seconds
BITS = (8, 10, 12, 16, 24)
UNKNOWN = np.log(1.5)  # how far off a scale is that is not known, in logarithm
NO_CHANGE = Change()


@final
@dataclass(frozen=True)
class Unit:
    """One unit on the table.

    Attributes:
        name: of its circuit, in `DEVICES`.
        number: from 0.
        change: what its netlist does not say, of the circuit's changes; None for a right netlist.
        kind: of `KINDS`: "known", an interface that passes direct current, both scales measured; "usual", one with a
            capacitor at its input, a clock of its own and a scale of y that nobody has measured; "open", the same with
            that of x in place of that of y, and for circuits without a capacitor of their own before what is
            nonlinear one at its output and a direct voltage behind that.
        device: the circuit that it is.
        netlist: what the user has of it: measured values are right, all others nominal.
        truth: of what is fitted.
        recorder: what it is recorded with; its `volts` are over the largest of the device's output.
        unknown: the true scale over what the user takes it for, of whatever scale is fitted.
        x: file that is played, full scale: (time,).
        options: of `identify`.
    """

    name: str
    number: int
    change: str | None
    kind: str
    device: Circuit
    netlist: Circuit
    truth: Mapping[str, float]
    recorder: Recorder
    unknown: float
    x: NDArray
    options: Mapping[str, Any]


@final
class Recording(NamedTuple):
    """Both files in what the user takes for volts, and what the options of `identify` should find."""

    x: NDArray
    y: NDArray
    truth: dict[str, float]


def unit(name: str, number: int, x: NDArray, change: str | None = None) -> Unit:
    """Drawn from its number; the same for each call.

    Args:
        name: of `DEVICES`.
        number: from 0.
        x: sound at FS of any level; (time,).
        change: of the device's `changes`.
    """
    device = DEVICES[name]
    rng = np.random.default_rng([list(DEVICES).index(name), number, change is not None])
    difference = device.changes[change] if change else NO_CHANGE
    kind = "known" if difference.is_simple else KINDS[int(rng.integers(len(KINDS)))]
    values = {part: spread.drawn(float(device.circuit.values[part]), rng) for part, spread in device.spreads.items()}
    netlist = device.described.get(change or "", device.circuit)
    netlist = netlist.replace(**{part: values[part] for part in device.measured if part in netlist.values})
    fitted = [part for part in device.fitted if part not in difference.held]
    if change in device.described:
        fitted = [part for part in DEVICES["clipper"].fitted if part not in difference.held]
    recorder, options = _recorder(kind, device.bare, rng)
    peak = np.exp(rng.uniform(*np.log(device.peak)))
    return Unit(
        name=name,
        number=number,
        change=change,
        kind=kind,
        device=changed(device.circuit, difference).replace(**values),
        netlist=netlist.replace(**difference.held),
        truth={part: value for part, value in values.items() if part in fitted},
        recorder=recorder(x_gain=float(peak)),
        unknown=float(np.exp(rng.uniform(-UNKNOWN, UNKNOWN))),
        x=_prepared(x),
        options={"fit": fitted, **options},
    )


def _recorder(kind: str, bare: bool, rng: np.random.Generator) -> tuple[Any, dict[str, Any]]:
    """What makes a recorder of the volts of x's full scale, and the options that go with it."""
    is_open, is_known = kind == "open", kind == "known"
    corners = np.exp(rng.uniform(np.log(0.5), np.log(10.0), 2))
    settings: dict[str, Any] = {
        "x_offset": float(rng.uniform(-0.1, 0.1)) if is_open and bare else 0.0,
        "input_corner": float(corners[0]) if is_open and bare else 0.0,
        "output_corner": 0.0 if is_known else float(corners[1]),
        "volts": float(1 / rng.uniform(0.4, 0.9)),
        "offset": float(rng.uniform(-0.02, 0.02)),
        "polarity": int(rng.choice((1, -1))),
        "delay": float(rng.uniform(-100, 1000)),
        "drift": 0.0 if is_known else float(rng.uniform(-50, 50)),
        "noise": float(rng.uniform(-60, -40)),
        "bits": int(rng.choice(BITS)),
    }
    options: dict[str, Any] = {} if is_known else {"output": "ac", "drift": "fit"}
    if not is_known:
        options |= {"x_gain": "fit"} if is_open else {"y_gain": "fit"}
    if is_open and bare:
        options |= {"x_offset": "fit", "input": "ac"}
    return lambda x_gain: Recorder(x_gain=x_gain, **settings), options


def _prepared(x: NDArray) -> NDArray:
    """With a peak of one, faded, after silence."""
    x = np.array(x, float) / np.max(np.abs(x))
    fade = np.linspace(0, 1, round(FADE * FS))
    x[: len(fade)] *= fade
    x[-len(fade) :] *= fade[::-1]
    return np.pad(x, (round(BEFORE * FS), 0))


def recorded(unit: Unit) -> Recording:
    """Play the unit's file through it."""
    file, scale = heard(unit)
    x_known, y_known = unit.recorder.x_gain, scale
    truth: dict[str, float] = {}
    if unit.options.get("x_gain") == "fit":
        x_known, truth["x_gain"] = x_known / unit.unknown, unit.unknown
    if unit.options.get("y_gain") == "fit":
        y_known, truth["y_gain"] = y_known * unit.unknown, unit.unknown
    if "x_offset" in unit.options:
        truth["x_offset"] = unit.recorder.x_offset
    truth |= {way: getattr(unit.recorder, f"{way}_corner") for way in ("input", "output") if way in unit.options}
    if "drift" in unit.options:
        truth["drift"] = unit.recorder.drift
    return Recording(x_known * unit.x, y_known * file, truth)


def heard(unit: Unit) -> tuple[NDArray, float]:
    """The recorded file, and the volts of its full scale."""
    volts = unit.recorder.played(unit.x)
    rest = np.full(round(SETTLING * FINE * FS), volts[0])
    y = response(unit.device, np.concatenate([rest, volts]))[len(rest) :]
    scale = unit.recorder.volts * float(np.max(np.abs(y - y[0])))
    return unit.recorder.over(scale).recorded(y, np.random.default_rng([unit.number, 1])), scale


def response(circuit: Circuit, x: NDArray) -> NDArray:
    """Volts at FINE FS, in double precision, and free of the rule's own error, which goes with the square of the step.

    At 16 times the rate it is 3e-4 at 15 kHz: of what `identify` finds, it would be more than the standard error.
    """
    at_twice = _response(circuit, resample_poly(x, 2, 1, window=("kaiser", 12.0), padtype="edge"), 2 * FINE * FS)[::2]
    return (4 * at_twice - _response(circuit, x, FINE * FS)) / 3


def _response(circuit: Circuit, x: NDArray, fs: float) -> NDArray:
    with jax.enable_x64(True):
        model = compiled(NodalModel(circuit.astype(np.float64), fs, dtype=jnp.float64))
        carry, output = run(model, x)
        y = np.asarray(output)
        failed = int(np.sum(carry.report.failed))
    if failed or not np.isfinite(y).all():
        raise ValueError(f"the device's equations were not solved at {failed} samples")
    return y
