"""`python -m benchmarks.exposure_bias`: from netlist to report."""

import argparse
import datetime
import hashlib
import json
import os
import platform
import shutil
import sys
import time
from concurrent.futures import as_completed
from importlib import metadata
from pathlib import Path
from typing import Any

# Each process trains small models sample by sample: one thread each, and the cores are shared out among processes.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import jax
import numpy as np
from tqdm import tqdm

from benchmarks.exposure_bias import material, processes, report, study, terminal
from benchmarks.exposure_bias.presets import CIRCUITS, PRESETS, Preset
from benchmarks.exposure_bias.records import ReportError
from circuitnn.audio import AudioError
from circuitnn.files import replacing

PACKAGES = ("circuitnn", "jax", "jaxlib", "flax", "optax", "numpy", "scipy")


def main(argv: list[str] | None = None) -> int:
    options = _options().parse_args(argv)
    folder = Path(options.output)
    try:
        _check_writable(folder)
        preset = PRESETS[options.preset]
        _say(f"exposure-bias benchmark, preset {preset.name}: {_plan(preset)}")
        return _run(options, preset, folder)
    except (AudioError, ValueError, OSError, ReportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nstopped; the same command goes on where it was ({folder / 'work'} keeps the state)", file=sys.stderr)
        return 130


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.exposure_bias",
        description="STN, GRU, LSTM and state-matched GRU on diode clippers: what teacher forcing, scheduled sampling "
        "and truncated BPTT leave of exposure bias.",
    )
    parser.add_argument("--preset", choices=PRESETS, default="quick", help="quick: minutes; full: about an hour")
    parser.add_argument("--input", nargs="+", metavar="FILE_OR_FOLDER", help="recordings instead of the excitation")
    parser.add_argument("--test", nargs="+", default=[], metavar="NAME", help="recordings held out for the test")
    parser.add_argument("--validation", nargs="+", default=[], metavar="NAME", help="recordings that choose weights")
    parser.add_argument("--output", default="results/exposure-bias", metavar="FOLDER", help="default: %(default)s")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    return parser


def _run(options: argparse.Namespace, preset: Preset, folder: Path) -> int:
    began = time.monotonic()
    report.check_extras()
    if options.input:
        signals = material.recordings(options.input, test=options.test, validation=options.validation)
    else:
        signals = material.built_in(preset.excitation_seconds)
    work = _work_folder(folder, preset, signals)
    seconds = _simulate(signals, work)
    rows, curves, compute = _train(preset, work, max(1, options.jobs))
    header = _header(options, preset, signals, seconds, compute, time.monotonic() - began)
    results = {"header": header, "rows": rows}
    with replacing(folder / "curves.npz") as file:
        np.savez(file, allow_pickle=False, **curves)
    with replacing(folder / "results.json") as file:
        file.write(json.dumps(results, indent=1, allow_nan=False).encode())
    page = report.write(folder)
    shutil.rmtree(work)
    print(terminal.table(results))
    _say(f"report: {page}")
    return 0


def _simulate(signals: material.Material, work: Path) -> dict[str, float]:
    """The circuits' answers, once for all jobs."""
    seconds = {}
    with jax.enable_x64(True):
        for name, build in CIRCUITS.items():
            file = work / f"{name}.npz"
            if not file.exists():
                _say(f"simulating {name} at {material.OVERSAMPLING} x {material.FS} Hz")
                material.save(file, material.datasets(build(), signals))
    for part, x in signals.signals.items():
        seconds[part] = round(len(x) / material.FS / material.OVERSAMPLING, 3)
    return seconds


def _train(preset: Preset, work: Path, wanted: int) -> tuple[list[dict], dict[str, np.ndarray], dict[str, int]]:
    jobs = study.jobs(preset)
    results: dict[str, dict[str, Any]] = {}
    with (
        processes.pool(min(wanted, len(jobs))) as pool,
        tqdm(total=len(jobs), unit="run", dynamic_ncols=True) as bar,
    ):
        pending = {pool.submit(study.work, job, preset, work): job for job in jobs}
        try:
            for done in as_completed(pending):
                job = pending[done]
                results[job.label] = done.result()
                bar.set_postfix_str(f"{job.model} {job.regime or ''}".strip(), refresh=False)
                bar.update()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    ordered = [results[job.label] for job in sorted(jobs, key=_reading_order(preset))]
    rows = [row for result in ordered for row in result["rows"]]
    curves = {name: curve for result in ordered for name, curve in result["curves"].items()}
    most = max(ordered, key=lambda result: result["updates"])
    return rows, curves, {"updates": most["updates"], "gradient_samples": most["samples"]}


def _reading_order(preset: Preset):
    models = [study.NODAL, *preset.contenders]
    return lambda job: (list(CIRCUITS).index(job.circuit), models.index(job.model))


def _header(options, preset: Preset, signals: material.Material, seconds, compute, wall: float) -> dict[str, Any]:
    circuits = {name: build() for name, build in CIRCUITS.items()}
    return {
        "preset": preset.name,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": _command(options),
        "versions": {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}},
        "machine": _machine(),
        "data": {
            "source": signals.source,
            "files": signals.files,
            "fs": material.FS,
            "volts_at_full_scale": material.VOLTS_AT_FULL_SCALE,
            **{f"{part}_seconds": value for part, value in seconds.items()},
        },
        "compute": {"batch": preset.batch, "length": preset.length, "warmup": preset.warmup, **compute},
        "seeds": preset.seeds,
        "circuits": {
            name: {"title": c.title, "netlist": c.to_spice(), "state_names": list(c.state_names)}
            for name, c in circuits.items()
        },
        "seconds": round(wall, 1),
    }


def _command(options: argparse.Namespace) -> str:
    """As typed, without folders: where somebody keeps recordings is nobody's business."""
    words = ["python -m benchmarks.exposure_bias", "--preset", options.preset]
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


def _work_folder(folder: Path, preset: Preset, signals: material.Material) -> Path:
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


def _plan(preset: Preset) -> str:
    trainings = len(study.jobs(preset)) - len(CIRCUITS)
    return (
        f"{len(CIRCUITS)} circuits, {len(preset.contenders)} models, {trainings} trainings of {preset.seeds} seeds, "
        f"{preset.updates} updates each"
    )


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
