"""`circuitnn study`: a study that a file describes."""

import os
from pathlib import Path
from typing import Any

import click

from circuitnn.cli.problems import Fault, say

EXAMPLES = """\b
Example, pedals.toml:
  seeds = 3
  volts = 0.3
  budget = {updates = 500}
  [contenders]
  "LSTM-16" = {kind = "LSTM", hidden = 16}
  nano = "wavenet-nano"
  capture = "amp.nam"
  [targets]
  sd1 = {circuit = "sd1", knobs = {drive = [0, 0.5, 1]}, unseen = [{drive = 0.25}]}
  mine = {folder = "recordings"}

\b
  circuitnn study pedals.toml
  circuitnn study pedals.toml --updates 50 --seeds 1 -o try
  circuitnn study pedals.toml --cluster tcp://host:8786
"""


@click.command(short_help="Compare models on devices, as a file describes.", epilog=EXAMPLES)
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.toml")
@click.option("--preset", metavar="NAME", help="Of the tables [presets.NAME] in the file.  [default: none of them]")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FOLDER", help="[default: results/FILE]")
@click.option("--jobs", type=click.IntRange(1, 1024), metavar="N", help="Processes.  [default: one a core]")
@click.option("--cluster", metavar="ADDRESS", help="Of a Dask scheduler, whose workers see the folder.")
@click.option("--seeds", type=click.IntRange(1, 10_000), help="Instead of the file's.")
@click.option("--updates", type=click.IntRange(1, 10**9), help="Instead of the file's.")
@click.option("--check", is_flag=True, help="Only say what would be computed.")
@click.option("--so-far", is_flag=True, help="Only write results and page of the targets whose runs have all ended.")
@click.option("--render", is_flag=True, help="Only write the page again, from results in the folder.")
@click.pass_context
def study(
    context: click.Context,
    file: Path,
    preset: str | None,
    output: Path | None,
    jobs: int | None,
    cluster: str | None,
    seeds: int | None,
    updates: int | None,
    check: bool,
    so_far: bool,
    render: bool,
) -> None:
    """Train contenders on targets and compare them: FILE.toml says which, on what and for how long.

    Results and report go to a folder. A study that is stopped goes on where it was, by the same command.
    """
    import dataclasses

    from circuitnn.study import netlists
    from circuitnn.study.keys import DescriptionError

    try:
        netlists.check(file)  # before JAX is imported, which the study needs
    except DescriptionError as problem:
        _tell(problem)
        context.exit(2)
    from circuitnn.study import Description, carrying_out, grid, report, trial
    from circuitnn.study.command import plan, workers_of
    from circuitnn.study.description import WHOLE
    from circuitnn.study.terminal import table
    from circuitnn.train.interruption import Terminated, terminating

    try:
        description = Description.read(file)
    except DescriptionError as problem:
        _tell(problem)
        context.exit(2)
    whole = description.study()
    if preset is not None and preset not in whole.presets:
        there = ", ".join(name for name in whole.presets if name != WHOLE) or "none"
        raise Fault(f"--preset {preset}: {file} has {there}")
    chosen = whole.presets[preset or WHOLE]
    changes: dict[str, Any] = {} if seeds is None else {"seeds": seeds}
    if updates is not None:
        changes |= {"updates": updates, "seconds": None}
    chosen = dataclasses.replace(chosen, **changes)
    folder = output or Path("results") / description.name
    if render:
        say(report.write(folder, whole))
        return
    say(f"{description.name}: {plan(whole, chosen)}")
    if check:
        trial.check(whole, chosen)
        return
    grid.check_writable(folder)
    words = [description.command, *(["--preset", preset] if preset else [])]
    command = " ".join([*words, *(f"--{name} {value}" for name, value in changes.items() if value is not None)])
    material = chosen.signals()
    try:
        with terminating():
            if so_far:
                contents, page = carrying_out.so_far(whole, chosen, material, folder, command=command)
            else:
                workers = workers_of(jobs or os.cpu_count() or 1, cluster, len(whole.jobs(chosen)))
                contents, page = carrying_out.carried_out(whole, chosen, material, folder, workers, command=command)
    except KeyboardInterrupt as stop:
        say(f"stopped; the same command goes on where it was ({folder / 'work'} keeps the state)", err=True)
        context.exit(143 if isinstance(stop, Terminated) else 130)
    say(table(contents, whole.headline))
    say(f"report: {page}")


def _tell(problem: Exception) -> None:
    for fault in str(problem).splitlines():
        say(f"error: {fault}", err=True)
