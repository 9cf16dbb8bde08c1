"""The numbers in the elementary functions, in both precisions, as text of C.

Polynomials are minimax ones for the relative error (Remez's exchange in 50 digits, made for this file), their
coefficients rounded: (e^r - 1 - r) / r^2 for |r| < 0.3467, and (ln(1 + f) - f + f^2 / 2) / f^3 for f between
1/sqrt 2 - 1 and sqrt 2 - 1. ln 2 is in two parts, the first so short that products with whole exponents are exact
(Cody and Waite 1980).
"""

import math
from collections.abc import Sequence
from typing import Literal

Real = Literal["float", "double"]

EXP = {
    "double": (
        0.5000000000000006, 0.16666666666666685, 0.04166666666657333, 0.008333333333314574, 0.0013888888932483813,
        0.0001984126990308522, 2.4801504312327764e-05, 2.7557227894004277e-06, 2.7626382209407726e-07,
        2.5114495246950654e-08,
    ),
    "float": (0.5000000062038582, 0.16666542795078437, 0.04166628153223525, 0.008366610433254443, 0.001394648921821031),
}  # fmt: skip
LOG = {
    "double": (
        0.3333333333333347, -0.2499999999999924, 0.19999999999939758, -0.1666666666682899, 0.1428571429451459,
        -0.12499999990637652, 0.11111110484418799, -0.09999999938862847, 0.09090934153579781, -0.08333358849890928,
        0.0769171370028411, -0.07141772506527368, 0.06674933431700159, -0.06272064719932476, 0.05821821985319556,
        -0.053156693508754675, 0.053848402762169095, -0.0628618509181677, 0.05787395405750508, -0.024970550920778743,
    ),
    "float": (
        0.3333331673925495, -0.25000810946386026, 0.20002285778079107, -0.16624533075323322, 0.14181187703948103,
        -0.131289721548455, 0.12881788417449294, -0.07859180709849695,
    ),
}  # fmt: skip


SIN = {
    "double": (
        -0.16666666666666632, 0.00833333333332237, -0.00019841269829771357, 2.755731367871302e-06,
        -2.50507559676888e-08, 1.589666685111882e-10,
    ),
    "float": (-0.1666665490909394, 0.008332175864451738, -0.00019516979165535737),
}  # fmt: skip
COS = {
    "double": (
        0.0416666666666666, -0.0013888888888874064, 2.4801587289443566e-05, -2.755731434067996e-07,
        2.0875721626181062e-09, -1.1359559449079438e-11,
    ),
    "float": (0.041666646811866534, -0.0013887364717463495, 2.4438115807852967e-05),
}  # fmt: skip
SINH = {
    "double": (
        0.16666666666666677, 0.008333333333321577, 0.00019841269886268378, 2.755724405971343e-06,
        2.5109091182109257e-08,
    ),
    "float": (0.16666542776086662, 0.008366612393988221),
}  # fmt: skip
COSH = {
    "double": (0.04166666666660268, 0.0013888888927319188, 2.4801508021490833e-05, 2.762545055412995e-07),
    "float": (0.041666459150851765, 0.0013935441716364917),
}
_TAILS = {"sin": (SIN, "z"), "cos": (COS, "z"), "sinh": (SINH, "q"), "cosh": (COSH, "q")}
# Rough ones: ln w of z in (-4.2, 5), what ln w is less than y = ln x for y in (ln 5, 8), and ln(1 + f) of f in (0, 1).
_MIDDLE = (-0.5716756, 0.6396441, -0.06861341, 0.000437622, 0.0007601413, -4.153448e-05)
_RIGHT = (-0.5749898, 0.1961144, -0.02067417, 0.000623251)
_ROUGH_LOG = (0.0004416187, 0.9834928, -0.4000351, 0.1096895)
# Of q^2, q^3, ... in omega(x + (1 + w) q)/w, by powers of s = 1/(1 + w): Eulerian numbers of the second order.
_OMEGA = (
    (1 / 2,),
    (-1 / 3, 1 / 2),
    (1 / 4, -5 / 6, 5 / 8),
    (-1 / 5, 13 / 12, -7 / 4, 7 / 8),
    (1 / 6, -77 / 60, 119 / 36, -7 / 2, 21 / 16),
)
# ln 2 and pi/2 in parts whose products with the whole numbers that occur are exact, but for the last.
_LN2 = {"double": ("0x1.62e42fefa38p-1", "0x1.ef35793c7673p-45"), "float": ("0x1.62ep-1", "0x1.0bfbe8p-15")}
_QUARTER = {
    "double": ("0x1.921fb5444p+0", "0x1.68c234c4cp-39", "0x1.98a2e03707345p-77"),
    "float": ("0x1.92p+0", "0x1.fap-12", "0x1.54p-20", "0x1.1p-30", "0x1.68c234p-39"),
}
_REST = {
    "double": "q = x - n*{0}, w = n*{1}, r = q - w, c = ((q - r) - w) - n*{2}",
    "float": "q = (x - n*{0}) - n*{1}, w = n*{2}, p = q - w, v = n*{3}, r = p - v, "
    "c = ((p - r) - v) + (((q - p) - w) - n*{4})",
}


