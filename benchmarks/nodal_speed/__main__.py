"""`python -m benchmarks.nodal_speed`: speed of the nodal model on the circuits of the catalogue, beside ngspice.

Each row is measured in interleaved rounds after a first call of everything, and the least time counts.
"""

import argparse
import sys
import time
import warnings
from functools import partial
from typing import Any

from benchmarks import catalogue, speed_report, timing
from benchmarks.nodal_speed import report
from circuitnn import audio, circuits, spice
from circuitnn.circuit import Circuit
from circuitnn.mna.topology import topology
from circuitnn.nodal import NodalModel
from circuitnn.numerics.report import SolveWarning

# ngspice as it comes, with steps no longer than a sample: the least that it can do to play the same signal.
AS_IT_COMES = spice.Tolerances(reltol=1e-3, abstol=1e-12, vntol=1e-6, gmin=1e-12, chgtol=1e-14)


def main(argv: list[str] | None = None) -> int:
    options = _options().parse_args(argv)
    timing.set_up(x64=options.dtype == "float64")
    sizes = timing.Sizes(options.seconds, options.batch, options.batch_seconds)
    try:
        names = catalogue.chosen(options)
        recording = catalogue.recording(options.input, max(sizes.seconds, sizes.batch_seconds))
    except (ValueError, audio.AudioError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"nodal speed: {len(names)} circuit(s), {options.dtype}, {options.rounds} rounds", flush=True)
    catalogue.report_each(
        (_row(name, recording, sizes, options) for name in names),
        catalogue.header(dtype=options.dtype, **timing.header(options)),
        options.output,
        targets=report.targets,
        tables=report.tables,
        line=_line,
    )
    return 0


def _options() -> argparse.ArgumentParser:
    description = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nodal_speed", description=description)
    catalogue.add_arguments(parser, "results/nodal-speed.json")
    parser.add_argument("--dtype", choices=("float64", "float32"), default="float64", help="default: %(default)s")
    timing.add_arguments(parser)
    parser.add_argument(
        "--ngspice-timeout", type=float, default=30.0, help="seconds, then its cell stays empty; 0: without ngspice"
    )
    return parser


def _line(row: catalogue.Row) -> str:
    each = min(row["batch_ms_per_stream"].values())
    return f"{row['circuit']:26s} {row['one_stream_ms']:8.1f} ms, in the batch {each:7.2f} ms a stream"


def _row(name: str, recording: Any, sizes: timing.Sizes, options: argparse.Namespace) -> dict[str, Any]:
    circuit = circuits.CATALOGUE[name]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SolveWarning)  # the accuracy benchmark counts them
        began = time.perf_counter()
        subject = timing.Subject(partial(NodalModel, circuit, catalogue.FS), circuits.NOMINAL_PEAK[name])
        found = timing.steps(subject, recording, sizes, options.dtype, gradient=not options.no_gradient)
        ready = time.perf_counter() - began
        first = {kind: timing.seconds(step) for kind, step in found.items()}
        best = timing.best_of(found, options.rounds)
    return {
        "circuit": name,
        "nodes": len(circuit.nodes),
        "states": len(circuit.state_names),
        "ports": len(topology(circuit).ports),
        **speed_report.figures(found, best, first),
        "models_and_rests_seconds": ready,
        "ngspice_ms": _ngspice_ms(circuit, name, recording, sizes.seconds, options.ngspice_timeout),
    }


def _ngspice_ms(circuit: Circuit, name: str, recording: Any, seconds: float, timeout: float) -> float | None:
    """For a second of audio; None where there is no ngspice, it fails or it takes longer than the timeout."""
    if timeout <= 0 or spice.version() is None:
        return None
    x = circuits.NOMINAL_PEAK[name] * catalogue.loudest(recording, round(seconds * catalogue.FS))
    signal = catalogue.with_all_inputs(circuit, x, catalogue.FS)
    began = time.perf_counter()
    try:
        spice.transient(
            circuit, signal, catalogue.FS, max_step=1 / catalogue.FS, tolerances=AS_IT_COMES, timeout=timeout
        )
    except spice.SpiceError:
        return None
    return 1e3 * (time.perf_counter() - began) / seconds


if __name__ == "__main__":
    raise SystemExit(main())
