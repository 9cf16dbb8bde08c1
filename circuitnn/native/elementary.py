"""Elementary functions, one template each: $R is the type, $U its bits, $M what a comparison gives, $name a function.

Estrin's scheme evaluates polynomials in pairs: what one stream waits for is the chain of operations, not their number.
"""

_UNIONS = {
    "bits": "static inline $U $bits($R x) { union { $R x; $U i; } u; u.x = x; return u.i; }",
    "real": "static inline $R $real($U i) { union { $R x; $U i; } u; u.i = i; return u.x; }",
    "splat": "static inline $R $splat($R x) { return x; }",
    "sqrt": "static inline $R $sqrt($R x) { return sqrt$f(x); }",
}
# What differs between numbers that are waited for, numbers in loops and vectors of numbers.
ALONE = _UNIONS | {
    "select": "static inline $R $select($M c, $R a, $R b) { return c ? a : b; }",
}
# No ?: in loops: where one side is a constant, gcc makes a branch of it and no vectors.
LOOPS = _UNIONS | {
    "select": """
static inline $R $select($M c, $R a, $R b) {
  const $U m = -($U)c;
  return $real(($bits(a) & m) | ($bits(b) & ~m));
}
""",
}
VECTORS = {
    "bits": "static inline $U $bits($R x) { return ($U)x; }",
    "real": "static inline $R $real($U i) { return ($R)i; }",
    "splat": "static inline $R $splat($scalar x) { return x - ($R){0}; }",
    "select": "static inline $R $select($M c, $R a, $R b) { return ($R)((c & ($M)a) | (~c & ($M)b)); }",
}
_EACH = "for (int i = 0; i < (int)(sizeof x/sizeof x[0]); i++) x[i] ="
_OF_ONE = (
    "sqrt", "cbrt", "exp2", "tan", "asin", "acos", "atan", "asinh", "acosh", "atanh", "erf", "erfc", "floor", "ceil",
    "rint", "round",
)  # fmt: skip
# Of <math.h>, lane by lane.
VECTORS |= {f: f"static inline $R ${f}($R x) {{ {_EACH} {f}$f(x[i]); return x; }}" for f in _OF_ONE}
VECTORS |= {
    f: f"static inline $R ${f}($R x, $R y) {{ {_EACH} {f}$f(x[i], y[i]); return x; }}" for f in ("atan2", "fmod")
}
# Where the library's own cannot be called: less exact, see `ERRORS`.
_POWER = {
    "pow": """
static inline $R $pow($R x, $R y) {
  const $R z = $exp(y*$log($fabs(x))), h = $half*y;
  const $R left = $select($whole_of(y) == y, $select($whole_of(h) == h, z, -z), $splat(NAN));
  return $select(y == 0, $splat(1), $select(x < 0, left, z));
}
""",
    "whole_of": """
static inline $R $whole_of($R x) { return $whole_number(x + $round_only, $splat($round_only)); }
""",
}
ALONE["pow"] = "static inline $R $pow($R x, $R y) { return pow$f(x, y); }"
LOOPS |= _POWER
VECTORS |= _POWER

