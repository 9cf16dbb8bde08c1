"""`python -m benchmarks.tone_stacks`: neural filters that follow three tone stacks.

Coupled form against biquad cascade, at the circuit's order and above, with equally many weights and the same training;
stability under knobs that move at audio rate; cost of a sample.
"""

import argparse
import sys
from typing import Any

from benchmarks import catalogue
from benchmarks.tone_stacks import report as reports
from benchmarks.tone_stacks.cost import costs
from benchmarks.tone_stacks.fits import CIRCUITS, Setting, as_it_comes, fits
from benchmarks.tone_stacks.stability import stability
from circuitnn.train import Schedule

MODULATED = 2  # times the circuit's order: the fits whose stability is tried


def main(argv: list[str] | None = None) -> int:
    options = _options().parse_args(argv)
    names = options.circuits or CIRCUITS
    unknown = [name for name in names if name not in CIRCUITS]
    if unknown:
        print(f"error: no tone stack named {', '.join(unknown)}; there are {', '.join(CIRCUITS)}", file=sys.stderr)
        return 2
    setting = Setting(tuple(range(options.seeds)), options.weights, Schedule(options.adam, options.least_squares))
    head = catalogue.header(
        seeds=list(setting.seeds), weights=setting.weights, schedule=list(setting.schedule), samples=options.samples
    )
    found: dict[str, Any] = {"header": head, "defaults": [], "rows": [], "comparisons": [], "stability": []}
    print(f"tone stacks: {', '.join(names)}; {options.seeds} seeds", flush=True)
    found["costs"] = costs(options.rounds)
    for name in names if options.defaults else ():
        found["defaults"].append(as_it_comes(name))
        print(f"  {_line(found['defaults'][-1] | {'form': 'default arguments'})}", flush=True)
    for name in names:
        for row, model in fits(name, setting):
            found["rows"].append(row)
            print(f"  {_line(row)}", flush=True)
            if row["times"] == MODULATED:
                found["stability"] += stability(name, model, options.samples)
            found["comparisons"] = reports.comparisons(found["rows"])
            found["targets"] = reports.targets(found)
            catalogue.write(options.output, found, reports.tables(found))
    print(f"\n{reports.tables(found)}\n\n{options.output}")
    return 0


def _options() -> argparse.ArgumentParser:
    description = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tone_stacks", description=description)
    parser.add_argument("--circuits", nargs="+", metavar="NAME", help=f"of {', '.join(CIRCUITS)}; default: all")
    parser.add_argument("--seeds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--weights", type=int, default=500, help="of each network, about; default: %(default)s")
    parser.add_argument("--adam", type=int, default=2000, help="updates; default: %(default)s")
    parser.add_argument("--least-squares", type=int, default=30, help="steps at most; default: %(default)s")
    parser.add_argument(
        "--samples", type=int, default=10_000_000, help="with knobs that move at each of them; default: %(default)s"
    )
    parser.add_argument(
        "--no-defaults", dest="defaults", action="store_false", help="without the fits with default arguments"
    )
    parser.add_argument("--rounds", type=int, default=5, help="of the measurement of cost; the least time counts")
    parser.add_argument(
        "--output",
        default="results/tone-stacks.json",
        metavar="FILE",
        help="JSON; tables go to FILE with .md at its end",
    )
    return parser


def _line(row: dict[str, Any]) -> str:
    own = row["error_db"]
    name = f"{row['circuit']}, {row['form']}, order {row['order']}"
    return f"{name:36s} mean {own['mean']:.4f}  95 % {own['p95']:.4f}  largest {own['max']:.3f} dB"


if __name__ == "__main__":
    raise SystemExit(main())
