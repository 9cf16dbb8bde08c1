"""A model as one file of C."""

import hashlib
import os
from pathlib import Path
from typing import Any, Literal, NamedTuple, final

import numpy as np

from circuitnn.description import model_in_words, positions
from circuitnn.export.examples import example
from circuitnn.export.player import noise, player
from circuitnn.export.precision import REALS, double_precision, in_precision
from circuitnn.export.words import comment
from circuitnn.files import replacing
from circuitnn.model import Model, checked_model, run
from circuitnn.native import Program, safe_name
from circuitnn.native import program as lowered
from circuitnn.rates import resampled
from circuitnn.version import __version__

LONGEST_FRAME = 65_536
CHECKED, LATEST = 128, 4096  # samples that a header checks itself with, behind a latency of so many at most
Smoothing = Literal["auto", "interpolate", "crossfade"]


def c(
    model: Model,
    path: str | os.PathLike,
    *,
    name: str | None = None,
    frame: int = 32,
    real: Literal["float", "double"] | None = None,
    fs: float | None = None,
    smoothing: Smoothing = "auto",
    check: bool = True,
    main: bool = False,
) -> Path:
    """Write a model as one header of C99 (and C++) that needs only the standard library's mathematics.

    ``NAME_start(player)`` puts a ``NAME_player`` at rest, ``NAME_play(player, in, out, n)`` plays a block of any size,
    ``NAME_set_knob(player, index, value)`` turns a knob between blocks. They ask for no memory and wait for nothing. A
    knob that moves is heard over the next control frame: what follows from the knobs is prepared once a frame, for
    where they are at its beginning, and reached at its end; nothing is prepared while no knob moves. A stream begins at
    rest with the knobs that were set before the first block.

    Args:
        model: any.
        path: of the header; written whole or not at all.
        name: that all names in the header begin with; made a name of C. That of the file when None.
        frame: samples of a control frame. With 1 the knobs act at each sample as those of the model do.
        real: "float" or "double", the type of the signals; the model is built anew where it has another precision. Its
            own when None.
        fs: sample rate in hertz; the model is built anew for it, or runs at its own between two changes of rate, see
            `circuitnn.resampled`. Its own when None.
        smoothing: how a frame leads from one position of the knobs to the next. "interpolate": what was prepared goes
            in a straight line. "crossfade": the model runs with both, and fades in outputs and memory. "auto" is the
            first where all that is prepared are real numbers, else the second.
        check: put ``NAME_check(player)`` into it, which plays a short noise and returns the largest difference from
            what this model made of it here: for the compiler, the flags and the processor that the header comes to.
        main: write an example that plays a sound file too, beside it, as `stem_main.c`.

    Returns:
        The path of the header.

    Raises:
        TypeError: for what is no model.
        ValueError: for a frame, precision, rate or smoothing that cannot be; for what cannot be written in C.
        OSError: when the file cannot be written.
    """
    path = Path(path)
    made = header(
        model, path.stem if name is None else name, frame=frame, real=real, fs=fs, smoothing=smoothing, check=check
    )
    files = {path: made.text}
    if main:
        files[path.with_name(f"{path.stem}_main.c")] = example(made.program.name, path.name)
    for target, content in files.items():
        with replacing(target) as file:
            file.write(content.encode("ascii"))
    return path


@final
class Header(NamedTuple):
    """A model as a header of C.

    Attributes:
        text: all of it.
        program: the model's own part of that.
        model: that was lowered: the one that was given, in the precision and at the rate of the header.
    """

    text: str
    program: Program
    model: Model


def header(
    model: Model,
    name: str,
    *,
    frame: int,
    real: Literal["float", "double"] | None = None,
    fs: float | None = None,
    smoothing: Smoothing = "auto",
    check: bool = True,
) -> Header:
    """The header of a model, see `c`, in whose arguments `name` is one that is given."""
    checked_model(model)
    _check(frame, real, smoothing)
    dtype: np.dtype[Any] = REALS[real] if real else np.dtype(model.dtype)
    with double_precision(dtype == REALS["double"]):
        model = in_precision(model if fs is None else resampled(model, fs), dtype)
        program = lowered(model, name=safe_name(name))
        expected = None
        if check:
            x = noise(CHECKED + min(model.latency, LATEST), model.in_features)
            expected = np.asarray(run(model, x)[1])
        chosen = _smoothing(program, smoothing)
        made = player(program, model, frame=frame, smoothing=chosen, expected=expected)
        p, body = program.name, "\n".join([_macros(program.name), program.text, made])
        guard = f"{p.upper()}_H_{hashlib.sha256(body.encode()).hexdigest()[:8].upper()}"
        measured = [] if expected is None else _measured(p, len(expected))
        title = comment(*_title(program, model, frame, chosen), *measured)
    return Header(f"{title}\n#ifndef {guard}\n#define {guard}\n\n{body}\n#endif\n", program, model)


def _title(program: Program, model: Model, frame: int, smoothing: str) -> list[str]:
    p, rate = program.name, "not stated" if model.fs is None else f"{model.fs:g} Hz"
    knobs = positions({name: float(model.controls[name]) for name in program.knobs}) or "none"
    moved = "at each sample" if frame == 1 else f"over frames of {frame} samples ({smoothing})"
    return [
        f"{p}: a model of an audio circuit, written by circuitnn {__version__}.",
        "",
        *model_in_words(model).splitlines(),
        "",
        f"Sample rate: {rate}. Latency: {model.latency} samples. Numbers: {program.real}.",
        f"Knobs and their defaults: {knobs}; they act {moved}.",
        "",
        f"#include it in one or several files of C99 or C++; a {p}_player for each channel:",
        f"{p}_start(&player); {p}_set_knob(&player, index, position); {p}_play(&player, in, out, samples);",
    ]


def _measured(p: str, samples: int) -> list[str]:
    return [
        "",
        f"Measured: {p}_check(&player) plays {samples} samples of noise and returns the largest difference from what "
        "the model in Python made of them, over the peak.",
        "Usual are 1e-12 and less for double, 1e-4 for circuits and 1e-6 for networks in float. It tells what a "
        "compiler, its flags and a processor make of this file.",
    ]


def _macros(p: str) -> str:
    """What stands before each function: in a header it belongs to the file that includes it, used or not."""
    local = f"{p.upper()}_LOCAL"
    return (
        "#include <math.h>\n#include <stdint.h>\n#include <string.h>\n\n"
        f"#if defined(__GNUC__) || defined(__clang__)\n#define {local} static __attribute__((unused))\n"
        f"#else\n#define {local} static\n#endif\n#define {p.upper()}_API {local}\n"
    )


def _smoothing(program: Program, smoothing: Smoothing) -> str:
    if smoothing == "interpolate" and not program.is_interpolable:
        raise ValueError('smoothing "interpolate": what follows from the knobs is not all real numbers; "crossfade" is')
    return ("interpolate" if program.is_interpolable else "crossfade") if smoothing == "auto" else smoothing


def _check(frame: Any, real: Any, smoothing: Any) -> None:
    if not isinstance(frame, int) or isinstance(frame, bool) or not 1 <= frame <= LONGEST_FRAME:
        raise ValueError(f"frame must be a whole number of samples from 1 to {LONGEST_FRAME}, got {frame!r}")
    if real not in (None, *REALS):
        raise ValueError(f"real: {' or '.join(REALS)}, not {real!r}")
    if smoothing not in ("auto", "interpolate", "crossfade"):
        raise ValueError(f'smoothing: "auto", "interpolate" or "crossfade", not {smoothing!r}')