FUNCTIONS = {
    # x = n ln 2 + r, |r| < 0.347: e^x = 2^(n - 1) (2 + 2r + r^2 Q(r)). The bits of t end with those of n - 1 and the
    # bias of the exponent. What rounds off in 2 + 2r comes back with the rest. At the limits 2^(n - 1) is zero, and
    # the result overflows: no selection is waited for.
    "exp": """
static inline $R $exp($R x) {
  const $R z = $clamp(x, $splat($exp_lowest), $splat($exp_highest));
  const $R t = z*$log2_e + $round_halves, n = $whole_number(t, $splat($round_halves));
  const $R r = (z - n*$ln2_high) - n*$ln2_low, r2 = r*r, r4 = r2*r2;
  const $R s = $real($bits(t) << $mantissa), a = 2 + 2*r, b = 2*r - (a - 2);
  return s*($exp_tail) + s*a;
}
""",
    # As above: e^x - 1 = 2 ((s - 1/2) + s r + s r^2 Q(r)), s = 2^(n - 1).
    "expm1": """
static inline $R $expm1($R x) {
  const $R z = $clamp(x, $splat($expm1_lowest), $splat($exp_highest));
  const $R t = z*$log2_e + $round_halves, n = $whole_number(t, $splat($round_halves));
  const $R q = z - n*$ln2_high, c = n*$ln2_low, r = q - c, b = (q - r) - c, r2 = r*r, r4 = r2*r2;
  const $R s = $real($bits(t) << $mantissa), h = (s - $half) + s*r;
  return $copysign(2*(h + s*($expm1_tail)), x);
}
""",
    # (e^2|x| - 1) / (e^2|x| + 1) and the sign.
    "tanh": """
static inline $R $tanh($R x) {
  const $R a = 2*$fabs(x), z = $select(a > $tanh_highest, $splat($tanh_highest), a);
  const $R t = z*$log2_e + $round_ones, n = $whole_number(t, $splat($round_ones));
  const $R r = (z - n*$ln2_high) - n*$ln2_low, r2 = r*r, r4 = r2*r2;
  const $R s = $real($bits(t) << $mantissa), h = (s - 1) + s*r;
  const $R e = h + s*($tanh_tail);
  return $copysign(e/(e + 2), x);
}
""",
    # With e = e^-|x|: 1/(1 + e), and e/(1 + e) on the left.
    "sigmoid": """
static inline $R $sigmoid($R x) {
  const $R a = -$fabs(x), z = $select(a < $exp_lowest, $splat($exp_lowest), a);
  const $R t = z*$log2_e + $round_halves, n = $whole_number(t, $splat($round_halves));
  const $R r = (z - n*$ln2_high) - n*$ln2_low, r2 = r*r, r4 = r2*r2;
  const $R s = $real($bits(t) << $mantissa), c = 2 + 2*r, b = 2*r - (c - 2);
  const $R e = s*($exp_tail) + s*c;
  return $select(x < 0, e, $splat(1))/(1 + e);
}
""",
    # x = 2^k (1 + f), 1/sqrt 2 <= 1 + f < sqrt 2. What rounds off in k ln 2 + f comes back with the rest, and there
    # what is not finite comes in.
    "log": """
static inline $R $log($R x) {
  const $U i = $bits(x) + ($one_bits - $root_half_bits);
  const $R k = $real((i >> $mantissa) | $whole_bits) - $whole;
  const $R f = $real((i & $mantissa_mask) + $root_half_bits) - 1, $log_powers;
  const $R low = $select(x == 0, $splat(-INFINITY), $splat(NAN)), high = $select(x == INFINITY, x, $splat(0));
  const $R a = k*$ln2_high, h = a + f, b = (((a - h) + f) + k*$ln2_low) + $select(x > 0, high, low);
  return h + ($log_tail);
}
""",
    # u = 1 + x with c that rounds off; then as above, with c/u in what comes back.
    "log1p": """
static inline $R $log1p($R x) {
  const $R u = 1 + x, v = u - 1, c = (1 - (u - v)) + (x - v);
  const $U i = $bits(u) + ($one_bits - $root_half_bits);
  const $R k = $real((i >> $mantissa) | $whole_bits) - $whole, s = $real(2*$one_bits - (i & ~$mantissa_mask));
  const $R f = $real((i & $mantissa_mask) + $root_half_bits) - 1, $log_powers;
  const $R low = $select(u == 0, $splat(-INFINITY), $splat(NAN));
  const $R high = $select(x > $log1p_large, $select(x == INFINITY, x, $splat(0)), s*c*(1 - f)*(1 + f2));
  const $R a = k*$ln2_high, h = a + f, b = (((a - h) + f) + k*$ln2_low) + $select(u > 0, high, low);
  return $copysign(h + ($log_tail), x);
}
""",
    # |x| = n ln 2 + r; with p, d = 2^(n - 2) +- 2^(-n - 2), sinh x is 2 (d cosh r + p sinh r), and cosh x is
    # 2 (p cosh r + d sinh r).
    "hyperbolic": """
static inline $R $hyperbolic($R x, $M is_even) {
  const $R a = $fabs(x), z = $select(a > $hyperbolic_highest, $splat($hyperbolic_highest), a);
  const $R t = z*$log2_e + $round_quarters, n = $whole_number(t, $splat($round_quarters));
  const $R r = (z - n*$ln2_high) - n*$ln2_low, q = r*r, q2 = q*q$q4;
  const $R u = $real($bits(t) << $mantissa), v = $select(a > 60, $splat(0), $real($quarters_bits - $bits(u)));
  const $R odd = r + r*q*($sinh_tail), even = $half*q + q2*($cosh_tail), p = u + v, d = u - v;
  return 2*$select(is_even, p + (p*even + d*odd), d + (p*odd + d*even));
}
""",
    "sinh": """
static inline $R $sinh($R x) { return $copysign($hyperbolic(x, x != x), x); }
""",
    "cosh": """
static inline $R $cosh($R x) { return $hyperbolic(x, x == x); }
""",
    # x = n pi/2 + r + c, |r| < 0.786: the last bit of n says which of the two it is, the one before the sign. Beyond
    # 10^5 the error grows with the rounding of x itself; where n has more bits than a number, the result is NaN.
    "sin": """
static inline $R $sin($R x) {
  const $R t = x*$by_quarter + $round_only, n = $whole_number(t, $splat($round_only));
  const $R $quarter_rest, z = r*r, z2 = z*z$z4;
  const $R h = 1 - $half*z, s = r + (c*h + r*z*($sin_tail)), k = h + ((((1 - h) - $half*z) - r*c) + z2*($cos_tail));
  const $U i = $bits(t);
  const $R y = $real($bits($select((i & 1) != 0, k, s)) ^ ((i >> 1) << $sign_place));
  return $select($fabs(x) < $tiny, x, $select($fabs(x) < $sin_highest, y, $splat(NAN)));
}
""",
    "cos": """
static inline $R $cos($R x) {
  const $R t = x*$by_quarter + $round_only, n = $whole_number(t, $splat($round_only));
  const $R $quarter_rest, z = r*r, z2 = z*z$z4;
  const $R h = 1 - $half*z, s = r + (c*h + r*z*($sin_tail)), k = h + ((((1 - h) - $half*z) - r*c) + z2*($cos_tail));
  const $U i = $bits(t);
  const $R y = $real($bits($select((i & 1) != 0, s, k)) ^ (((i + 1) >> 1) << $sign_place));
  return $select($fabs(x) < $sin_highest, y, $splat(NAN));
}
""",
    # w + ln w = x. A rough l = ln w (to 0.015): x itself on the left, a polynomial of x, and on the right y + P(y) with
    # a rough y = ln x. Then w = e^l, and the series of omega about the x that this w belongs to.
    "omega": """
static inline $R $omega($R x) {
  const $R z = $clamp(x, $splat($omega_lowest), $splat($omega_highest));
  const $U i = $bits(z);
  const $R k = $real((i >> $mantissa) | $whole_bits) - $whole, f = $real((i & $mantissa_mask) | $one_bits) - 1;
  const $R f2 = f*f, y = k*$ln2 + ($rough_log), v = $select(y > 8, $splat(8), y), v2 = v*v, z2 = z*z, z4 = z2*z2;
  const $R right = $select(z < 5, $omega_middle, y + ($omega_right)), l = $select(z < $omega_left, z, right);
  const $R w = $exp(l), rest = (z - l) - w, s = 1/(1 + w), q = rest*s, q2 = q*q$omega_powers;
  return $select(x > $omega_highest, x, w + w*(q + s*q2*($omega_series)));
}
""",
    # t is a whole number and `shift`, so large that there are no places for more. gcc, where it may reorder sums, would
    # leave both out; it does not see through bits (of t/2), which take longer.
    "whole_number": """
#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__)
static inline $R $whole_number($R t, $R shift) { return 2*$real($bits(t) - $halved) - shift; }
#else
static inline $R $whole_number($R t, $R shift) { return t - shift; }
#endif
""",
    "larger": """
static inline $R $larger($R x, $R y) { return $select(x < y, y, x); }
""",
    "smaller": """
static inline $R $smaller($R x, $R y) { return $select(x > y, y, x); }
""",
    "clamp": """
static inline $R $clamp($R x, $R low, $R high) {
  const $R y = $select(low > x, low, x);
  return $select(high < y, high, y);
}
""",
    "fabs": """
static inline $R $fabs($R x) { return $real($bits(x) & ~$sign_bit); }
""",
    "copysign": """
static inline $R $copysign($R x, $R sign) {
  return $real(($bits(x) & ~$sign_bit) | ($bits(sign) & $sign_bit));
}
""",
}
