"""All figures of the report. Each says in its title what its data show."""

from circuitnn.study import points, style, traces
from circuitnn.study.records import Records
from circuitnn.study.style import Picture


def render(records: Records) -> dict[str, list[Picture]]:
    """All figures, by section of the report: "error", "bias", "horizon", "waveforms"."""
    with style.context():
        return {
            "error": [points.error(records)],
            "bias": [points.bias(records)] if records.state_models else [],
            "horizon": [p for circuit in records.circuits if (p := traces.horizon(records, circuit))],
            "waveforms": [p for circuit in records.circuits if (p := traces.waveforms(records, circuit))],
        }
