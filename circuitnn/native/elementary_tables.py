"""exp and log of one double whose result is waited for: short tables, and a branch that is hardly ever taken.

With tables the polynomials are shorter, and what overflows or is subnormal is elsewhere: the chain of operations is a
sixth shorter than without, and results are right down to the smallest subnormal number. Tables are in C as bits.
"""

import math
import struct
from decimal import Decimal, localcontext
from functools import cache

CELLS = 8  # of the exponential, in an octave
LOG_CELLS = 64  # of the logarithm, in an octave
_FIRST = 90 / 128  # its first centre: below 1/sqrt 2, and so that 1 is a centre as well

# Minimax polynomials as in `elementary_numbers`, for |r| < 0.0434 and |r| < 0.00785.
FUNCTIONS = {
    "exp_table": """
static const uint64_t $exp_table[2*$exp_cells] = { /* the bits of 2^(j/8), less j << 49; what they leave of it */
$exp_rows
};
""",
    # x = n ln 2 / 8 + r: e^x = 2^(n/8) (1 + r + r^2 Q(r)); `more` is added to n.
    "exp_near": """
static inline double $exp_near(double x, uint64_t more) {
  const double t = x*$cells_by_ln2 + $round_cells, n = $whole_number(t, $round_cells);
  const double r = (x - n*$cell_high) - n*$cell_low, r2 = r*r;
  const uint64_t i = $bits(t) + more, j = i & ($exp_cells - 1);
  const double s = $real($exp_table[j] + (i << 49)), c = $real($exp_table[j + $exp_cells]);
  return s + s*(((r + c) + r2*(0.5000000000000301 + r*0.16666666666667415))
    + r2*r2*((0.041666666569298 + r*0.008333333316374645) + r2*(0.0013889783559214992 + r*0.00019842477869912617)));
}
""",
    "exp_far": """
static double $exp_far(double x) {
  if (x > 710) return INFINITY;
  if (x < -746) return 0;
  return x > 0 ? $exp_near(x, -(uint64_t)4096)*$two_512 : x < 0 ? $exp_near(x, 4096)/$two_512 : x;
}
""",
    "exp": """
static inline double $exp(double x) { return x > -708 && x < 709 ? $exp_near(x, 0) : $exp_far(x); }
""",
    "log_table": """
static const uint64_t $log_table[4*$log_cells] = { /* the bits of 1/c and its rest, of ln c in two parts */
$log_rows
};
""",
    # Of 2^k (c + d), |d/c| < 0.0079, with the row of c, and what else is as small as rounding. The product of d and
    # seven bits of 1/c is exact.
    "log_sum": """
static inline double $log_sum(double k, const uint64_t *row, double d, double rest) {
  const double r = d*$real(row[0]), r2 = r*r, first = d*$real(row[0] & ~$seven_bits);
  const double h = k*$ln2_high + $real(row[2]), l = (k*$ln2_low + $real(row[3])) + (d*$real(row[1]) + rest);
  const double w = h + first, e = (h - w) + first;
  return w + ((e + (l - 0.5*r2)) + (r2*r*(0.3333333333333391 - r*0.24999999975560902)
    + r2*r2*r*((0.1999999994565284 - r*0.16667813441606566) + r2*0.1428712914337943)));
}
""",
    # `more` is added to the exponent's bits.
    "log_near": """
static inline double $log_near(double x, double more) {
  const uint64_t b = $bits(x), i = b + $half_cell - $first_cell, *row = $log_table + 4*((i >> 46) & ($log_cells - 1));
  const double k = (double)(int)((i + $one_bits) >> 52) + more;
  const double c = $real((i & $cell_mask) + $first_cell), m = $real(b - (i & ~$mantissa_mask));
  return $log_sum(k, row, m - c, 0);
}
""",
    "log_far": """
static double $log_far(double x) {
  if (x == 0) return -INFINITY;
  if (!(x > 0)) return NAN;
  return x == INFINITY ? x : $log_near(x*$two_54, -1023 - 54);
}
""",
    # u + v = 1 + x.
    "log1p_near": """
static inline double $log1p_near(double x) {
  const double u = 1 + x, w = u - 1, v = (1 - (u - w)) + (x - w);
  const uint64_t b = $bits(u), i = b + $half_cell - $first_cell, *row = $log_table + 4*((i >> 46) & ($log_cells - 1));
  const double k = (double)(int)((i + $one_bits) >> 52) - 1023, s = $real($one_bits - (i & ~$mantissa_mask));
  const double c = $real((i & $cell_mask) + $first_cell), m = $real(b - (i & ~$mantissa_mask));
  const double d = m - c, r = $real(row[0]), t = s*v*r;
  return $log_sum(k, row, d, t - t*(d*r));
}
""",
    "log1p": """
static inline double $log1p(double x) {
  return (x > 0 || (x > -1 && x < 0)) && x < 1e300 ? $log1p_near(x) : x == 0 ? x : $log(1 + x);
}
""",
    "log": """
static inline double $log(double x) { return x > 2.3e-308 && x < INFINITY ? $log_near(x, -1023) : $log_far(x); }
""",
}


@cache
def numbers() -> dict[str, str]:
    """The words of the templates that the others have not."""
    with localcontext() as context:
        context.prec = 50
        cell, logs = Decimal(2).ln() / CELLS, []
        high = math.ldexp(math.floor(math.ldexp(float(cell), 43)), -43)  # products with whole n are exact
        powers = [Decimal(2) ** (Decimal(j) / CELLS) for j in range(CELLS)]
        rows = [_bits(float(power)) - (j << 49) for j, power in enumerate(powers)]
        rows += [_bits(float(power / Decimal(float(power)) - 1)) for power in powers]
        for j in range(LOG_CELLS):
            centre = Decimal(_number(_bits(_FIRST) + (j << 46)))
            short = math.ldexp(round(math.ldexp(float(centre.ln()), 42)), -42)
            inverse = float(1 / centre)
            rest = 1 / centre - Decimal(_number(_bits(inverse) & ~((1 << 46) - 1)))
            logs += [_bits(inverse), _bits(float(rest)), _bits(short), _bits(float(centre.ln() - Decimal(short)))]
        low = float(cell - Decimal(high))
    return {
        "exp_cells": str(CELLS),
        "log_cells": str(LOG_CELLS),
        "exp_rows": _rows(rows),
        "log_rows": _rows(logs),
        "cells_by_ln2": repr(CELLS / math.log(2)),
        "cell_high": repr(high),
        "cell_low": repr(low),
        "round_cells": repr(1.5 * 2.0**52),
        "two_512": repr(2.0**512),
        "two_54": repr(2.0**54),
        "seven_bits": "0x3fffffffffffULL",
        "half_cell": "(1ULL << 45)",
        "first_cell": f"0x{_bits(_FIRST):x}ULL",
        "cell_mask": f"({LOG_CELLS - 1}ULL << 46)",
    }


def _bits(number: float) -> int:
    return int(struct.unpack("<Q", struct.pack("<d", number))[0])


def _number(bits: int) -> float:
    return float(struct.unpack("<d", struct.pack("<Q", bits))[0])


def _rows(bits: list[int]) -> str:
    texts = [f"0x{each:x}ULL" for each in bits]
    return ",\n".join("  " + ", ".join(texts[n : n + 5]) for n in range(0, len(texts), 5))
