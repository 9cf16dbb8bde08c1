"""Makes the golden data of the catalogue anew: ``python -m tests.golden.catalogue.regenerate [name ...]``.

The netlists are run as they lie in the package, knobs and sources replaced in the text: nothing of what this library
reads or writes comes between, but where ngspice has not the device (OTA).
"""

import re
import sys
from collections.abc import Mapping
from importlib import resources

import numpy as np

from circuitnn import spice
from circuitnn.circuit import catalogue
from circuitnn.spice.program import Plot, SpiceError, simulate
from tests.golden.catalogue.load import EVERY, FOLDER, FS, SAMPLES, settings, signal

MAX_STEP = 2.5e-7


def texts() -> dict[str, str]:
    """Netlists and what they include, by file name."""
    folder = resources.files("circuitnn.circuit.catalogue")
    found = {p.name: p.read_text(encoding="utf-8") for p in folder.iterdir() if p.name.endswith((".cir", ".lib"))}
    return {key: _in_words_of_ngspice(key, text) for key, text in found.items()}


def _in_words_of_ngspice(key: str, text: str) -> str:
    if not re.search(r"(?m)^\.model \w+ OTA\b", text):
        return text
    return catalogue.CATALOGUE[key.removesuffix(".cir")]().to_spice()


def netlist(name: str, knobs: Mapping[str, float], tail: list[str]) -> str:
    """The text of a circuit with its knobs turned, and `tail` in place of its analysis."""
    text = re.sub(r"(?m)^\.op\n\.end\n?\Z", "", texts()[f"{name}.cir"])
    for knob, value in knobs.items():
        text, count = re.subn(rf"(?m)^(\.param .*\b{knob}=)\S+", rf"\g<1>{value!r}", text)
        assert count == 1, f"{name}: {knob}"
    return "\n".join([text, *tail, spice.Tolerances().options(), ".end", ""])


def run(text: str, files: Mapping[str, str]) -> Plot:
    plot = simulate(text, {**texts(), **files}, timeout=600)[0]
    if re.search("error|singular|too small|convergence|fatal", plot.words, re.IGNORECASE):
        raise SpiceError(plot.words)
    return plot


def response(name: str, source: str, knobs: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies (61,) and the response (61,) from one source to the output."""
    text = netlist(name, knobs, [".save v(out)", ".ac dec 20 20 20k"])
    text = re.sub(r"(?m)^(V\w+ \w+ 0 DC \S+) AC 1$", r"\1", text)
    text, count = re.subn(rf"(?m)^({source} \w+ 0 DC \S+)$", r"\1 AC 1", text)
    assert count == 1, f"{name}: {source}"
    plot = run(text, {})
    return plot.columns["frequency"].real, plot.columns["v(out)"]


def transient(name: str, x: np.ndarray, knobs: Mapping[str, float], sources: tuple[str, ...]) -> np.ndarray:
    """y (samples,) for x (samples, sources), piecewise linear between samples, from rest at the sources' DC values."""
    tail = [".save v(out)", f".tran {1 / FS!r} {SAMPLES / FS!r} 0 {MAX_STEP!r}"]
    text = netlist(name, knobs, tail)
    for column, source in enumerate(sources):
        rest = float(re.search(rf"(?m)^{source} \w+ 0 DC (\S+)", text).group(1))
        times = np.arange(len(x) + 1) / FS
        points = " ".join(f"{t!r} {v!r}" for t, v in zip(times.tolist(), [rest, *x[:, column].tolist()], strict=True))
        lines = "\n+ ".join(re.findall(r"(?:\S+ \S+ ?){1,4}", points))
        text = re.sub(rf"(?m)^({source} \w+ 0) DC .*$", lambda m, lines=lines: f"{m.group(1)} PWL(\n+ {lines})", text)
    plot = run(text, {})
    times = np.arange(1, SAMPLES + 1) / FS
    return np.interp(times, plot.columns["time"], plot.columns["v(out)"])


def main(names: list[str]) -> None:
    """Write the data of the circuits with these names, or of all."""
    for name in names or catalogue.CATALOGUE:
        circuit = catalogue.CATALOGUE[name]()
        arrays: dict[str, np.ndarray] = {}
        for index, knobs in enumerate(settings(circuit)):
            found = [response(name, source, knobs) for source in circuit.inputs]
            arrays["freqs"] = found[0][0]
            arrays[f"response_{index}"] = np.stack([h for _, h in found])
            arrays[f"y_{index}"] = transient(name, signal(name), knobs, circuit.inputs)[::EVERY]
        np.savez_compressed(FOLDER / f"{name}.npz", **arrays)  # type: ignore[arg-type]
        print(name, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
