"""When compiled C is worth its compilation."""

import logging
from typing import Any

from circuitnn.model import Model, StateModel
from circuitnn.native import blocks
from circuitnn.native.compiled_model import Compiled, compiled
from circuitnn.native.exposed import Blueprint
from circuitnn.native.handler import FEW
from circuitnn.native.toolchain import CompilerError, compiler

_log = logging.getLogger("circuitnn.native")

# Seconds of sound, of all streams together, that are worth it. The compiler of C takes about as long for a circuit as
# XLA takes for the same one, which is then not needed: 1 to 5 s, and each second of sound saves 1 to 60 ms.
WORTH = 5.0
MOST_STREAMS = 8  # one after the other: XLA makes vectors of more of them, and is as fast
ASSUMED_FS = 48_000.0  # of a model that does not know its rate


def fastest(model: Any, samples: int, *, streams: int = 1, is_observed: bool = False) -> Any:
    """The model for that much work: with its loop in compiled C where a compiler is there and the work is worth it.

    It is from `WORTH` seconds of sound on, of all streams together. What becomes of it is said to the logger
    ``circuitnn.native``.

    Args:
        model: any model.
        samples: that it will play, at its own rate.
        streams: side by side.
        is_observed: whether its states are asked for.

    Returns:
        `compiled` of the model, compiled already; or the model, also where its C cannot be made.
    """
    if not isinstance(model, Model) or isinstance(model, Compiled):
        return model
    if samples * streams < WORTH * (model.fs or ASSUMED_FS) or not blocks.is_on_cpu():
        return model
    if compiler() is None:
        blocks.say_once(blocks.NO_COMPILER)
        return model
    blueprint, _ = Blueprint.of(model, is_observed=is_observed and isinstance(model, StateModel))
    try:
        library = blocks.built(blueprint, is_wide=streams >= FEW)
    except (CompilerError, NotImplementedError) as problem:
        _log.info("%s runs without compiled C: %s", type(model).__name__, str(problem).splitlines()[0])
        return model
    if library is None or (streams > MOST_STREAMS and not library.is_wide):
        return model
    _log.info("%s runs in compiled C, by %s", type(model).__name__, compiler())
    return compiled(model)
