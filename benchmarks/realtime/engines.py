"""The ways to play a model: Python with XLA, Python with compiled C, the exported C alone, and C by hand."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from benchmarks.realtime.subjects import HERE, Subject
from circuitnn import export
from circuitnn.model import Model, run
from circuitnn.native import CompilerError, compiled, toolchain

JAX, NATIVE, EXPORTED, BY_HAND = "JAX", "native", "exported C", "C by hand"
WATCHED = tuple(f"-Wl,--wrap={name}" for name in ("malloc", "calloc", "realloc", "free"))
PASSES, PASS_SECONDS = 400, 0.2  # of the C for each size of a block in a round, at most
PLAYED_SECONDS, LEAST_BLOCKS = 0.3, 2  # the same of Python

Costs = dict[int, float]  # seconds of computing for a second of sound, by size of a block


@final
@dataclass(frozen=True)
class Player:
    """A program of its own that plays blocks through a model in C.

    Attributes:
        folder: where it lies, with the sound.
        fs: sample rate, Hz.
        dtype: of its numbers.
    """

    folder: Path
    fs: float
    dtype: Any

    def play(self, sizes: Sequence[int], *, passes: int = PASSES) -> Costs:
        """What blocks of the sizes cost.

        Raises:
            subprocess.CalledProcessError: when it stops, for one because the model asks for memory.
        """
        words = ["./player", "sound", "answer", repr(float(self.fs)), str(passes), str(PASS_SECONDS)]
        lines = subprocess.run(
            [*words, *map(str, sizes)], cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout.splitlines()
        return {int(size): float(cost) for size, cost in map(str.split, lines)}

    @property
    def answer(self) -> NDArray:
        """What came out at last, (time * outputs,)."""
        return np.fromfile(self.folder / "answer", self.dtype)


@contextmanager
def player(files: Mapping[str, str] | Model, x: NDArray, fs: float) -> Iterator[Player]:
    """A program for the text of a header `model.h` with what it includes, or for the exported C of a model.

    Raises:
        CompilerError: when there is no compiler, or it fails.
    """
    chosen = toolchain.found()
    if chosen is None:
        raise CompilerError("no compiler of C")
    with tempfile.TemporaryDirectory(prefix="circuitnn-") as name:
        folder = Path(name)
        if isinstance(files, Model):
            export.c(files, folder / "model.h", check=False)
        else:
            for file, text in files.items():
                (folder / file).write_text(text)
        x.tofile(folder / "sound")
        words = [
            *chosen.command,
            *toolchain.FLAGS,
            "-w",
            "-I.",
            str(HERE / "player.c"),
            "-o",
            "player",
            *WATCHED,
            "-lm",
        ]
        made = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
        if made.returncode:
            raise CompilerError(made.stderr[:1000])
        yield Player(folder, fs, x.dtype)


def in_python(model: Model, x: NDArray, fs: float, sizes: Sequence[int]) -> Callable[[], Costs]:
    """What plays blocks, each of which is waited for, as a player has to; of each block the least time counts."""
    blocks = {
        size: [jnp.asarray(x[at : at + size]) for at in range(0, len(x) - size + 1, size)] or [jnp.asarray(x)]
        for size in sizes
    }
    rest, least = model.init_carry(), {size: np.full(len(some), np.inf) for size, some in blocks.items()}

    def play(size: int) -> float:
        carry, spent = rest, 0.0
        for index, block in enumerate(blocks[size]):
            began = time.perf_counter()
            carry, y = run(model, block, carry)
            jax.block_until_ready(y)
            took = time.perf_counter() - began
            least[size][index], spent = min(took, least[size][index]), spent + took
            if spent > PLAYED_SECONDS and index + 1 >= LEAST_BLOCKS:
                break
        played = np.isfinite(least[size])
        return float(np.sum(least[size][played])) * fs / (np.sum(played) * len(blocks[size][0]))

    for few in blocks.values():
        jax.block_until_ready(run(model, few[0], rest))
    return lambda: {size: play(size) for size in sizes}


def measured(
    subject: Subject, x: NDArray, fs: float, sizes: Sequence[int], python_sizes: Sequence[int], rounds: int
) -> dict[str, Any]:
    """Costs by engine and size, and by how much the C differs from JAX in parts of the peak."""
    model = subject.make(fs)
    x = np.asarray(x, model.dtype)
    y = np.ravel(run(model, x)[1])
    engines = {JAX: in_python(model, x, fs, python_sizes), NATIVE: in_python(compiled(model), x, fs, python_sizes)}
    difference: dict[str, float] = {}
    texts: dict[str, Any] = {EXPORTED: model}
    if subject.by_hand is not None:
        texts[BY_HAND] = subject.by_hand(model)
    costs: dict[str, Costs] = {}
    with _players(texts, x, fs) as players:
        for name, program in players.items():
            program.play(sizes[:1], passes=1)
            difference[name] = float(np.max(np.abs(program.answer - y)) / np.max(np.abs(y)))
            engines[name] = partial(program.play, sizes)
        for _ in range(rounds):
            for name, play in engines.items():
                for size, cost in play().items():
                    least = costs.setdefault(name, {})
                    least[size] = min(cost, least.get(size, np.inf))
    return {"costs": costs, "difference": difference}


@contextmanager
def _players(texts: Mapping[str, Any], x: NDArray, fs: float) -> Iterator[dict[str, Player]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(player(text, x, fs)) for name, text in texts.items()}
