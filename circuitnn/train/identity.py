"""What makes a training what it is: all that has to be the same for a checkpoint to be continued to the same bits."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any

import jax

from circuitnn.model import Model
from circuitnn.settings import kind_of
from circuitnn.train.dataset import Dataset
from circuitnn.train.epoch import Learner, Setting
from circuitnn.train.fingerprint import of_arrays, of_program
from circuitnn.train.regimes import InTurn, Regime
from circuitnn.version import __version__

Identity = dict[str, Any]  # what JSON can hold, by names that a user knows

_SHA256 = "sha256:"
_EQUATIONS = "equations of the model"
_PACKAGES = ("jax", "jaxlib", "flax", "optax")
# What is told by the program that JAX traces is another one too where these are.
_FOLLOWS = {
    "loss": ("model", "batch", "regime"),
    "optimizer": ("model", "models", "learnt values"),
    "initial weights": ("model", "models", "learnt values"),
}


def identity_of(
    model: Model,
    learner: Learner,
    fixed: Any,
    *,
    setting: Setting,
    regime: Regime | InTurn,
    seed: int,
    data: Dataset,
    validation: Dataset | None,
    validation_every: int | None,
    validation_seconds: float,
    starts: str,
    programs: Sequence[Any],
    number: int | None,
) -> Identity:
    """All of a training that a checkpoint is bound to, apart from the number of epochs and what ends them earlier.

    Args:
        model: the first one, as it was given.
        learner: of all models, before the first update.
        fixed: numbers of the models that are not learnt.
        setting: loss, optimiser and what else stays the same.
        regime: of the training.
        seed: of the order of the data.
        data: for training.
        validation: data that choose weights.
        validation_every: as it was given.
        validation_seconds: that a model runs freely in it.
        starts: as it was given.
        programs: the traced epochs of all regimes.
        number: of models; None for one that is alone.
    """
    learnt = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(learner.params)]
    return {
        "version of circuitnn": __version__,
        **{f"version of {package}": metadata.version(package) for package in _PACKAGES},
        "device": jax.default_backend(),
        **({} if setting.mesh is None else {"devices": int(setting.mesh.devices.size)}),
        **_settings(model),
        "models": "one" if number is None else f"a list of {number}",
        "learnt values": _said(learnt),
        "initial weights": _SHA256 + of_arrays(jax.tree.leaves(learner.params)),
        "numbers of the model that are not learnt": _SHA256 + of_arrays(jax.tree.leaves(fixed)),
        "regime": re.sub(r" at 0x[0-9a-f]+", "", repr(regime)),
        "seed": int(seed),
        "batch": int(setting.batch),
        "state_weight": float(setting.state_weight),
        "order": setting.order,
        "starts": starts,
        "loss": setting.loss.program._asdict(),
        "optimizer": setting.optimizer.program._asdict(),
        "validation_every": validation_every,
        "validation_seconds": validation_seconds,
        **dict(_signals("data", data)),
        "validation": "none" if validation is None else "given",
        **({} if validation is None else dict(_signals("validation", validation))),
        _EQUATIONS: _SHA256 + of_arrays([of_program(program).sha256 for program in programs]),
    }


def differences(before: Identity, now: Identity) -> list[str]:
    """What is not the same, in words; empty when all is."""
    names = [name for name in (*now, *(before.keys() - now.keys())) if before.get(name) != now.get(name)]
    if len(names) > 1:
        names = [name for name in names if name != _EQUATIONS and not set(_FOLLOWS.get(name, ())) & {*names}]
    # Of what was not there before, or is no longer, no details.
    names = [name for name in names if name.partition(": ")[0] == name or name.partition(": ")[0] not in names]
    return [f"{name}{_change(before.get(name), now.get(name))}" for name in names]


def _change(before: Any, now: Any) -> str:
    if isinstance(before, dict) and isinstance(now, dict):
        gone, new = _numbers(before, now), _numbers(now, before)
        return f" ({gone} became {new})" if gone and new and len(gone + new) < 100 else ""
    if any(str(value).startswith(_SHA256) for value in (before, now)):
        return ""
    return f" (was {before}, is {now})"


def _numbers(program: dict, other: dict) -> str:
    """Scalars of a program that another one does not have, or not as often."""
    only = Counter(program["numbers"]) - Counter(other["numbers"])
    return ", ".join(f"{number:.6g}" for number in sorted(only))


def _settings(model: Model) -> Identity:
    try:
        settings = model.settings
    except (TypeError, ValueError):  # a class that is not registered: its weights and its equations remain
        settings = {}
    named = {f"model: {name}": _said(value) for name, value in settings.items() if name != "kind"}
    return {"model": kind_of(type(model)), **named}


def _said(value: Any) -> Any:
    """A setting as it is, if it is short; else what can be compared."""
    text = repr(value)
    return text if len(text) < 40 else _SHA256 + of_arrays([text])


def _signals(kind: str, data: Dataset) -> Iterator[tuple[str, Any]]:
    for name in ("x", "y", "states", "initial"):
        yield f"{kind}: {name}", _SHA256 + of_arrays([getattr(data, name)])
    if data.before is not None:
        yield f"{kind}: before", _SHA256 + of_arrays([data.before])
    if data.is_on_disk:
        yield f"{kind}: windows", "read from disk"
    for name, values in sorted((data.controls or {}).items()):
        yield f"{kind}: knob {name}", _SHA256 + of_arrays([values])
    yield f"{kind}: fs", None if data.fs is None else float(data.fs)
