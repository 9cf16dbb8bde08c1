"""A circuit as the model of a recording: its values are found, and what they leave is learnt."""

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from circuitnn import train as learning
from circuitnn.capture import Material, Prediction
from circuitnn.cli import told
from circuitnn.cli.problems import say
from circuitnn.cli.sources import Given
from circuitnn.cli.variants import Turned
from circuitnn.estimation.remainder import put_to_the_input
from circuitnn.model import Model
from circuitnn.version import __version__

SECONDS, WAYS = 20.0, 3  # of learning what is left in one way where no minutes are said, and in how many it is learnt


def train(
    netlist: str,
    turned: Turned,
    given: Given,
    out: Path,
    *,
    sounds: Path,
    page: Path | None,
    options: Mapping[str, Any],
    minutes: float | None,
) -> None:
    """Find the values of a circuit, learn what they leave in several ways, and write the best model.

    Args:
        netlist: file or name of the circuit, with changes behind an @ or as it is.
        turned: the circuit, and where its knobs stand.
        given: one recording.
        out: of the model.
        sounds: folder for what was held out.
        page: of the report, or None.
        options: of the command, by name.
        minutes: of learning what is left.
    """
    shown = sys.stderr.isatty()
    circuit = turned.circuit.replace(**turned.held)
    whole, test = given.material.whole, given.material.parts["test"]
    x, y = (np.asarray(signal[0, :, 0], float) for signal in (whole.x, whole.y))
    held_out = (test.stop - test.start) / whole.fs
    volts, output_volts = options["volts"], options["output_volts"] or options["volts"]
    say(f"finding the values of {netlist} ...")
    _, report = learning.identify(
        circuit,
        x,
        y,
        fs=whole.fs,
        x_gain=volts or "fit",
        y_gain=1 / output_volts if output_volts else "fit",
        # Players and recorders have a zero that is off, and a capacitor at the input; what is none is found to be none.
        x_offset="fit",
        output="ac",
        held_out=held_out,
        progress=shown,
    )
    say(f"{report}\nlearning what the circuit leaves ...")
    seconds = SECONDS if minutes is None else 60 * minutes / WAYS
    model, left = learning.complete(
        report, x, y, held_out=held_out, seconds=seconds, seed=options["seed"], progress=shown
    )
    say(str(left))
    learning.save(model, out)
    heard, there = put_to_the_input(report, y)
    zero = next((row.fitted for row in report.recorder if row.name == "y_offset"), 0.0)  # the recorder's own
    prediction = _predicted(model, given.material, heard - zero, there)
    told.write_sounds(sounds, prediction)
    held = f"{prediction.y.shape[1] / prediction.fs:.1f} s held out"
    say(f"{out}: ESR {prediction.esr:.2g} on the {held} ({left.chosen})")
    following = f"circuitnn run {out} guitar.wav out.wav\ncircuitnn info {out}"
    if page is not None:
        alone = "" if report.esr_held_out is None else f"; alone the circuit has an ESR of {report.esr_held_out:.2g}"
        told.write_page(
            page,
            model,
            None,
            prediction,
            title=f"{out.stem}: a circuit, and what it leaves",
            doubts=[finding.text for finding in given.findings if finding.is_doubt],
            facts={
                "Recordings": given.what,
                "Division": str(given.material),
                "Circuit": netlist,
                "Chosen": f"{left.chosen}{alone}",
                "Versions": f"circuitnn {__version__}",
            },
            noise=given.material.noise,
            following=following,
        )
    say("next:")
    for command in following.splitlines():
        say(f"  {command}")


def _predicted(model: Model, material: Material, heard: np.ndarray, there: int) -> Prediction:
    """Of what was held out, where the recording lies at the time of what was played."""
    whole = dataclasses.replace(material.whole, y=np.asarray(heard, material.whole.y.dtype)[None, :, None])
    parts = {name: slice(part.start, min(part.stop, there)) for name, part in material.parts.items()}
    return Material(whole, parts, material.noise).predicted(model)
