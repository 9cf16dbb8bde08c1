"""`python -m benchmarks.state_matching`: state-matched GRUs on an overdrive and on a phaser."""

import os
from pathlib import Path

# Each process trains small models sample by sample: one thread each, and the cores are shared out among processes.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.exposure_bias import command, material
from benchmarks.state_matching import matching, study
from benchmarks.state_matching.study import PLANS, Plan
from benchmarks.state_matching.targets import TARGETS, VOLTS_AT_FULL_SCALE, datasets
from circuitnn.circuit import Circuit


def subjects() -> dict[str, tuple[str, Circuit]]:
    return {name: (target.title, target.circuit()) for name, target in TARGETS.items()}


def simulate(plan: Plan, signals: material.Material, work: Path) -> None:
    for target in TARGETS.values():
        file = work / f"{target.material}.npz"
        if not file.exists():
            print(f"simulating {target.material} at {plan.oversampling} x {material.FS} Hz", flush=True)
            cut = {"pieces": plan.pieces, "oversampling": plan.oversampling}
            material.save(file, datasets(target, signals, **cut, cache=work / "signals"))


PROGRAM = command.Program(
    "state_matching",
    "GRU, LSTM, STN and GRUs whose states are matched to the circuit's, on a Boss SD-1 with its knobs and on a Phase "
    "90 whose oscillator stands still, is given, or is hidden.",
    PLANS,
    matching.STUDY,
    VOLTS_AT_FULL_SCALE,
    lambda plan: plan.training,
    subjects,
    simulate,
    study.jobs,
    study.work,
)


def main(argv: list[str] | None = None) -> int:
    return command.main(PROGRAM, argv)


if __name__ == "__main__":
    raise SystemExit(main())
