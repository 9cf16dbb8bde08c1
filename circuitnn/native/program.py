"""prototype: a model's one-sample step as C"""
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from circuitnn.native.atoms import TYPES, Name
from circuitnn.native.inlining import Place, flattened
from circuitnn.native.lowering import Typed, run, typed
from circuitnn.native.writer import Writer

HEAD = """#include <math.h>
#include <stdint.h>
#include <string.h>
#define CN_LU(T, NAME, ABS) static void NAME(int n, T *a, int32_t *pivots, int32_t *order) { \\
  for (int i = 0; i < n; i++) order[i] = i; \\
  for (int k = 0; k < n; k++) { int best = k; \\
    for (int i = k + 1; i < n; i++) if (ABS(a[i*n + k]) > ABS(a[best*n + k])) best = i; \\
    pivots[k] = best; \\
    if (best != k) { int32_t o = order[k]; order[k] = order[best]; order[best] = o; \\
      for (int j = 0; j < n; j++) { T t = a[k*n + j]; a[k*n + j] = a[best*n + j]; a[best*n + j] = t; } } \\
    for (int i = k + 1; i < n; i++) { T f = a[i*n + k] /= a[k*n + k]; \\
      for (int j = k + 1; j < n; j++) a[i*n + j] -= f*a[k*n + j]; } } }
CN_LU(double, cn_lu_float64, fabs)
CN_LU(float, cn_lu_float32, fabsf)
static inline double cn_bits_int64_float64(int64_t x) { double y; memcpy(&y, &x, 8); return y; }
static inline int64_t cn_bits_float64_int64(double x) { int64_t y; memcpy(&y, &x, 8); return y; }
static inline float cn_bits_int32_float32(int32_t x) { float y; memcpy(&y, &x, 4); return y; }
static inline int32_t cn_bits_float32_int32(float x) { int32_t y; memcpy(&y, &x, 4); return y; }
"""


def program(model: Any):
    carry = model.init_carry(())
    knobs = {n: jnp.asarray(v, model.dtype) for n, v in model.controls.items()}
    leaves, tree = jax.tree.flatten(carry)
    knob_leaves, knob_tree = jax.tree.flatten(knobs)
    shapes = [(leaf.shape, np.dtype(leaf.dtype)) for leaf in leaves]

    def step(leaves, x, knob_leaves):
        after, y = model(jax.tree.unflatten(tree, leaves), x, jax.tree.unflatten(knob_tree, knob_leaves))
        return jax.tree.leaves(after), y

    closed = jax.make_jaxpr(step)(leaves, jnp.zeros((1, model.in_features), model.dtype), knob_leaves)
    flat, places, results = flattened(closed)
    w = Writer()
    n = len(leaves)
    held = [results[i] is places[i] for i in range(n)]
    values, layout, offset = {}, [], 0
    loads = []
    for i, (place, (shape, dtype)) in enumerate(zip(places[:n], shapes, strict=True)):
        atoms = np.empty(shape, object)
        for where in np.ndindex(shape):
            name = f"s{offset}"
            scope = w.knobs if held[i] else w.sample
            atoms[where] = Name(name, dtype, scope)
            loads.append((name, dtype, offset, held[i]))
            offset += 1
        values[place] = Typed(atoms, dtype)
    dtype = np.dtype(model.dtype)
    x = np.empty((1, model.in_features), object)
    for k in range(model.in_features):
        x[0, k] = Name(f"in[i*{model.in_features} + {k}]", dtype, w.sample)
    values[places[n]] = Typed(x, dtype)
    for k, place in enumerate(places[n + 1 :]):
        atoms = np.empty((), object)
        atoms[()] = Name(f"knobs[{k}]", dtype, w.knobs)
        values[place] = Typed(atoms, dtype)
    run(w, flat, values, True)
    out = [values[r] if isinstance(r, Place) else typed(r) for r in results]
    y = out[-1]
    assignments, flat_index = [], 0
    for i in range(n):
        for where in np.ndindex(shapes[i][0]):
            name, d, off, h = loads[flat_index]
            flat_index += 1
            if not h:
                assignments.append((name, w.text(out[i].atoms[where], d), d))
    lines = ["void process(double *state, const " + TYPES[dtype.name] + " *knobs, const " + TYPES[dtype.name] + " *in, " + TYPES[dtype.name] + " *out, int64_t n) {"]
    for name, d, off, h in loads:
        lines.append(f"  {'const ' if h else ''}{TYPES[d.name]} {name} = ({TYPES[d.name]})state[{off}];")
    lines += ["  " + line for line in w.knobs.lines]
    lines.append("  for (int64_t i = 0; i < n; i++) {")
    lines += ["    " + line for line in w.sample.lines]
    for k in range(model.out_features):
        lines.append(f"    out[i*{model.out_features} + {k}] = {w.text(y.atoms[0, k], dtype)};")
    for number, (_, text, d) in enumerate(assignments):
        lines.append(f"    const {TYPES[d.name]} t{number} = {text};")
    for number, (name, _, _) in enumerate(assignments):
        lines.append(f"    {name} = t{number};")
    lines.append("  }")
    for name, _, off, h in loads:
        if not h:
            lines.append(f"  state[{off}] = (double){name};")
    lines.append("}")
    state = np.concatenate([np.ravel(np.asarray(leaf)).astype(float) for leaf in leaves]) if leaves else np.zeros(0)
    return HEAD + "\n".join(lines) + "\n", state
