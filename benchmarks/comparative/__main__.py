"""`python -m benchmarks.comparative`: recurrent and convolutional networks on overdrives, compressors and filters."""

from typing import Any

from benchmarks.comparative.captures import CAPTURED, CAPTURING
from benchmarks.comparative.contenders import CONTENDERS, FIVE, WAVENETS, WRIGHT
from benchmarks.comparative.findings import findings, headline, sections
from benchmarks.comparative.hypotheses import HYPOTHESES
from benchmarks.comparative.large import DEVICES, PAPER, SIZES
from benchmarks.comparative.targets import SIMIONATO, TARGETS
from circuitnn import study
from circuitnn.study import Material, Preset, RateSearch, Study, TrainingRegime
from circuitnn.train import TruncatedBPTT

REGIMES = {
    "published": TrainingRegime(
        "as published: MSE, Adam at 3e-4 falling to a quarter, segments of 2400, stopped after 10 epochs without a "
        "better validation",
        TruncatedBPTT,
        loss="mse",
        schedule="exponential",
        rate=3e-4,
        patience=10,
    ),
    "tuned": TrainingRegime(
        "ESR, the rate found by the same search for each, or stated, warmed up and falling to zero", TruncatedBPTT
    ),
}
SEARCH = RateSearch((1e-3, 3e-3, 1e-2, 3e-2), share=0.1, seeds=1)


ROUND = Material(seconds=12.0, validation=1.2, test=6.0)
PLUCKED = Material(("guitar", "bass"), seconds=12.0, validation=1.2, test=6.0)


def _preset(name: str, *, pieces: int = 8, **options: Any) -> Preset:
    """Segments of 2400 samples as published, four that follow each other with the state handed on."""
    return Preset(name, length=2400, warmup=1200, blocks=4, pieces=pieces, **options)


PRESETS = {
    # One device of each kind of effect, one rate for all, too little of everything to settle a claim.
    "quick": _preset(
        "quick",
        seeds=1,
        updates=300,
        batch=4,
        contenders=FIVE,
        targets=("tube-screamer", "pultec", "la2a", "low-pass"),
        regimes=("tuned",),
        material=Material(seconds=2.4, validation=1.2, test=1.8),
        oversampling=2,
    ),
    # All in the study's sizes, 12 s of material a position: three hours of two cores.
    "seed002": _preset(
        "seed002",
        seeds=3,
        updates=600,
        batch=8,
        contenders=FIVE,
        targets=SIMIONATO,
        material=ROUND,
        oversampling=4,
        search=SEARCH,
    ),
    # The same music at one device of each kind of effect; one seed and one rate.
    "effects": _preset(
        "effects",
        seeds=1,
        updates=500,
        batch=8,
        contenders=FIVE,
        targets=("sd1", "saturator", "pultec", "la2a", "low-pass"),
        regimes=("tuned",),
        material=ROUND,
        oversampling=2,
    ),
    # One seed, and each network at a stated rate: half an hour of two cores for the first, minutes for the second.
    "seed003": _preset(
        "seed003",
        seeds=1,
        updates=480,
        batch=8,
        contenders=(*WRIGHT, *WAVENETS),
        targets=("big-muff", "tube-preamp"),
        regimes=("tuned",),
        material=PLUCKED,
        oversampling=4,
    ),
    "review": _preset(
        "review",
        seeds=1,
        updates=480,
        batch=8,
        contenders=("LSTM-32", "WaveNet 10 x 16", "TCN shallow"),
        targets=("tube-preamp",),
        regimes=("tuned",),
        material=PLUCKED,
        oversampling=4,
    ),
    # The study's own grids and lengths, three days of two cores for each device and more: for a cluster.
    "paper": _preset(
        "paper",
        seeds=5,
        updates=40_000,
        batch=32,
        pieces=108,
        contenders=FIVE,
        targets=tuple(PAPER),
        material=Material(seconds=45.0, validation=6.0, test=12.0),
        search=SEARCH,
    ),
    # All networks in three sizes, ten seeds, likewise.
    "full": _preset(
        "full",
        seeds=10,
        updates=20_000,
        batch=16,
        contenders=tuple(SIZES),
        targets=DEVICES,
        regimes=("tuned",),
        material=Material(seconds=24.0, validation=6.0, test=12.0),
        search=SEARCH,
    ),
    # No knobs and equal time: windows that are long enough for what the WaveNets hear, the same for all.
    "captures": Preset(
        "captures",
        seeds=1,
        updates=300,
        seconds=12.0,
        batch=8,
        length=2048,
        warmup=6144,
        blocks=8,
        pieces=8,
        contenders=tuple(CAPTURING),
        targets=tuple(CAPTURED),
        regimes=("tuned",),
        material=Material(("guitar",), seconds=3.0, validation=2.0, test=24.0),
        oversampling=4,
    ),
}
STUDY = Study(
    module="benchmarks.comparative",
    title="State-based and convolutional networks on overdrives, compressors, equalisers and a filter",
    about="The networks of three published comparisons on simulated devices, whose knobs stand on a grid of which the "
    "middle is left out of training; and those of Neural Amp Modeler beside recurrent ones of equal cost.",
    targets=TARGETS | CAPTURED | PAPER,
    contenders=CONTENDERS | CAPTURING | SIZES,
    presets=PRESETS,
    headline=headline,
    hypotheses=HYPOTHESES,
    findings=findings,
    sections=sections,
    regimes=REGIMES,
)

if __name__ == "__main__":
    raise SystemExit(study.main(STUDY))
