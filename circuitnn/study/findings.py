"""What a reader takes away from any study: the best run of each circuit."""

from circuitnn.study import wording
from circuitnn.study.records import NODAL, Records


def lowest_errors(records: Records) -> list[str]:
    """A sentence for each circuit: the model and regime of the lowest free-running error, beside the floor."""
    sentences = []
    for circuit in records.circuits:
        if best := best_run(records, circuit):
            error, model, regime = best
            floor = records.spread("free_running", circuit, NODAL, None)
            beside = ""
            if floor.values:
                side = "below" if error < floor.median else "above"
                beside = f", {side} the {wording.esr(floor.median)} of the nodal model, which learns nothing"
            sentences.append(
                f"{records.title(circuit)}: the lowest median free-running ESR is that of {model} under {regime}, "
                f"{wording.esr(error)}{beside}."
            )
    return sentences


def best_of_all(records: Records) -> str:
    """The contender with the lowest error on most circuits: a headline where a study has none of its own."""
    best = [found for circuit in records.circuits if (found := best_run(records, circuit))]
    if not best:
        return "No contender of this study has learnt anything."
    models = [model for _, model, _ in best]
    most = max(dict.fromkeys(models), key=models.count)
    count = wording.plural(len(best), "target")
    return f"The lowest median free-running error on {models.count(most)} of {count} is that of {most}."


def best_run(records: Records, circuit: str) -> tuple[float, str, str] | None:
    """The lowest median free-running ESR, with its model and regime."""
    runs = [(model, regime) for model in records.models for regime in records.regimes_of(model, circuit)]
    return min(((records.spread("free_running", circuit, *run).median, *run) for run in runs), default=None)
