"""What a sample of a filter that moves at every sample costs."""

from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from circuitnn.filters import Biquads, Coupled, Form
from circuitnn.study.rounds import Step, best_of

FS, BATCH, BATCH_SECONDS = 48_000, 256, 0.2
KINDS: dict[str, type[Coupled] | type[Biquads]] = {"coupled": Coupled, "biquads": Biquads}
ORDERS = (3, 4, 6, 8)


def costs(rounds: int) -> list[dict[str, Any]]:
    """A row for each form and order: million samples a second, one stream and a batch that moves together."""
    found: dict[tuple[str, int, str], Step] = {}
    for kind in KINDS:
        for order in ORDERS:
            found[kind, order, "one"] = _step(kind, order, FS, ())
            found[kind, order, "batch"] = _step(kind, order, round(BATCH_SECONDS * FS), (BATCH,))
    for step in found.values():
        jax.block_until_ready(step.run())
    best = best_of(found, rounds)
    return [
        {
            "form": kind,
            "order": order,
            **{
                what: found[kind, order, what].audio_seconds * FS / best[kind, order, what] for what in ("one", "batch")
            },
        }
        for kind in KINDS
        for order in ORDERS
    ]


def _step(kind: str, order: int, samples: int, batch: tuple[int, ...]) -> Step:
    rng = np.random.default_rng(0)
    form_of = KINDS[kind]
    free = form_of.initial(order, FS) + 0.1 * np.sin(np.linspace(0, 300, samples))[:, None]
    form: Form = form_of.unpacked(jnp.asarray(free, jnp.float32), order, 1 - 1e-5)
    form, x = jax.device_put((form, jnp.asarray(rng.uniform(-1, 1, (*batch, samples)), jnp.float32)))
    state = jnp.zeros((*batch, form.memory), jnp.float32)
    run = jax.jit(lambda form, state, x: form.filtered(state, x))
    return Step(lambda: run(form, state, x), max(1, int(np.prod(batch))) * samples / FS)
