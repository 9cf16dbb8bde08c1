"""Results as a study would leave them, without training anything: the report's input in every shape it can take."""

import json
import math
from pathlib import Path

import numpy as np

STATE_MODELS = {"STN 4-4-4": 57, "SMGRU-8 leading": 297, "SMGRU-8 read-out": 306}
BLACK_BOXES = {"GRU-8": 281, "LSTM-8": 361}
REGIMES = ("TF", "SS", "TBPTT", "TF+TBPTT")
CIRCUITS = {
    "diode-clipper": ("First-order diode clipper", ["C1"]),
    "diode-clipper-2nd-order": ("Second-order diode clipper", ["Ch", "Cl"]),
}
NETLIST = "* {}\nVin in 0 DC 0 AC 1\n"
NETLIST += "R1 in out 2.2k\nC1 out 0 10n\nD1 out 0 DCLIP\nD2 0 out DCLIP\n.model DCLIP D(IS=2.52n N=1.752)\n.end"
HORIZON, FS = 1024, 48_000
# How much each regime changes the free-running error and the bias, in powers of ten and in dB.
GAIN = {"TF": 0.0, "SS": -0.3, "TBPTT": -0.7, "TF+TBPTT": -1.0}
BIAS = {"TF": 11.0, "SS": 6.0, "TBPTT": 2.0, "TF+TBPTT": 1.5}


def study(*, circuits: int = 2, seeds: int = 5, trouble: bool = True, effect: float = 1.0, rng: int = 0):
    """(results, curves). `effect` scales what a regime does; `trouble` lets some runs run away or not recover."""
    random = np.random.default_rng(rng)
    rows: list[dict] = []
    curves: dict[str, np.ndarray] = {}
    names = dict(list(CIRCUITS.items())[:circuits])
    for circuit in names:
        time = np.arange(2400) / FS
        source = 4.5 * np.sin(2 * np.pi * 196 * time) * np.exp(-20 * time) + 0.4 * np.sin(2 * np.pi * 587 * time)
        target = 0.55 * np.tanh(1.6 * source)
        curves |= {
            f"{circuit}|times": (1 + np.arange(HORIZON)) / FS,
            f"{circuit}|waveform-time": time,
            f"{circuit}|waveform-target": target,
            f"{circuit}|waveform-input": source,
        }
        rows.append(_row(circuit, "nodal", None, None, 0, free=4e-7, forced=1e-7))
        for place, (model, parameters) in enumerate((STATE_MODELS | BLACK_BOXES).items()):
            for regime in REGIMES if model in STATE_MODELS else ("TBPTT",):
                here = []
                for seed in range(seeds):
                    power = -2.2 - 0.5 * place + effect * GAIN[regime] + 0.25 * random.standard_normal()
                    bias = effect * BIAS[regime] + random.standard_normal()
                    row = _row(circuit, model, regime, seed, parameters, free=10**power, bias=bias)
                    if model in BLACK_BOXES:
                        row |= dict.fromkeys(
                            ("esr_teacher_forced", "esr_forced_at_its_best", "exposure_bias_db", "recovery_seconds")
                        )
                        row["recovered"] = None
                    here.append(row)
                if model in STATE_MODELS:
                    curves |= _curves(f"{circuit}|{model}|{regime}", [r["esr_free_running"] for r in here], random)
                error = math.sqrt(here[0]["esr_free_running"]) * np.sqrt(np.mean(target**2))
                wave = target + error * np.sqrt(2) * np.sin(2 * np.pi * (900 + 300 * place) * time + place)
                curves[f"{circuit}|{model}|{regime}|waveform"] = wave
                rows += here
    if trouble:
        _spoil(rows, curves, seeds)
    header = {
        "preset": "quick" if seeds < 5 else "full",
        "created": "2025-03-01T12:00:00+00:00",
        "command": "python -m benchmarks.exposure_bias --preset <quick> & 'more'",
        "versions": {"circuitnn": "0.1.0", "python": "3.12.3", "jax": "0.10.2", "jaxlib": "0.10.2", "scipy": "1.17.1"},
        "machine": {"cpu": "Some CPU @ 2.5 GHz", "cores": 2, "memory_gb": 7.7, "platform": "Linux-6.1-x86_64"},
        "data": {
            "source": "built-in excitation (seed 0)",
            "files": [],
            "fs": FS,
            "volts_at_full_scale": 4.5,
            "train_seconds": 40.0,
            "validation_seconds": 8.0,
            "test_seconds": 8.0,
        },
        "compute": {"updates": 300, "batch": 40, "length": 512, "warmup": 200, "gradient_samples": 6144000},
        "circuits": {
            key: {"title": title, "netlist": NETLIST.format(title), "state_names": states}
            for key, (title, states) in names.items()
        },
        "seconds": 270.0,
    }
    return {"header": header, "rows": rows}, curves


