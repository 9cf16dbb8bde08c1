"""A training that was begun: the options it goes on with, and how many epochs more; read before JAX is imported."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from circuitnn import capture
from circuitnn.cli.problems import Fault
from circuitnn.cli.train_options import Epochs

# Of the options that a plan holds; all others are numbers, or not said.
KINDS: Mapping[str, tuple[type, ...]] = {
    "model": (str,),
    "loss": (str,),
    "seed": (int,),
    "fs": (int,),
    "seconds": (float, int),
    "keep_polarity": (bool,),
    "channel": (str, type(None)),
    "learn": (list,),
    "knobs": (list,),
}


def folder_of(out: Path) -> capture.Folder:
    """Where the training of a model keeps what it goes on from."""
    return capture.Folder(out.with_suffix(".training"))


def options_of(out: Path, options: Mapping[str, Any], *, given: Collection[str]) -> dict[str, Any]:
    """The options that a training was begun with, which is to go on with the same ones.

    Args:
        out: of the model.
        options: of the command, by name.
        given: names of those that were said this time.

    Raises:
        Fault: where one of them was another one.
        TrainingError: where there is no training to go on with.
    """
    there = folder_of(out).read().more
    kinds = {name: KINDS.get(name, (float, int, type(None))) for name in options}
    if not all(isinstance(there.get(name), kind) for name, kind in kinds.items()):
        raise Fault(f"{folder_of(out).path}: its plan is not one of this command; --overwrite begins another training")
    own = {name: _plain(value) for name, value in options.items()}
    for name in given:
        if there.get(name) != own[name]:
            raise Fault(
                f"{out}: was begun with another --{name.replace('_', '-')} ({there.get(name)}): --resume goes on with "
                "the same; --overwrite begins another one"
            )
    return {name: there[name] for name in own}


def _plain(value: Any) -> Any:
    """As JSON gives it back."""
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def check_length(out: Path, asked: Epochs | None) -> None:
    """Raises a Fault where so many epochs cannot be asked of the training that is there."""
    plan = folder_of(out).read()
    if plan.legs[-1].is_done:
        more(out, plan, asked)
    else:
        _check_same(out, plan, asked)


def _check_same(out: Path, plan: capture.Plan, asked: Epochs | None) -> None:
    """Raises a Fault where another number of epochs is asked of a training that is not at its end."""
    epochs = plan.legs[-1].epochs
    if asked is not None and asked.number != epochs:
        raise Fault(f"{out}: its {epochs} epochs are not done yet: --resume without --epochs goes on with them")


def more(out: Path, plan: capture.Plan, asked: Epochs | None) -> Epochs | None:
    """Epochs that come behind those of a training that has ended; None where none were asked for.

    Raises:
        Fault: where it has had as many already.
    """
    if asked is None or asked.is_more:
        return asked
    done = sum(leg.epochs for leg in plan.legs)
    if asked.number <= done:
        raise Fault(f"{out}: has {done} epochs already; --epochs +{asked.number} trains it further")
    return Epochs(asked.number - done, is_more=True)
