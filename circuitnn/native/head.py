"""What stands at the top of generated C."""

_LU = """static void cn_lu_{name}(int n, {real} *a, int32_t *pivots, int32_t *order) {{
  for (int i = 0; i < n; i++) order[i] = i;
  for (int k = 0; k < n; k++) {{
    int best = k;
    for (int i = k + 1; i < n; i++) if ({size}(a[i*n + k]) > {size}(a[best*n + k])) best = i;
    pivots[k] = best;
    if (best != k) {{
      const int32_t place = order[k]; order[k] = order[best]; order[best] = place;
      for (int j = 0; j < n; j++) {{ const {real} x = a[k*n + j]; a[k*n + j] = a[best*n + j]; a[best*n + j] = x; }}
    }}
    for (int i = k + 1; i < n; i++) {{
      const {real} factor = a[i*n + k] /= a[k*n + k];
      for (int j = k + 1; j < n; j++) a[i*n + j] -= factor*a[k*n + j];
    }}
  }}
}}"""
_TRIANGULAR = """static void cn_triangular_{name}(int n, int m, const {real} *a, {real} *b, int lower, int unit) {{
  for (int step = 0; step < n; step++) {{
    const int i = lower ? step : n - 1 - step;
    for (int j = lower ? 0 : i + 1; j < (lower ? i : n); j++)
      for (int k = 0; k < m; k++) b[i*m + k] -= a[i*n + j]*b[j*m + k];
    if (!unit) {{ const {real} f = 1/a[i*n + i]; for (int k = 0; k < m; k++) b[i*m + k] *= f; }}
  }}
}}"""
_BITS = """static inline {to} cn_bits_{source}_{target}({from_} x) {{ {to} y; memcpy(&y, &x, sizeof y); return y; }}"""
_REDUCED = """static {real} cn_reduced_{name}({real} x, int exponent, int mantissa) {{
  {whole} bits;
  if (!isfinite(x)) return x;
  memcpy(&bits, &x, sizeof bits);
  const int less = {digits} - mantissa;
  if (less > 0) {{
    bits += (({whole})1 << (less - 1)) - 1 + ((bits >> less) & 1);
    bits &= ~((({whole})1 << less) - 1);
    memcpy(&x, &bits, sizeof x);
  }}
  const int most = (1 << (exponent - 1)) - 1;
  const {real} size = {size}(x);
  if (size >= {ldexp}(1, most + 1)) return x > 0 ? ({real})INFINITY : -({real})INFINITY;
  return size < {ldexp}(1, 1 - most) ? 0*x : x;
}}"""
_PAIRS = (("int64", "float64", "int64_t", "double"), ("int32", "float32", "int32_t", "float"))
_REALS = (("float64", "double", "fabs"), ("float32", "float", "fabsf"))


def functions() -> dict[str, str]:
    """Functions that the text may call, by name."""
    out = {}
    for name, real, size in _REALS:
        out[f"cn_lu_{name}"] = _LU.format(name=name, real=real, size=size)
        parts = ("uint64_t", 52, "ldexp") if real == "double" else ("uint32_t", 23, "ldexpf")
        whole, digits, ldexp = parts
        out[f"cn_reduced_{name}"] = _REDUCED.format(
            name=name, real=real, size=size, whole=whole, digits=digits, ldexp=ldexp
        )
        out[f"cn_triangular_{name}"] = _TRIANGULAR.format(name=name, real=real)
    for whole, real, whole_type, real_type in _PAIRS:
        for source, target, from_, to in ((whole, real, whole_type, real_type), (real, whole, real_type, whole_type)):
            out[f"cn_bits_{source}_{target}"] = _BITS.format(source=source, target=target, from_=from_, to=to)
    return out


def text(api: str, used: set[str]) -> str:
    """Includes, and the functions that are used; several programs in one text share them."""
    includes = ["#include <math.h>", "#include <stdint.h>", "#include <string.h>"]
    once = [(name.upper(), body) for name, body in functions().items() if name in used] + [(api, f"#define {api}")]
    guarded = [line for name, body in once for line in (f"#ifndef {name}", _defined(name, body), "#endif")]
    return "\n".join([*includes, *guarded])


def _defined(name: str, body: str) -> str:
    return body if body.startswith("#") else f"#define {name}\n{body}"