def write(folder: Path, results: dict, curves: dict[str, np.ndarray]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, allow_nan=False), encoding="utf-8")
    np.savez(folder / "curves.npz", **curves)
    return folder


def _row(circuit, model, regime, seed, parameters, *, free, bias=None, forced=None):
    if forced is None:
        forced = free / 10 ** (bias / 10)
    return {
        "circuit": circuit,
        "model": model,
        "regime": regime,
        "seed": seed,
        "parameters": parameters,
        "esr_teacher_forced": forced,
        "esr_forced_at_its_best": 0.9 * forced,
        "esr_free_running": free,
        "exposure_bias_db": 10 * math.log10(free / forced),
        "train_seconds": 0.0 if regime is None else 4.2 if regime == "TF" else 17.3,
        "learning_rate": None if regime is None else 1e-2,
        "rates_tried": [] if regime is None else [[2e-3, 0.3], [1e-2, 0.1 if model == "GRU-8" else 0.2]],
        "audio_seconds": 8.0,
        "recovery_seconds": 0.0031,
        "recovered": True,
        "validation_esr": free,
        "validation": [] if regime is None else [8 * free, 4 * free, 2 * free, free],
        "diverged": None,
    }


def _curves(key: str, ends: list[float], random: np.random.Generator) -> dict[str, np.ndarray]:
    """Errors that grow to their free-running value, and from a wrong start fall to it."""
    n = np.arange(1, HORIZON + 1)
    end = np.asarray(ends)[:, None]
    ripple = np.exp(0.15 * np.cumsum(random.standard_normal((len(ends), HORIZON)), axis=1) / 5)
    right = end * (0.02 + 1 - np.exp(-n / 90)) * ripple
    return {f"{key}|error": right, f"{key}|wrong": right + np.exp(-n / 40)}


def _spoil(rows: list[dict], curves: dict[str, np.ndarray], seeds: int) -> None:
    """The STN under TF: one seed runs away, one does not find back; training under SS stops for one seed."""
    runs = [r for r in rows if r["circuit"] == "diode-clipper" and r["model"] == "STN 4-4-4"]
    lost = next(r for r in runs if r["regime"] == "TF")
    lost |= {"esr_free_running": None, "exposure_bias_db": None, "recovered": False, "recovery_seconds": None}
    curves["diode-clipper|STN 4-4-4|TF|error"][0, 300:] = np.inf
    curves["diode-clipper|STN 4-4-4|TF|wrong"][0, 200:] = np.nan
    if seeds > 1:
        [r for r in runs if r["regime"] == "TF"][1].update(recovered=False, recovery_seconds=None)
    stopped = next(r for r in runs if r["regime"] == "SS")
    stopped |= dict.fromkeys(("esr_free_running", "esr_teacher_forced", "exposure_bias_db", "recovery_seconds"))
    stopped |= {"recovered": None, "diverged": "the loss became nan in update 17 (window <3>)"}
    curves["diode-clipper|STN 4-4-4|TF|waveform"][1200:] = np.nan
