"""`python -m benchmarks.state_matching`: state-matched GRUs on an overdrive and on a phaser."""

from typing import Any

from benchmarks.state_matching.contenders import CONTENDERS
from benchmarks.state_matching.findings import findings, headline, sections
from benchmarks.state_matching.hypotheses import HYPOTHESES
from benchmarks.state_matching.targets import TARGETS
from circuitnn import study
from circuitnn.study import Preset, RateSearch, Study

FEW = {"contenders": tuple(name for name in CONTENDERS if "some" not in name), "regimes": ("TBPTT", "TF+TBPTT")}


def _preset(name: str, **options: Any) -> Preset:
    """Windows of Wright et al. (2019): 43 ms with a loss, after 21 ms without."""
    return Preset(name, length=2048, warmup=1000, **options)


PRESETS = {
    "quick": _preset("quick", seeds=5, updates=60, batch=16, excitation_seconds=12.0, pieces=4, oversampling=4, **FEW),
    "medium": _preset(
        "medium", seeds=8, updates=350, batch=16, excitation_seconds=60.0, pieces=8, oversampling=4, **FEW
    ),
    "full": _preset("full", seeds=10, updates=800, batch=24, excitation_seconds=60.0, pieces=8, search=RateSearch()),
}
STUDY = Study(
    module="benchmarks.state_matching",
    title="Does state matching help a GRU on an overdrive and on a phaser?",
    about="GRU, LSTM, STN and GRUs whose states are matched to the circuit's, on a Boss SD-1 with its knobs and on a "
    "Phase 90 whose oscillator stands still, is given, or is hidden.",
    targets=TARGETS,
    contenders=CONTENDERS,
    presets=PRESETS,
    headline=headline,
    hypotheses=HYPOTHESES,
    findings=findings,
    sections=sections,
    volts=0.5,  # a passive pickup, not played hard
)

if __name__ == "__main__":
    raise SystemExit(study.main(STUDY))
