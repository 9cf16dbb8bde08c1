"""`python -m benchmarks.state_matching`: state-matched GRUs on an overdrive and on a phaser."""

from typing import Any

from benchmarks.state_matching.contenders import CONTENDERS, PLAIN
from benchmarks.state_matching.findings import findings, headline, sections
from benchmarks.state_matching.hypotheses import HYPOTHESES
from benchmarks.state_matching.targets import TARGETS
from circuitnn import study
from circuitnn.study import Preset, RateSearch, Study

WHOLLY_MATCHED = tuple(name for name in CONTENDERS if "all" in name)
FEW: dict[str, Any] = {
    "contenders": tuple(name for name in CONTENDERS if "some" not in name),
    "regimes": ("TBPTT", "TF+TBPTT"),
}


def _long(name: str, **options: Any) -> Preset:
    """Windows of Wright et al. (2019): the state handed on over eight updates, each after 11 ms of sound.

    They have three times as many updates for the same computing as windows of one update.
    """
    return Preset(
        name,
        seeds=10,
        length=512,
        warmup=1000,
        blocks=8,
        batch=16,
        excitation_seconds=60.0,
        pieces=8,
        search=RateSearch((5e-3, 1e-2, 2e-2)),
        **options,
    )


PRESETS = {
    "quick": Preset(
        "quick",
        seeds=5,
        updates=60,
        length=2048,
        warmup=1000,
        batch=16,
        excitation_seconds=12.0,
        pieces=4,
        oversampling=4,
        **FEW,
    ),
    "medium": _long("medium", updates=2250, oversampling=4, **FEW | {"contenders": (*WHOLLY_MATCHED, PLAIN)}),
    "full": _long("full", updates=12_000),
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
