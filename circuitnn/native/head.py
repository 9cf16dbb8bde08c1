"""What stands at the top of generated C: includes, and the functions that it calls."""

import re
from collections.abc import Iterable
from string import Template
from typing import Any

from circuitnn.native.mathematics import definitions
from circuitnn.native.values import padded

# $P is the prefix, $N the type of JAX, $R its name in C, $U the unsigned integer as wide, $f the ending of math.h.
_TEMPLATES = {
    "lu_$N": """static void ${P}lu_$N(int n, $R *a, int32_t *pivots, int32_t *order) {
  for (int i = 0; i < n; i++) order[i] = i;
  for (int k = 0; k < n; k++) {
    int best = k;
    for (int i = k + 1; i < n; i++) if (fabs$f(a[i*n + k]) > fabs$f(a[best*n + k])) best = i;
    pivots[k] = best;
    if (best != k) {
      const int32_t place = order[k]; order[k] = order[best]; order[best] = place;
      for (int j = 0; j < n; j++) { const $R x = a[k*n + j]; a[k*n + j] = a[best*n + j]; a[best*n + j] = x; }
    }
    for (int i = k + 1; i < n; i++) {
      const $R factor = a[i*n + k] /= a[k*n + k];
      for (int j = k + 1; j < n; j++) a[i*n + j] -= factor*a[k*n + j];
    }
  }
}""",
    "triangular_$N": """static void ${P}triangular_$N(int n, int m, const $R *a, $R *b, int lower, int unit) {
  for (int step = 0; step < n; step++) {
    const int i = lower ? step : n - 1 - step;
    for (int j = lower ? 0 : i + 1; j < (lower ? i : n); j++)
      for (int k = 0; k < m; k++) b[i*m + k] -= a[i*n + j]*b[j*m + k];
    if (!unit) { const $R over = 1/a[i*n + i]; for (int k = 0; k < m; k++) b[i*m + k] *= over; }
  }
}""",
    "reduced_$N": """static $R ${P}reduced_$N($R x, int exponent, int mantissa) {
  $U bits;
  if (!isfinite(x)) return x;
  memcpy(&bits, &x, sizeof bits);
  const int less = $digits - mantissa;
  if (less > 0) {
    bits += (($U)1 << (less - 1)) - 1 + ((bits >> less) & 1);
    bits &= ~((($U)1 << less) - 1);
    memcpy(&x, &bits, sizeof x);
  }
  const int most = (1 << (exponent - 1)) - 1;
  const $R size = fabs$f(x);
  if (size >= ldexp$f(1, most + 1)) return x > 0 ? ($R)INFINITY : -($R)INFINITY;
  return size < ldexp$f(1, 1 - most) ? 0*x : x;
}""",
    "bits_$I_$N": """static inline $R ${P}bits_${I}_$N(${I}_t x) { $R y; memcpy(&y, &x, sizeof y); return y; }""",
    "bits_$N_$I": """static inline ${I}_t ${P}bits_${N}_$I($R x) { ${I}_t y; memcpy(&y, &x, sizeof y); return y; }""",
}
_CLAMPED = (
    "static inline int64_t {prefix}clamped(int64_t i, int64_t most) {{ return i < 0 ? 0 : i > most ? most : i; }}"
)
_REALS = (
    {"N": "float64", "R": "double", "U": "uint64_t", "I": "int64", "digits": 52, "f": ""},
    {"N": "float32", "R": "float", "U": "uint32_t", "I": "int32", "digits": 23, "f": "f"},
)


# Gauss and Jordan's elimination without exchanges, two columns at a time. Columns lie one after the other, each $s
# long, so that all of it are vectors; behind them the right side, which becomes the solution.
_ELIMINATE = """static void ${P}eliminate_${N}_$n($R *a) {
  $R *const x = a + $n*$s, l[$s], m[$s], whole[2*$n];
  for (int i = 0; i + 1 < $n; i += 2) {
    const $R *const c = a + i*$s, *const e = c + $s;
    const $R c0 = c[i], c1 = c[i + 1], e0 = e[i], e1 = e[i + 1], over = 1/(c0*e1 - e0*c1);
    whole[2*i] = e1*over; whole[2*i + 1] = e0*over; whole[2*i + 2] = c0*over; whole[2*i + 3] = c1*over;
    for (int r = 0; r < $s; r++) {
      l[r] = r == i || r == i + 1 ? 0 : (c[r]*e1 - e[r]*c1)*over;
      m[r] = r == i || r == i + 1 ? 0 : (e[r]*c0 - c[r]*e0)*over;
    }
    for (int k = i + 2; k <= $n; k++) {
      $R *const d = a + k*$s;
      const $R f = d[i], g = d[i + 1];
      for (int r = 0; r < $s; r++) d[r] = d[r] - l[r]*f - m[r]*g;
    }
  }
  if ($n % 2) {
    const $R *const c = x - $s, f = x[$n - 1]/c[$n - 1];
    for (int r = 0; r < $s; r++) x[r] -= r == $n - 1 ? 0 : c[r]*f;
    x[$n - 1] = f;
  }
  for (int i = 0; i + 1 < $n; i += 2) {
    const $R f = x[i], g = x[i + 1];
    x[i] = whole[2*i]*f - whole[2*i + 1]*g;
    x[i + 1] = whole[2*i + 2]*g - whole[2*i + 3]*f;
  }
}"""


def text(prefix: str, api: str, used: set[str], elementary: Iterable[tuple[str, str, int]]) -> str:
    """Includes, and the functions that are used.

    Args:
        prefix: of their names, so that several programs stand in one text.
        api: macro that may be defined as what stands in front of the program's own functions.
        used: names in the program.
        elementary: functions of `circuitnn.native.mathematics`: name, type, lanes.
    """
    parts = [
        "#include <math.h>",
        "#include <stdint.h>",
        "#include <string.h>",
        f"#ifndef {api}",
        f"#define {api}",
        "#endif",
    ]
    if f"{prefix}clamped" in used:
        parts.append(_CLAMPED.format(prefix=prefix))
    pattern = prefix + r"eliminate_{}_(\d+)"
    for real in _REALS:
        for name, template in _TEMPLATES.items():
            if prefix + _named(name, real) in used:
                parts.append(Template(template).substitute(real, P=prefix))
        sizes = sorted(int(match[1]) for name in used if (match := re.fullmatch(pattern.format(real["N"]), name)))
        parts += [Template(_ELIMINATE).substitute(real, P=prefix, n=size, s=padded(size)) for size in sizes]
    groups: dict[tuple[Any, int], set[str]] = {}
    for name, ctype, lanes in elementary:
        groups.setdefault((ctype, lanes), set()).add(name)
    parts += [definitions(names, ctype, lanes=lanes, prefix=prefix) for (ctype, lanes), names in sorted(groups.items())]
    return "\n".join(parts)


def _named(name: str, real: dict[str, object]) -> str:
    return name.replace("$N", str(real["N"])).replace("$I", str(real["I"]))
