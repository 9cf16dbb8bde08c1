"""Fits of three tone stacks: two forms of a filter, at the circuit's order and above, with equal numbers of weights."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuitnn import circuits, nodal
from circuitnn.filters import Biquads, Coupled, NeuralToneStack
from circuitnn.tone.target import Reference
from circuitnn.train import ResponseError, Schedule, ToneStackReport, fit_tone_stack

CIRCUITS = ("bassman", "vox_ac30", "big_muff_tone")
FORMS: dict[str, type[Coupled] | type[Biquads]] = {"coupled": Coupled, "biquads": Biquads}
TIMES = (1, 2, 4)  # the circuit's order
FS = 48_000


@dataclass(frozen=True)
class Setting:
    """How each fit is made: the same for all.

    Attributes:
        seeds: of the weights.
        weights: about as many in each network, whatever its filter.
        schedule: updates of Adam and steps of least squares.
    """

    seeds: tuple[int, ...]
    weights: int
    schedule: Schedule


class Remembered:
    """The responses of a circuit, computed once for all fits."""

    def __init__(self, name: str):
        circuit = getattr(circuits, name)()
        self.order = nodal.transfer_function(circuit).order
        self.source = Reference.of_circuit(circuit, "nodal")
        self.known: dict[bytes, NDArray] = {}

    def __call__(self, freqs: NDArray, controls: dict[str, NDArray]) -> NDArray:
        key = b"".join(np.asarray(each, float).tobytes() for each in (freqs, *controls.values()))
        if key not in self.known:
            self.known[key] = self.source.respond(freqs, controls)
        return self.known[key]


def fits(name: str, setting: Setting) -> Iterator[tuple[dict[str, Any], NeuralToneStack]]:
    """A row for each form and order, and the first seed's model."""
    target = Remembered(name)
    knobs = target.source.controls
    for times in TIMES:
        for form in FORMS:
            order = times * target.order
            units = hidden_units(len(knobs), FORMS[form].size(order), setting.weights)
            models, reports = fit_tone_stack(
                target,
                fs=FS,
                seed=setting.seeds,
                order=order,
                hidden=(units, units),
                form=form,
                controls=knobs,
                schedule=setting.schedule,
                progress=False,
            )
            yield _row(name, form, order, times, units, models[0], reports), models[0]


def as_it_comes(name: str) -> dict[str, Any]:
    """What a user gets who asks for nothing: one seed, default arguments."""
    model, report = fit_tone_stack(getattr(circuits, name)(), fs=FS, progress=False)
    return {
        "circuit": name,
        "order": model.order,
        "error_db": vars(report.errors),
        "error_db_with_floor": vars(report.floored),
        "seconds": report.seconds,
    }


def hidden_units(knobs: int, size: int, weights: int) -> int:
    """Units of two equal layers, so that there are about as many weights: tapers, three features of each knob."""
    found = [(abs(knobs + 3 * knobs * n + n + n * n + n + n * size + size - weights), n) for n in range(2, 200)]
    return min(found)[1]


def _row(
    name: str, form: str, order: int, times: int, units: int, model: NeuralToneStack, reports: list[ToneStackReport]
) -> dict[str, Any]:
    weights = sum(int(np.size(each[...])) for each in (*model.kernels, *model.biases, model.tapers))
    together = [_figures([report.errors for report in reports]), _figures([report.floored for report in reports])]
    return {
        "circuit": name,
        "form": form,
        "order": order,
        "times": times,
        "hidden": units,
        "weights": weights,
        "mean_db_of_seeds": [report.errors.mean for report in reports],
        "error_db": together[0],
        "error_db_with_floor": together[1],
        "seconds_all_seeds": reports[0].seconds,
    }


def _figures(each: list[ResponseError]) -> dict[str, float]:
    """Medians over the seeds."""
    return {key: float(np.median([getattr(one, key) for one in each])) for key in ("mean", "p95", "max")}