def numbers(real: Real) -> dict[str, str]:
    """The words of the templates, but for types and names."""
    mantissa, bias = (52, 1023) if real == "double" else (23, 127)
    shift = 1.5 * 2.0**mantissa
    quarter = [literal(float.fromhex(part), real) for part in _QUARTER[real]]
    reals = {
        "half": 0.5,
        "log2_e": 1 / math.log(2),
        "ln2_high": float.fromhex(_LN2[real][0]),
        "ln2_low": float.fromhex(_LN2[real][1]),
        "ln2": math.log(2),
        "omega_lowest": -(bias + mantissa + 2) * math.log(2),
        "omega_left": -4.2,
        "omega_highest": 2.0 ** (mantissa + 8),
        "by_quarter": 2 / math.pi,
        "round_only": shift,
        "round_ones": shift + bias,  # 2^n is what t << mantissa has for bits
        "round_halves": shift + bias - 1,
        "round_quarters": shift + bias - 2,
        "hyperbolic_highest": (bias + 2.4) * math.log(2),
        "exp_highest": (bias + 1.4) * math.log(2),
        "exp_lowest": -(bias - 1) * math.log(2),
        "expm1_lowest": -40.0,
        "tanh_highest": 40.0 if real == "double" else 19.0,
        "log1p_large": 2.0 ** (mantissa + 2),
        "sin_highest": 2.0 ** (mantissa - 2),
        "tiny": 2.0 ** -(mantissa // 2 + 1),
        "whole": 2.0**mantissa + bias,
    }
    bits = {
        "one_bits": bias << mantissa,
        "root_half_bits": 0x3FE6A09E667F3BCD if real == "double" else 0x3F3504F3,
        "whole_bits": (bias + mantissa) << mantissa,
        "halved": 1 << mantissa,
        "mantissa_mask": (1 << mantissa) - 1,
        "quarters_bits": 2 * (bias - 2) << mantissa,
        "sign_bit": 2 * (bias + 1) << mantissa,
    }
    return (
        {name: literal(value, real) for name, value in reals.items()}
        | {name: f"0x{value:x}{'ULL' if real == 'double' else 'U'}" for name, value in bits.items()}
        | {"mantissa": str(mantissa), "sign_place": "63" if real == "double" else "31", "scalar": real}
        | {"f": "" if real == "double" else "f"}  # the ending of a function of <math.h>
        | {"quarter_rest": _REST[real].format(*quarter)}
        | {f"{name}_tail": _estrin(row[real], x, real) for name, (row, x) in _TAILS.items()}
        | ({"z4": ", z4 = z2*z2", "q4": ", q4 = q2*q2"} if real == "double" else {"z4": "", "q4": ""})
        | _tails(real)
        | _omega(real)
    )


def _tails(real: Real) -> dict[str, str]:
    """What follows the first terms of exp and log, in groups that are short chains each."""
    near, far = (_estrin(part, "r", real) for part in (EXP[real][:4], EXP[real][4:]))
    doubled = [2 * coefficient for coefficient in EXP[real]]
    near_2, far_2 = (_estrin(part, "r", real) for part in (doubled[:4], doubled[4:]))
    first, second, third = (_estrin(part, "f", real) for part in (LOG[real][:4], LOG[real][4:8], LOG[real][8:] or (0,)))
    log = f"((b - {literal(0.5, real)}*f2) + f2*f*({first})) + f2*f*f4*({second})"
    is_double = real == "double"
    return {
        "exp_tail": f"(b + r2*({near_2})) + r2*r4*({far_2})",
        "expm1_tail": f"(b + r2*({near})) + r2*r4*({far})",
        "tanh_tail": f"r2*({near}) + r2*r4*({far})",
        "log_tail": f"({log}) + f2*f*f8*({third})" if is_double else log,
        "log_powers": "f2 = f*f, f4 = f2*f2" + (", f8 = f4*f4" if is_double else ""),
    }


def _omega(real: Real) -> dict[str, str]:
    orders = _OMEGA if real == "double" else _OMEGA[:2]
    series = _paired([f"({_estrin(order, 's', real)})" for order in orders], "q")
    rough = {"rough_log": (_ROUGH_LOG, "f"), "omega_middle": (_MIDDLE, "z"), "omega_right": (_RIGHT, "v")}
    return {
        "omega_series": series,
        "omega_powers": ", q4 = q2*q2, s2 = s*s, s4 = s2*s2" if real == "double" else "",
    } | {name: _estrin(coefficients, x, real) for name, (coefficients, x) in rough.items()}


def literal(value: float, real: Real) -> str:
    """A number as C has it."""
    text = f"{value:.9g}" if real == "float" else f"{value:.17g}"
    if not any(sign in text for sign in ".e"):
        text += ".0"
    text += "f" if real == "float" else ""
    return f"({text})" if value < 0 else text


def _estrin(coefficients: Sequence[float], x: str, real: Real) -> str:
    """A polynomial, constant first; x2, x4, x8, x16 are the powers of x."""
    return _paired([literal(coefficient, real) for coefficient in coefficients], x)


def _paired(terms: Sequence[str], x: str) -> str:
    if len(terms) == 1:
        return terms[0]
    half = 1 << (len(terms) - 1).bit_length() - 1
    low, high = _paired(terms[:half], x), _paired(terms[half:], x)
    if half == 1:
        return f"{low} + {x}*{high}"
    return f"({low}) + {x}{half}*" + (high if len(terms) == half + 1 else f"({high})")
