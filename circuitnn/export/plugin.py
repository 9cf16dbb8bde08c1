"""A model for a host: a program for each sample rate, and the C that plays the one that is needed."""

import logging
import math
import sys
from collections.abc import Mapping, Sequence
from importlib import resources
from string import Template
from typing import Any, Literal, NamedTuple, final

import numpy as np

from circuitnn.export.header import Header, header
from circuitnn.export.levels import Volts, checked_volts
from circuitnn.export.player import number
from circuitnn.export.words import identifiers, plain_text
from circuitnn.knobs import is_knob, spelling
from circuitnn.model import Model, checked_model
from circuitnn.native import safe_name
from circuitnn.native.toolchain import found, library

USUAL_RATES = (44_100, 48_000)
MOST_RATES = 16
REACH = 2.0  # a control that is no knob goes from nothing to so many times its default
FRAME = 256  # samples of a control frame: hosts tell positions once a block
# No -march: a plug-in goes to other computers.
FLAGS = ("-std=gnu99", "-O3", "-fno-math-errno", "-ffp-contract=fast", "-fvisibility=hidden")
SUFFIXES = {"win32": ".dll", "darwin": ".dylib"}

_log = logging.getLogger("circuitnn.export")


@final
class Port(NamedTuple):
    """A knob as a host has it.

    Attributes:
        symbol: a name of C, which no other port has.
        title: for a reader: plain ASCII.
        default, least, most: positions.
    """

    symbol: str
    title: str
    default: float
    least: float
    most: float


@final
class Plugin(NamedTuple):
    """A model for hosts.

    Attributes:
        name: of files and in C.
        title: for a reader: plain ASCII.
        text: C that plays it, without what is one format's own.
        headers: of the programs, one for each rate.
        ports: of the knobs.
    """

    name: str
    title: str
    text: str
    headers: tuple[Header, ...]
    ports: tuple[Port, ...]

    @property
    def inputs(self) -> int:
        return self.headers[0].program.in_features

    @property
    def outputs(self) -> int:
        return self.headers[0].program.out_features

    @property
    def latest(self) -> int:
        """Samples that it comes late, at the rate where it is the latest."""
        return max(made.model.latency for made in self.headers)

    @property
    def rates(self) -> str:
        """In words: 44100, 48000 Hz."""
        rates = [f"{made.model.fs:g}" for made in self.headers if made.model.fs is not None]
        return f"{', '.join(rates)} Hz" if rates else "any rate"


def plugin(
    model: Model,
    name: str,
    title: str,
    *,
    rates: Sequence[float] | None,
    volts: Volts,
    ranges: Mapping[str, tuple[float, float]] | None,
    frame: int,
    real: Literal["float", "double"] | None,
    taken: Sequence[str] = (),
) -> Plugin:
    """The C of a model for hosts; arguments as for `circuitnn.export.lv2`, and symbols that knobs may not have.

    Raises:
        ValueError, TypeError: for arguments that cannot be.
    """
    name, headers = safe_name(name), []
    for number_of, fs in enumerate(rates_of(checked_model(model), rates)):
        prefix = f"r{number_of}_{name}"
        try:
            headers.append(header(model, prefix, frame=frame, real=real, fs=fs, check=False))
        except ValueError as error:
            raise ValueError(f"a plug-in for {fs or model.fs} Hz: {error} (rates= says which there are)") from error
    ports = _ports(headers[0], ranges or {}, taken)
    text = _text(headers, model, checked_volts(volts))
    return Plugin(name, plain_text(title) or name, text, tuple(headers), ports)


def built(text: str, name: str) -> bytes | None:
    """The shared library of a text; None where there is no compiler, of which is told how the file is built elsewhere.

    Raises:
        CompilerError: when the compiler fails.
    """
    chosen = found()
    if chosen is None:
        _log.warning("no C compiler was found. Where there is one: %s", command(name))
        return None
    return library(text, chosen, flags=FLAGS)


def command(name: str) -> str:
    """The line that builds a plug-in of that (safe) name, in its folder."""
    return f"cc {' '.join(FLAGS[1:])} -fPIC -shared {name}.c -lm -o {name}{suffix()}"


def suffix() -> str:
    """What shared libraries end in here."""
    return SUFFIXES.get(sys.platform, ".so")


def rates_of(model: Model, rates: Sequence[float] | None) -> list[float | None]:
    """The rates in hertz that a plug-in has programs for; one that is None plays at any.

    Raises:
        ValueError: for rates that cannot be, or that mean nothing to the model.
    """
    if model.fs is None:
        if rates is not None:
            raise ValueError(f"rates: this {type(model).__name__} knows no sample rate, and plays at any")
        return [None]
    wanted = sorted({float(model.fs), *USUAL_RATES} if rates is None else {float(fs) for fs in rates})
    if not 1 <= len(wanted) <= MOST_RATES or not all(0 < fs < math.inf for fs in wanted):
        raise ValueError(f"rates: expected 1 to {MOST_RATES} positive numbers of hertz, got {rates}")
    return list(wanted)


def _ports(made: Header, ranges: Mapping[str, tuple[float, float]], taken: Sequence[str]) -> tuple[Port, ...]:
    names, controls = made.program.knobs, made.model.controls
    given = {spelling(name, controls): tuple(map(float, ends)) for name, ends in ranges.items()}
    symbols = identifiers((*taken, *names))[len(taken) :]
    ports = []
    for symbol, name in zip(symbols, names, strict=True):
        default = float(controls[name])
        usual = (0.0, 1.0) if is_knob(default) else tuple(sorted((0.0, REACH * default)))
        least, most = given.get(name, usual)
        if not (-1e30 < least < most < 1e30 and least <= default <= most):
            raise ValueError(f"ranges: {name} is {default:g}, which is not from {least:g} to {most:g}")
        ports.append(Port(symbol, plain_text(name) or symbol, default, least, most))
    return tuple(ports)


WRAPPERS = """static void start_${k}(void *player) { ${p}_start((${p}_player *)player); }
static void set_knob_${k}(void *player, int32_t index, sample value) {
  ${p}_set_knob((${p}_player *)player, index, value);
}
static void play_${k}(void *player, const sample *in, sample *out, int32_t n) {
  ${p}_play((${p}_player *)player, in, out, n);
}
"""
ENTRY = "  {${P}_FS, ${P}_LATENCY, sizeof(${p}_player), start_${k}, set_knob_${k}, play_${k}},"


def _text(headers: Sequence[Header], model: Model, volts: tuple[float, float] | None) -> str:
    """The programs, and what plays them."""
    program, own = headers[0].program, model.volts or (1.0, 1.0)
    here = volts or own
    words: list[dict[str, Any]] = [
        {"p": made.program.name, "P": made.program.name.upper(), "k": k} for k, made in enumerate(headers)
    ]
    engine = Template(resources.files(__package__).joinpath("plugin.c").read_text(encoding="utf-8")).substitute(
        inputs=program.in_features,
        outputs=program.out_features,
        knobs=len(program.knobs),
        rates=len(headers),
        latest=max(made.model.latency for made in headers),
        real=program.real,
        gain_in=number(np.float64(here[0] / own[0]), program.real),
        gain_out=number(np.float64(own[1] / here[1]), program.real),
        wrappers="".join(Template(WRAPPERS).substitute(entry) for entry in words),
        table="\n".join(Template(ENTRY).substitute(entry) for entry in words),
    )
    return "\n".join([*(made.text for made in headers), engine])
