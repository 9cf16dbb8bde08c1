"""The command of a study: from netlist to report, in several processes, to be continued where it was stopped."""

import argparse
import dataclasses
import datetime
import hashlib
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import as_completed
from importlib import metadata
from pathlib import Path
from typing import Any, final

# Each process trains small models sample by sample: one thread each, and the cores are shared out among processes.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from tqdm import tqdm

from benchmarks.exposure_bias import material, processes, report, terminal
from benchmarks.exposure_bias.presets import Preset
from benchmarks.exposure_bias.records import NODAL, ReportError
from benchmarks.exposure_bias.study import Job
from circuitnn.audio import AudioError
from circuitnn.circuit import Circuit
from circuitnn.files import replacing

PACKAGES = ("circuitnn", "jax", "jaxlib", "flax", "optax", "numpy", "scipy")


@final
@dataclasses.dataclass(frozen=True)
class Program:
    """What a study does.

    Attributes:
        name: of its module, "exposure_bias".
        about: in a sentence.
        presets: by name; a preset is the study's own.
        page: the report.
        volts: of full scale.
        training: how much each model learns under a preset.
        subjects: title and circuit of everything that is modelled.
        simulate: writes the data sets of a preset and the signals into a folder, those that are not there yet.
        jobs: what is to be computed, in the order in which it is begun.
        work: does one job of a preset in a folder, in a process of its own.
    """

    name: str
    about: str
    presets: Mapping[str, Any]
    page: report.Study
    volts: float
    training: Callable[[Any], Preset]
    subjects: Callable[[], dict[str, tuple[str, Circuit]]]
    simulate: Callable[[Any, material.Material, Path], None]
    jobs: Callable[[Any], list[Job]]
    work: Callable[[Job, Any, Path], dict[str, Any]]


