"""`python -m benchmarks.nodal_speed`: speed of the nodal model on the circuits of the catalogue, beside ngspice.

Each row is measured in interleaved rounds after a first call of everything, and the least time counts. The report is
written anew after each circuit, so that a run that is stopped leaves what it has.
"""

import argparse
import os
import sys
import time
import warnings
from typing import Any

import jax

from benchmarks import catalogue
from benchmarks.nodal_speed import report, work
from circuitnn import audio, circuits, spice
from circuitnn.circuit import Circuit
from circuitnn.mna.topology import topology
from circuitnn.numerics.report import SolveWarning

# ngspice as it comes, with steps no longer than a sample: the least that it can do to play the same signal.
AS_IT_COMES = spice.Tolerances(reltol=1e-3, abstol=1e-12, vntol=1e-6, gmin=1e-12, chgtol=1e-14)


def main(argv: list[str] | None = None) -> int:
    options = _options().parse_args(argv)
    _set_up(options.dtype)
    sizes = work.Sizes(options.seconds, options.batch, options.batch_seconds)
    try:
        names = catalogue.chosen(options)
        recording = catalogue.recording(options.input, max(sizes.seconds, sizes.batch_seconds))
    except (ValueError, audio.AudioError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    head = catalogue.header(
        dtype=options.dtype,
        batch=sizes.batch,
        rounds=options.rounds,
        devices=len(jax.devices()),
        seconds=sizes.seconds,
        signal="built-in excitation" if options.input is None else "a recording",
    )
    print(f"nodal speed: {len(names)} circuit(s), {options.dtype}, {options.rounds} rounds", flush=True)
    rows: list[dict[str, Any]] = []
    for name in names:
        began = time.perf_counter()
        rows.append(_row(name, recording, sizes, options))
        result = {"header": head, "rows": rows, "targets": report.targets(rows)}
        catalogue.write(options.output, result, report.tables(result))
        each = min(rows[-1]["batch_ms_per_stream"].values())
        print(
            f"  {name:26s} {rows[-1]['one_stream_ms']:8.1f} ms, in the batch {each:7.2f} ms a stream"
            f"   ({time.perf_counter() - began:.0f} s)",
            flush=True,
        )
    print("\n" + report.tables(result))
    print(f"\n{options.output}")
    return 0


def _options() -> argparse.ArgumentParser:
    description = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nodal_speed", description=description)
    catalogue.add_arguments(parser, "results/nodal-speed.json")
    parser.add_argument("--dtype", choices=("float64", "float32"), default="float64", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each; the least counts")
    parser.add_argument("--seconds", type=float, default=1.0, help="of one stream; default: %(default)s")
    parser.add_argument("--batch", type=int, default=256, help="streams of the batch; default: %(default)s")
    parser.add_argument("--batch-seconds", type=float, default=0.2, help="of each of them; default: %(default)s")
    parser.add_argument("--no-gradient", action="store_true", help="forward only")
    parser.add_argument(
        "--ngspice-timeout", type=float, default=30.0, help="seconds, then its cell stays empty; 0: without ngspice"
    )
    return parser


def _set_up(dtype: str) -> None:
    """Two devices, which has an effect before the first computation only; and compilation that is not remembered."""
    flags = os.environ.get("XLA_FLAGS", "")  # circuitnn, imported above, has put its own there
    if "xla_force_host_platform_device_count" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --xla_force_host_platform_device_count=2".strip()
    jax.config.update("jax_enable_compilation_cache", False)
    if dtype == "float64":
        jax.config.update("jax_enable_x64", True)


def _row(name: str, recording: Any, sizes: work.Sizes, options: argparse.Namespace) -> dict[str, Any]:
    circuit = circuits.CATALOGUE[name]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SolveWarning)  # the accuracy benchmark counts them
        began = time.perf_counter()
        found = work.steps(name, recording, sizes, options.dtype, gradient=not options.no_gradient)
        ready = time.perf_counter() - began
        first = {kind: work.seconds(step) for kind, step in found.items()}
        best = work.best_of(found, options.rounds)
    return {
        "circuit": name,
        "nodes": len(circuit.nodes),
        "states": len(circuit.state_names),
        "ports": len(topology(circuit).ports),
        **report.figures(found, best, first),
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
