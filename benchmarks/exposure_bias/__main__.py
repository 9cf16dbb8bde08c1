"""`python -m benchmarks.exposure_bias`: exposure bias of recurrent models on diode clippers."""

import os
from pathlib import Path

# Each process trains small models sample by sample: one thread each, and the cores are shared out among processes.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.exposure_bias import command, material, report, study
from benchmarks.exposure_bias.presets import CIRCUITS, PRESETS, Preset
from circuitnn.circuit import Circuit


def subjects() -> dict[str, tuple[str, Circuit]]:
    circuits = {name: build() for name, build in CIRCUITS.items()}
    return {name: (circuit.title, circuit) for name, circuit in circuits.items()}


def simulate(_: Preset, signals: material.Material, work: Path) -> None:
    for name, build in CIRCUITS.items():
        file = work / f"{name}.npz"
        if not file.exists():
            print(f"simulating {name} at {material.OVERSAMPLING} x {material.FS} Hz", flush=True)
            material.save(file, material.datasets(build(), signals))


PROGRAM = command.Program(
    "exposure_bias",
    "STN, GRU, LSTM and state-matched GRU on diode clippers: what teacher forcing, scheduled sampling and truncated "
    "BPTT leave of exposure bias.",
    PRESETS,
    report.EXPOSURE_BIAS,
    material.VOLTS_AT_FULL_SCALE,
    lambda preset: preset,
    subjects,
    simulate,
    study.jobs,
    study.work,
)


def main(argv: list[str] | None = None) -> int:
    return command.main(PROGRAM, argv)


if __name__ == "__main__":
    raise SystemExit(main())
