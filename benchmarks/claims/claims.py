"""What the pages of the studies claim, each with the command that makes it."""

from benchmarks.claims.claim import Claim
from benchmarks.claims.figures import effect_of, error_rate

STUDY_TESTS = "python -m benchmarks.statistics"
QUICK = "python -m benchmarks.exposure_bias --preset quick"
FULL = (
    "python -m benchmarks.exposure_bias --preset full --input guitar-di/ --test raid jazz-hop --validation hammer-lead"
)
QUICK_SIZE = "two circuits, five models, three seeds, 186 updates"
FULL_SIZE = "two circuits, six models, five seeds, 4120 updates; 41 minutes on two cores"
MATCHING = (
    "python -m benchmarks.state_matching --preset medium --input john.flac power.flac tomb.flac raid.flac "
    "jazz-hop.flac hammer-lead.flac --test raid jazz-hop --validation hammer-lead"
)
MATCHING_SIZE = "four targets, three models, ten seeds, 2320 updates; 3.2 hours of one core for the trainings"
SECOND = (
    "python -m benchmarks.second_order --seeds 1 --seconds 3 --oversampling 8 --input guitar-di/ --test raid jazz-hop"
)
HIDDEN = "python -m benchmarks.hidden_modulation --preset full --only circuit --input guitar-di/ --test raid jazz-hop"

CLAIMS = {
    "tests by cells": Claim(
        "statistics.md",
        "every test and the interval are wrong in 3.0 to 6.6 % of the studies",
        STUDY_TESTS,
        "10,000 studies a figure; here 2,000 of one figure",
        lambda: error_rate("interval", cells=6, spread=3.0),
        (0.03, 0.07),
    ),
    "pooled test": Claim(
        "statistics.md",
        "is wrong in 14 % and 31 %, and more cells do not mend it",
        STUDY_TESTS,
        "10,000 studies a figure; here 2,000 of one figure",
        lambda: error_rate("pooled Wilcoxon (before)", cells=6, spread=3.0),
        (0.28, 0.35),
    ),
    "exposure bias, quick": Claim(
        "benchmark.md",
        "teacher-forced error below the free-running one, under TF | -11.9 (-16.9 to -6.9)",
        QUICK,
        QUICK_SIZE,
        lambda: effect_of("exposure bias"),
        (-16.9, -6.9),
    ),
    "scheduled sampling, quick": Claim(
        "benchmark.md",
        "scheduled sampling below TF | -3.9 (-5.7 to -2.0)",
        QUICK,
        QUICK_SIZE,
        lambda: effect_of("scheduled sampling helps"),
        (-5.7, -2.0),
    ),
    "TBPTT, quick": Claim(
        "benchmark.md",
        "TBPTT below TF | -2.5 (-7.5 to 2.6)",
        QUICK,
        QUICK_SIZE,
        lambda: effect_of("TBPTT helps"),
        (-7.5, 2.6),
    ),
    "exposure bias, medium": Claim(
        "benchmark.md",
        "teacher forcing alone leaves an exposure bias | -19.9 (-31.4 to -8.4)",
        FULL.replace("full", "medium"),
        "two circuits, six models, five seeds, 1648 updates; 130 minutes on one core",
    ),
    "exposure bias, full": Claim("benchmark.md", "Over the cells it is 22 dB (95 % interval 6 to 38)", FULL, FULL_SIZE),
    "TBPTT, full": Claim("benchmark.md", "by 3.7 dB in the mean (95 % interval -8.1 to 0.7)", FULL, FULL_SIZE),
    "state matching over targets": Claim(
        "state_matching.md",
        "matched in the leading units **not decided**, -1.2 dB (-3.4 to 1.0)",
        MATCHING,
        MATCHING_SIZE,
    ),
    "state matching, overdrive": Claim(
        "state_matching.md",
        "less error than the plain one on the overdrive (-1.9 dB, at convergence)",
        MATCHING,
        MATCHING_SIZE,
    ),
    "second order, learnt diode": Claim(
        "benchmark.md",
        "| gray: learnt diode | 2 | 9.4e-8 | 5.0e-7 |",
        f'{SECOND} --validation hammer-lead --recipes "gray: learnt diode" --updates 800',
        "one seed, 784 updates; minutes",
    ),
    "second order, learnt model": Claim(
        "benchmark.md",
        "| STN-12-12, increments | 242 | 7.0e-6 | 1.6e-4 |",
        "python -m benchmarks.second_order --seeds 1 --seconds 4 --input guitar-di/ --test raid jazz-hop "
        '--validation hammer-lead --recipes "STN-12-12, increments" --updates 300',
        "one seed, 300 steps of least squares; 216 s and the data",
    ),
    "second order, linear part known": Claim(
        "benchmark.md",
        "linear part known | 25 | 1.4e-7 | 5.2e-7 |",
        f'{SECOND} --validation hammer-lead --recipes "gray: NeuralDevices, monotone, increments"',
        "one seed, 50 steps of least squares; 76 s and the data",
    ),
    "hidden oscillator": Claim(
        "state_matching.md",
        "a second is enough for the circuit, 8.9e-5 over the three seconds that follow",
        f"{HIDDEN} --validation hammer-lead",
        "six excerpts of four seconds; half an hour on one core",
    ),
}
