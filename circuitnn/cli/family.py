"""The family of curves of a netlist: each knob turned through its range, the others held."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np

from circuitnn.cli.loading import spelled
from circuitnn.cli.problems import Failure
from circuitnn.files import replacing
from circuitnn.knobs import knobs_of

if TYPE_CHECKING:
    import circuitnn as cn
    from circuitnn.cli.variants import Turned


@final
@dataclass(frozen=True, eq=False)
class Family:
    """Responses at settings of the knobs.

    Attributes:
        freqs: (f,) Hz.
        knobs: name to positions (n,).
        response: (n, f) complex.
        swept: name of each knob to the settings (indices) in which it is turned, in increasing order; "" and the only
            setting where there are no knobs.
        reference: ngspice's response at `reference_freqs`, (n, g) complex.
        reference_freqs: (g,) Hz.
        names: of the circuits, where each setting is one of another circuit.
    """

    freqs: np.ndarray
    knobs: dict[str, np.ndarray]
    response: np.ndarray
    swept: dict[str, list[int]]
    reference: np.ndarray | None = None
    reference_freqs: np.ndarray | None = None
    names: tuple[str, ...] = ()

    def with_reference(self, circuit: "cn.Circuit", freqs: np.ndarray) -> "Family":
        """With what ngspice says at these frequencies."""
        import jax

        import circuitnn as cn

        with jax.enable_x64(True):  # of the positions, which ngspice gets as they are
            reference = _over(cn.spice.ac, circuit, freqs, self.knobs)
        return replace(self, reference=reference, reference_freqs=freqs)


def family(circuit: "cn.Circuit", freqs: np.ndarray, *, held: Mapping[str, float], steps: int) -> Family:
    """Exact small-signal responses of a circuit, each knob at `steps` positions from 0 to 1.

    Args:
        circuit: with one input and one output.
        freqs: (f,) Hz.
        held: where knobs stand while others are turned; the rest at their defaults.
        steps: positions of each knob.

    Raises:
        Fault: when a response is not a finite number.
    """
    import jax

    import circuitnn as cn

    start = {**knobs_of(circuit.controls), **held}
    settings: dict[tuple[float, ...], int] = {}  # the same setting in two sweeps is one row
    swept: dict[str, list[int]] = {}
    for knob in start:
        turned = [tuple({**start, knob: position}.values()) for position in np.linspace(0, 1, steps).tolist()]
        swept[knob] = [settings.setdefault(setting, len(settings)) for setting in turned]
    if not start:
        swept[""] = [settings.setdefault((), 0)]
    table = np.array(list(settings)).reshape(len(settings), len(start))
    knobs = {name: table[:, column] for column, name in enumerate(start)}
    with jax.enable_x64(True):
        response = _over(cn.nodal.frequency_response, circuit, freqs, knobs)
    wrong = np.argwhere(~np.isfinite(response))
    if wrong.size:
        setting, k = wrong[0]
        where = spelled({name: values[setting] for name, values in knobs.items()})
        raise Failure(f"the response{f' at {where}' * bool(where)} and {freqs[k]:g} Hz is not a finite number")
    return Family(freqs, knobs, response, swept)


def overlay(circuits: "Mapping[str, Turned]", freqs: np.ndarray, reference_freqs: np.ndarray | None = None) -> Family:
    """The responses of several circuits, each where its knobs stand.

    Args:
        circuits: by name, with one input and one output each.
        freqs: (f,) Hz.
        reference_freqs: (g,) Hz, where ngspice is asked as well; None for nowhere.

    Raises:
        Failure: when a response is not a finite number.
    """
    import jax

    import circuitnn as cn

    def of_all(analysis: Callable, freqs: np.ndarray) -> np.ndarray:
        with jax.enable_x64(True):
            return np.array([np.asarray(analysis(one.circuit, freqs, controls=one.knobs)) for one in circuits.values()])

    response = of_all(cn.nodal.frequency_response, freqs).reshape(len(circuits), -1)
    for name, one in zip(circuits, response, strict=True):
        if not np.isfinite(one).all():
            raise Failure(f"{name}: the response is not a finite number everywhere")
    found = Family(freqs, {}, response, {"": list(range(len(circuits)))}, names=tuple(circuits))
    if reference_freqs is None:
        return found
    reference = of_all(cn.spice.ac, reference_freqs).reshape(len(circuits), -1)
    return replace(found, reference=reference, reference_freqs=reference_freqs)


def write_table(path: Path, curves: Family) -> None:
    """CSV: the knobs (or which circuit), freq_hz, magnitude_db, phase_deg from -180 to 180, and ngspice's if asked."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = ["magnitude_db", "phase_deg"]
    spice = [] if curves.reference is None else [f"ngspice_{name}" for name in columns]
    writer.writerow([*(["circuit"] if curves.names else curves.knobs), "freq_hz", *columns, *spice])
    writer.writerows(_rows(curves))
    with replacing(path) as file:
        file.write(text.getvalue().encode())


def decibels(response: np.ndarray) -> np.ndarray:
    """20 log10 of the magnitude; minus infinity for silence."""
    with np.errstate(divide="ignore"):
        return 20 * np.log10(np.abs(response))


def largest_difference(curves: Family) -> float:
    """In dB, between the response and ngspice's at ngspice's frequencies, where either is within 100 dB of the top."""
    assert curves.reference is not None
    assert curves.reference_freqs is not None
    at = np.searchsorted(curves.freqs, curves.reference_freqs)
    mine, theirs = decibels(curves.response[:, at]), decibels(curves.reference)
    heard = np.maximum(mine, theirs) > theirs.max() - 100
    return float(np.max(np.abs(mine[heard] - theirs[heard]), initial=0.0))


def _rows(curves: Family) -> Iterator[list[float | str]]:
    for n, response in enumerate(curves.response):
        settings = [curves.names[n]] if curves.names else [float(values[n]) for values in curves.knobs.values()]
        parts = [decibels(response), np.degrees(np.angle(response))]
        if curves.reference is not None:
            parts += [decibels(curves.reference[n]), np.degrees(np.angle(curves.reference[n]))]
        for freq, *numbers in zip(curves.freqs, *parts, strict=True):
            # Ten digits: more than either engine has, and 0.5 stays 0.5.
            yield [*settings, *(float(f"{number:.10g}") for number in (freq, *numbers))]


def _over(analysis: Callable, circuit: "cn.Circuit", freqs: np.ndarray, knobs: Mapping[str, np.ndarray]) -> np.ndarray:
    """(n, f): one response for each setting."""
    found = np.asarray(analysis(circuit, freqs, controls={name: values[:, None] for name, values in knobs.items()}))
    return found.reshape(-1, len(freqs))
