"""What was tried to learn of what a circuit leaves of a recording, and what came of it."""

from dataclasses import dataclass
from typing import Any, final

from circuitnn.estimation.paired import Difference
from circuitnn.estimation.tabular import lines_of


@final
@dataclass(frozen=True)
class Contender:
    """One way to model the device.

    Attributes:
        name: "circuit", "diodes corrected", "network beside" or "black box".
        weights: numbers that were learnt by it, besides the circuit's values.
        epochs: passes over the seconds that it learnt from; 0 for the circuit.
        seconds: that it took, compilation included.
        esr_learnt: error-to-signal ratio over the seconds that it learnt from.
        esr_chosen: over those that decide which epoch is kept, and which contender is preferred.
        esr_held_out: over those that nothing has seen; None where there are none.
        difference: of `esr_chosen` to that of the best contender.
        stopped: whether its time was over before its epochs were.
        problem: why it is not there; its ratios are None then.
    """

    name: str
    weights: int = 0
    epochs: int = 0
    seconds: float = 0.0
    esr_learnt: float | None = None
    esr_chosen: float | None = None
    esr_held_out: float | None = None
    difference: Difference | None = None
    stopped: bool = False
    problem: str = ""


@final
@dataclass(frozen=True)
class CompletionReport:
    """What `complete` has found; print it.

    Attributes:
        contenders: all of them, from the plainest on.
        chosen: name of the one whose model was returned.
        parts: the seconds at which the parts of the recording begin and end: to learn from, to choose by, held out.
        first: seconds at the beginning that are left out, in which slow states settle.
    """

    contenders: tuple[Contender, ...]
    chosen: str
    parts: tuple[tuple[float, float], ...]
    first: float

    def __getitem__(self, name: str) -> Contender:
        """The contender of that name."""
        for contender in self.contenders:
            if contender.name == name:
                return contender
        raise KeyError(f"no contender {name!r}; there are {', '.join(each.name for each in self.contenders)}")

    @property
    def esr(self) -> float | None:
        """Error-to-signal ratio of the chosen model over the seconds held out; None where there are none."""
        return self[self.chosen].esr_held_out

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data, for JSON."""
        rows = [
            vars(each) | {"difference": None if each.difference is None else each.difference._asdict()}
            for each in self.contenders
        ]
        return {
            "chosen": self.chosen,
            "contenders": rows,
            "parts": [list(part) for part in self.parts],
            "first": self.first,
        }

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [("", "weights", "epochs", "time", "ESR learnt from", "chosen by", "unseen", "")]
        for each in self.contenders:
            if each.problem:
                continue
            ratios = (each.esr_learnt, each.esr_chosen, each.esr_held_out)
            numbers = ["-" if ratio is None else f"{ratio:.3g}" for ratio in ratios]
            flags = ["chosen"] * (each.name == self.chosen) + ["time was over"] * each.stopped
            rows.append(
                (each.name, str(each.weights), str(each.epochs), f"{each.seconds:.0f} s", *numbers, ", ".join(flags))
            )
        lines = lines_of(rows)
        names = ("learnt from", "chosen by", "unseen")
        stretches = [
            f"{name} {begin:.4g} to {end:.4g} s" for name, (begin, end) in zip(names, self.parts, strict=False)
        ]
        lines += ["", "; ".join(stretches) + "."]
        lines += [_verdict(self)]
        lines += [f"No {each.name}: {each.problem}" for each in self.contenders if each.problem]
        return "\n".join(lines)

    __repr__ = __str__


def _verdict(report: CompletionReport) -> str:
    rows = [each for each in report.contenders if each.esr_chosen is not None]
    best = min(rows, key=lambda each: each.esr_chosen or 0.0)
    if best.name != report.chosen:
        return f"{report.chosen} is preferred: {best.name} is no better beyond chance, and less plain."
    alike = [each.name for each in rows if each is not best and each.difference and not each.difference.is_told]
    if alike:
        return f"{best.name} is chosen; {', '.join(alike)} cannot be told from it."
    return f"{best.name} is better than all others, beyond chance."
