"""prototype: a model's one-sample step as C"""
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from circuitnn.native.atoms import TYPES, Name
from circuitnn.native.inlining import Place, flattened
from circuitnn.native.lowering import folded, run
from circuitnn.native.values import WRITTEN_OUT, Known, Stored, Written
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
#define CN_TRIANGULAR(T, NAME) static void NAME(int n, int m, const T *a, T *b, int lower, int unit) { \\
  for (int s = 0; s < n; s++) { int i = lower ? s : n - 1 - s; \\
    for (int j = lower ? 0 : i + 1; j < (lower ? i : n); j++) \\
      for (int k = 0; k < m; k++) b[i*m + k] -= a[i*n + j]*b[j*m + k]; \\
    if (!unit) { const T f = 1/a[i*n + i]; for (int k = 0; k < m; k++) b[i*m + k] *= f; } } }
CN_TRIANGULAR(double, cn_triangular_float64)
CN_TRIANGULAR(float, cn_triangular_float32)
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
    values, offset, loads, stores = {}, 0, [], []
    for i, (place, (shape, kind)) in enumerate(zip(places[:n], shapes, strict=True)):
        size, scope = int(np.prod(shape)), w.knobs if held[i] else w.sample
        c = TYPES[kind.name]
        if size > WRITTEN_OUT:
            name = f"s{offset}"
            loads += [f"{c} {name}[{size}];", f"for (int j = 0; j < {size}; j++) {name}[j] = ({c})state[{offset} + j];"]
            if not held[i]:
                stores.append(f"for (int j = 0; j < {size}; j++) state[{offset} + j] = (double){name}[j];")
            values[place] = Stored(name, np.arange(size).reshape(shape), kind, scope)
        else:
            atoms = np.empty(shape, object)
            for k, where in enumerate(np.ndindex(shape)):
                name = f"s{offset + k}"
                atoms[where] = Name(name, kind, scope)
                loads.append(f"{'const ' if held[i] else ''}{c} {name} = ({c})state[{offset + k}];")
                if not held[i]:
                    stores.append(f"state[{offset + k}] = (double){name};")
            values[place] = Written(atoms, kind)
        offset += size
    dtype = np.dtype(model.dtype)
    x = np.empty((1, model.in_features), object)
    for k in range(model.in_features):
        x[0, k] = Name(f"in[i*{model.in_features} + {k}]", dtype, w.sample)
    values[places[n]] = Written(x, dtype)
    for k, place in enumerate(places[n + 1 :]):
        atoms = np.empty((), object)
        atoms[()] = Name(f"knobs[{k}]", dtype, w.knobs)
        values[place] = Written(atoms, dtype)
    from circuitnn.native.control import assign
    values |= folded(flat, results)
    run(w, flat, values)
    out = [values[r] if isinstance(r, Place) else Known(r) for r in results]
    y = w.written(out[-1])
    for k in range(model.out_features):
        w.here.lines.append(f"out[i*{model.out_features} + {k}] = {w.text(y.atoms[0, k], dtype)};")
    w.settle_all(w.sample)
    changed = [i for i in range(n) if not held[i]]
    assign(w, [values[places[i]] for i in changed], [out[i] for i in changed])
    w.settle_all(w.knobs)
    t = TYPES[dtype.name]
    lines = [table for _, table in w.tables.values()]
    lines += [f"void process(double *state, const {t} *knobs, const {t} *in, {t} *out, int64_t n) {{"]
    lines += ["  " + line for line in loads + w.knobs.lines]
    lines.append("  for (int64_t i = 0; i < n; i++) {")
    lines += ["    " + line for line in w.sample.lines]
    lines.append("  }")
    lines += ["  " + line for line in stores] + ["}"]
    state = np.concatenate([np.ravel(np.asarray(leaf)).astype(float) for leaf in leaves]) if leaves else np.zeros(0)
    return HEAD + "\n".join(lines) + "\n", state