def main(program: Program, argv: list[str] | None = None) -> int:
    """Run a study with the arguments of a command line; the exit code."""
    options = _options(program).parse_args(argv)
    folder = Path(options.output)
    try:
        _check_writable(folder)
        preset = program.presets[options.preset]
        _say(f"{program.name.replace('_', '-')} benchmark, preset {options.preset}: {_plan(program, preset)}")
        return _run(program, options, preset, folder)
    except (AudioError, ValueError, OSError, ReportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nstopped; the same command goes on where it was ({folder / 'work'} keeps the state)", file=sys.stderr)
        return 130


def _options(program: Program) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{program.name}", description=program.about)
    parser.add_argument(
        "--preset", choices=program.presets, default="quick", help="quick: minutes; full: an hour or more"
    )
    parser.add_argument("--input", nargs="+", metavar="FILE_OR_FOLDER", help="recordings instead of the excitation")
    parser.add_argument("--test", nargs="+", default=[], metavar="NAME", help="recordings held out for the test")
    parser.add_argument("--validation", nargs="+", default=[], metavar="NAME", help="recordings that choose weights")
    parser.add_argument(
        "--output", default=f"results/{program.name.replace('_', '-')}", metavar="FOLDER", help="default: %(default)s"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    return parser


def _run(program: Program, options: argparse.Namespace, preset: Any, folder: Path) -> int:
    began = time.monotonic()
    report.check_extras()
    if options.input:
        signals = material.recordings(options.input, test=options.test, validation=options.validation)
    else:
        signals = material.built_in(program.training(preset).excitation_seconds)
    work = _work_folder(folder, preset, signals)
    program.simulate(preset, signals, work)
    rows, curves, compute = _train(program, preset, work, max(1, options.jobs))
    header = _header(program, options, preset, signals, compute, time.monotonic() - began)
    results = {"header": header, "rows": rows}
    with replacing(folder / "curves.npz") as file:
        np.savez(file, allow_pickle=False, **curves)
    with replacing(folder / "results.json") as file:
        file.write(json.dumps(results, indent=1, allow_nan=False).encode())
    page = report.write(folder, program.page)
    shutil.rmtree(work)
    print(terminal.table(results, program.page.headline))
    _say(f"report: {page}")
    return 0


def _train(
    program: Program, preset: Any, work: Path, wanted: int
) -> tuple[list[dict], dict[str, np.ndarray], dict[str, int]]:
    jobs = program.jobs(preset)
    results: dict[str, dict[str, Any]] = {}
    with (
        processes.pool(min(wanted, len(jobs))) as pool,
        tqdm(total=len(jobs), unit="run", dynamic_ncols=True) as bar,
    ):
        pending = {pool.submit(program.work, job, preset, work): job for job in jobs}
        try:
            for done in as_completed(pending):
                job = pending[done]
                results[job.label] = done.result()
                bar.set_postfix_str(f"{job.model} {job.regime or ''}".strip(), refresh=False)
                bar.update()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    ordered = [results[job.label] for job in sorted(jobs, key=_reading_order(program, preset))]
    rows = [row for result in ordered for row in result["rows"]]
    curves = {name: curve for result in ordered for name, curve in result["curves"].items()}
    most = max(ordered, key=lambda result: result["updates"])
    return rows, curves, {"updates": most["updates"], "gradient_samples": most["samples"]}


def _reading_order(program: Program, preset: Any):
    models, subjects = [NODAL, *program.training(preset).contenders], list(program.subjects())
    return lambda job: (subjects.index(job.circuit), models.index(job.model))


def _header(
    program: Program, options: argparse.Namespace, preset: Any, signals: material.Material, compute, wall: float
) -> dict[str, Any]:
    training = program.training(preset)
    return {
        "preset": training.name,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": _command(program, options),
        "versions": {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}},
        "machine": _machine(),
        "data": {
            "source": signals.source,
            "files": signals.files,
            "fs": material.FS,
            "volts_at_full_scale": program.volts,
            **{f"{part}_seconds": round(len(x) / material.FS, 3) for part, x in signals.signals.items()},
        },
        "compute": {"batch": training.batch, "length": training.length, "warmup": training.warmup, **compute},
        "seeds": training.seeds,
        "circuits": {
            name: {"title": title, "netlist": circuit.to_spice(), "state_names": list(circuit.state_names)}
            for name, (title, circuit) in program.subjects().items()
        },
        "seconds": round(wall, 1),
    }


def _command(program: Program, options: argparse.Namespace) -> str:
    """As typed, without folders: where somebody keeps recordings is nobody's business."""
    words = [f"python -m benchmarks.{program.name}", "--preset", options.preset]
    for name in ("input", "test", "validation"):
        given = getattr(options, name)
        if given:
            words += [f"--{name}", *(Path(value).name for value in given)]
    return " ".join(words)


def _machine() -> dict[str, Any]:
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30 if hasattr(os, "sysconf") else None
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gb": None if memory is None else round(memory, 1),
        "platform": platform.platform(),
    }


def _work_folder(folder: Path, preset: Any, signals: material.Material) -> Path:
    """Where a run keeps its state, named after what it computes: the same command goes on, another starts afresh."""
    digest = hashlib.sha256(repr(preset).encode())
    for x in signals.signals.values():
        digest.update(np.ascontiguousarray(x).tobytes())
    work = folder / "work" / digest.hexdigest()[:16]
    work.mkdir(parents=True, exist_ok=True)
    return work


def _check_writable(folder: Path) -> None:
    """Before an hour of training, not after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OSError(f"cannot write results to {folder}: {error.strerror or error}") from error


def _plan(program: Program, preset: Any) -> str:
    training = program.training(preset)
    trainings = sum(job.regime is not None for job in program.jobs(preset))
    return (
        f"{len(program.subjects())} circuits, {len(training.contenders)} models, {trainings} trainings of "
        f"{training.seeds} seeds, {training.updates} updates each"
    )


def _say(text: str) -> None:
    print(text, flush=True)
