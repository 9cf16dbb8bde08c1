"""`python -m benchmarks.parallel_speed`: a block solved at once by Newton's iteration, beside the loop.

Untrained networks, 40 segments of 512 samples of noise in single precision; gradients are those of the mean square of y
with respect to all weights. A factor below one is slower than the loop.
"""

import argparse
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from circuitnn.model import Forcing, StateModel
from circuitnn.recurrent import GRU, STN, StateMatchedGRU, at_once
from circuitnn.study.rounds import Step, best_of
from circuitnn.study.tables import markdown

BATCH, TIME = 40, 512
MODELS: dict[str, tuple[Callable[[nnx.Rngs], Any], bool]] = {
    "GRU-8, free": (lambda rngs: GRU(8, rngs=rngs), False),
    "SMGRU-8 read-out, free": (lambda rngs: StateMatchedGRU(("C1",), hidden=8, mapping="readout", rngs=rngs), False),
    "SMGRU-8 read-out, forced": (lambda rngs: StateMatchedGRU(("C1",), hidden=8, mapping="readout", rngs=rngs), True),
    "SMGRU-2 leading, forced": (lambda rngs: StateMatchedGRU(("C1", "C2"), hidden=2, rngs=rngs), True),
    "STN 4-4-4, free": (lambda rngs: STN(("C1",), hidden=(4, 4, 4), rngs=rngs), False),
}
WAYS: dict[str, Callable[..., Any]] = {
    "loop": lambda model, carry, x, forcing: _in_order(model, carry, x, forcing),
    "Newton, loop": lambda model, carry, x, forcing: at_once(model, x, carry, forcing=forcing, is_parallel=False).y,
    "Newton, scan": lambda model, carry, x, forcing: at_once(model, x, carry, forcing=forcing).y,
}


def rows(names: list[str], batch: int, time: int, rounds: int) -> Iterator[tuple[Any, ...]]:
    """Of each model: Newton's iterations, milliseconds of the loop, and how many times as fast the others are."""
    x = jax.random.normal(jax.random.key(1), (batch, time, 1))
    for name in names:
        build, is_forced = MODELS[name]
        model = build(nnx.Rngs(0))
        forcing = None
        if is_forced:
            shape = (batch, time, len(model.state_names))
            forcing = Forcing(0.5 * jax.random.normal(jax.random.key(2), shape))
        steps = {(part, way): _step(model, x, forcing, way, part) for part in ("forward", "gradient") for way in WAYS}
        for step in steps.values():
            jax.block_until_ready(step())
        best = best_of({key: Step(step, batch * time / 48_000) for key, step in steps.items()}, rounds)
        found = at_once(model, x, forcing=forcing)
        cells: list[Any] = [name, int(found.iterations)]
        for part in ("forward", "gradient"):
            loop = best[part, "loop"]
            cells += [1e3 * loop, *(loop / best[part, way] for way in list(WAYS)[1:])]
        yield tuple(cells)


def table(found: Iterator[tuple[Any, ...]]) -> str:
    """In Markdown."""
    heads = [
        f"{part}: {way}" for part in ("forward", "gradient") for way in ("loop, ms", "Newton, loop", "Newton, scan")
    ]
    return markdown(heads, found)


def main(argv: list[str] | None = None) -> int:
    """With the arguments of a command line, those of the process when None; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parallel_speed", description=__doc__)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=[*MODELS], help="default: all")
    parser.add_argument("--rounds", type=int, default=10, help="default: %(default)s")
    parser.add_argument("--batch", type=int, default=BATCH, help="default: %(default)s")
    parser.add_argument("--time", type=int, default=TIME, help="samples (default: %(default)s)")
    options = parser.parse_args(argv)
    print(table(rows(options.models, options.batch, options.time, options.rounds)))
    return 0


def _in_order(model: Any, carry: Any, x: jax.Array, forcing: Forcing | None) -> jax.Array:
    if isinstance(model, StateModel):
        return model.trace(carry, x, None, forcing)[1]
    return model(carry, x)[1]


def _step(model: Any, x: jax.Array, forcing: Forcing | None, way: str, part: str) -> Callable[[], Any]:
    graph, params, fixed = nnx.split(model, nnx.Param, ...)  # type: ignore[misc]
    carry = model.init_carry(x.shape[:1])

    def energy(params: Any, x: jax.Array) -> jax.Array:
        return jnp.mean(jnp.square(WAYS[way](nnx.merge(graph, params, fixed), carry, x, forcing)))

    compiled = jax.jit(energy if part == "forward" else jax.grad(energy))
    return lambda: compiled(params, x)


if __name__ == "__main__":
    raise SystemExit(main())
