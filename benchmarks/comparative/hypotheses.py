"""What the comparative studies claim, written down before this one runs.

A cell is a device: with two or three of them no rank test can show a claim, and the interval can refute it.

Simionato, R., Fasciani, S. (2025), "Comparative study of state-based neural networks for virtual analog audio effects
    modeling", arXiv:2405.04124.
Wright, A., Damskägg, E.-P., Välimäki, V. (2019), "Real-time black-box modelling with recurrent neural networks",
    DAFx-19.
"""

from collections.abc import Iterable

from benchmarks.comparative.captures import A2, CAPTURED, DISTORTING, GRU, LSTM, NANO, REMEMBERING
from benchmarks.comparative.targets import EFFECTS
from circuitnn.study import Hypothesis, Runs

DRIVEN = (*EFFECTS["overdrive"], *EFFECTS["equaliser"])
SQUEEZED = (*EFFECTS["compression"], *EFFECTS["saturation"])


def _ahead(first: str, second: str, circuits: tuple[str, ...], where: str) -> Hypothesis:
    return Hypothesis(
        f"{first} ahead of {second} on {where}",
        f"On {where} the {first} has a lower error than the {second} (Simionato and Fasciani 2025).",
        Runs(model=first),
        Runs(model=second),
        circuits=circuits,
    )


def _captured(first: str, second: str, circuits: Iterable[str], where: str) -> Hypothesis:
    return Hypothesis(
        f"{first} ahead of {second} on {where}",
        f"At equal cost of a sample and equal time of training the {first} has a lower error than the {second} on "
        f"{where}, at one position of the knobs.",
        Runs(model=first),
        Runs(model=second),
        circuits=tuple(circuits),
    )


HYPOTHESES = (
    *(_ahead("LSTM", other, DRIVEN, "overdrive and equaliser") for other in ("S4D", "S6", "ED")),
    *(_ahead(one, "LSTM", SQUEEZED, "compression and saturation") for one in ("S4D", "S6", "ED")),
    Hypothesis(
        "LSTM ahead of GRU",
        "At 32 units the LSTM has a lower error than the GRU (Wright et al. 2019).",
        Runs(model="LSTM-32"),
        Runs(model="GRU-32"),
    ),
    _captured(LSTM, GRU, CAPTURED, "all devices"),
    _captured(GRU, NANO, CAPTURED, "all devices"),
    _captured(A2, NANO, CAPTURED, "all devices"),
    _captured(NANO, GRU, DISTORTING, "distortion"),
    _captured(GRU, NANO, REMEMBERING, "compressors and filters"),
)
