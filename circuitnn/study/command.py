"""The command of a study: from netlist to report, in several processes, to be continued where it was stopped."""

import argparse
import dataclasses
import functools
import os
import sys
from pathlib import Path
from typing import Any

from circuitnn.audio import AudioError
from circuitnn.study import grid, processes, report, signals, terminal
from circuitnn.study.carrying_out import carried_out, so_far
from circuitnn.study.definition import Study
from circuitnn.study.preset import Preset
from circuitnn.study.wording import plural
from circuitnn.train.interruption import Terminated, terminating


def main(study: Study, argv: list[str] | None = None) -> int:
    """Run a study with the arguments of a command line, those of the process when None; the exit code.

    Results and report go to results/NAME. Bad input is one line on the standard error stream, and exit code 2.
    """
    options = _options(study).parse_args(argv)
    folder = Path(options.output)
    try:
        if options.render is not None:
            print(report.write(options.render, study))
            return 0
        grid.check_writable(folder)
        preset = study.presets[options.preset]
        if options.targets:
            preset = dataclasses.replace(preset, targets=tuple(options.targets))
        if options.so_far:
            found = so_far(study, preset, _material(options, preset), folder, command=_command(study, options))
            return _told(study, *found)
        _say(f"{study.name} benchmark, preset {options.preset}: {plan(study, preset)}")
        with terminating():
            return _run(study, options, preset, folder)
    except (AudioError, ValueError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"\nstopped; the same command goes on where it was ({folder / 'work'} keeps the state)", file=sys.stderr)
        return 143 if isinstance(stop, Terminated) else 130


def add_sound_options(parser: argparse.ArgumentParser) -> None:
    """Recordings instead of the built-in excitation, and which of them are held out."""
    parser.add_argument("--input", nargs="+", metavar="FILE_OR_FOLDER", help="recordings instead of the excitation")
    parser.add_argument("--test", nargs="+", default=[], metavar="NAME", help="recordings held out for the test")
    parser.add_argument("--validation", nargs="+", default=[], metavar="NAME", help="recordings that choose weights")


def sound(options: argparse.Namespace, excitation_seconds: float) -> signals.Signals:
    """What `add_sound_options` has let a user choose."""
    if options.input:
        return signals.recordings(options.input, test=options.test, validation=options.validation)
    return signals.built_in(excitation_seconds)


def _options(study: Study) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {study.module}", description=study.about)
    presets = list(study.presets)
    parser.add_argument("--preset", choices=presets, default=presets[0], help="quick: minutes; full: an hour or more")
    targets = list(study.targets)
    parser.add_argument("--targets", nargs="+", choices=targets, metavar="NAME", help=f"only of {', '.join(targets)}")
    add_sound_options(parser)
    parser.add_argument("--output", default=f"results/{study.name}", metavar="FOLDER", help="default: %(default)s")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument("--cluster", metavar="ADDRESS", help="of a Dask scheduler, whose workers see the output folder")
    about = "only write results and page of the targets whose runs have all ended; another process may be computing"
    parser.add_argument("--so-far", action="store_true", help=about)
    parser.add_argument("--render", type=Path, metavar="FOLDER", help="only write the page again from results there")
    return parser


def _run(study: Study, options: argparse.Namespace, preset: Preset, folder: Path) -> int:
    material = _material(options, preset)
    workers = workers_of(options.jobs, options.cluster, len(study.jobs(preset)))
    return _told(study, *carried_out(study, preset, material, folder, workers, command=_command(study, options)))


def _material(options: argparse.Namespace, preset: Preset) -> signals.Signals:
    if not options.input:
        return preset.signals()
    material = sound(options, preset.excitation_seconds)
    return material if preset.material is None else preset.material.cut(material, preset.pieces)


def _told(study: Study, contents: dict[str, Any], page: Path) -> int:
    print(terminal.table(contents, study.headline))
    _say(f"report: {page}")
    return 0


def workers_of(jobs: int, cluster: str | None, most: int) -> grid.Workers:
    """Those of a Dask scheduler, or so many processes here.

    Args:
        jobs: processes.
        cluster: address of the scheduler; None for processes.
        most: of them that have anything to do.
    """
    if cluster is not None:
        return functools.partial(processes.cluster, cluster)
    return functools.partial(processes.pool, min(max(1, jobs), most))


def _command(study: Study, options: argparse.Namespace) -> str:
    """As typed, without folders: where somebody keeps recordings is nobody's business."""
    words = [study.command, "--preset", options.preset]
    if options.targets:
        words += ["--targets", *options.targets]
    for name in ("input", "test", "validation"):
        values = getattr(options, name)
        if values:
            words += [f"--{name}", *(Path(value).name for value in values)]
    return " ".join(words)


def plan(study: Study, preset: Preset) -> str:
    """How much is to be computed, in words."""
    trainings = sum(job.regime is not None for job in study.jobs(preset))
    length = plural(preset.updates, "update") if preset.seconds is None else f"{preset.seconds:g} s"
    return (
        f"{plural(len(study.targets_of(preset)), 'target')}, {plural(len(study.contenders_of(preset)), 'model')}, "
        f"{plural(trainings, 'training')} of {plural(preset.seeds, 'seed')}, {length} each"
    )


def _say(text: str) -> None:
    print(text, flush=True)
