"""The parameters that each kind of device has here, their defaults, and what numbers they may be."""

from dataclasses import dataclass, field

POSITIVE, NOT_NEGATIVE, ANY, FRACTION, COUPLING = "positive", "not negative", "any", "fraction", "coupling"


@dataclass(frozen=True)
class Kind:
    """A kind of device.

    Attributes:
        letter: of the elements that use it.
        always: parameters that are always there, with ngspice's defaults.
        optional: parameters that are there when given and not zero.
        joint: pairs of triggers and parameters with their defaults, there when a trigger is not zero.
        rules: what numbers each may be; positive where nothing is said.
        other_names: SPICE's second names.
        harmless: parameter -> the value at which it changes nothing (None: at any value); others are errors.
        defaults: of an optional parameter that is there because another one is: NE with ISE.
        hints: what to do about a parameter that is not supported.
    """

    letter: str
    always: dict[str, float]
    optional: tuple[str, ...]
    joint: tuple[tuple[tuple[str, ...], dict[str, float]], ...]
    rules: dict[str, str]
    other_names: dict[str, str]
    harmless: dict[str, float | None]
    hints: dict[str, str] = field(default_factory=dict)


_JUNCTION_RULES = dict.fromkeys(("M", "MJE", "MJC", "FC"), FRACTION)
_NO_TEMPERATURE: dict[str, float | None] = {"level": 1.0, "tnom": 27.0, "tref": 27.0}

_DIODE = Kind(
    letter="D",
    always={"IS": 1e-14, "N": 1.0},
    optional=("RS",),
    joint=((("CJO", "TT"), {"CJO": 0.0, "VJ": 1.0, "M": 0.5, "FC": 0.5, "TT": 0.0}),),
    rules={"CJO": NOT_NEGATIVE, "TT": NOT_NEGATIVE, **_JUNCTION_RULES},
    other_names={"JS": "IS", "CJ0": "CJO", "CJ": "CJO", "PB": "VJ", "MJ": "M"},
    harmless={"isr": 0.0, "cjp": 0.0, "cjsw": 0.0, "ikf": 0.0, "ibv": None, "nbv": None, "nr": None} | _NO_TEMPERATURE,
    hints={"BV": "leave it out: reverse breakdown is not modelled"},
)
_BIPOLAR = Kind(
    letter="Q",
    always={"IS": 1e-16, "BF": 100.0, "BR": 1.0, "NF": 1.0, "NR": 1.0},
    optional=("VAF", "VAR", "IKF", "IKR", "RB", "RC", "RE"),
    joint=(
        (("ISE",), {"ISE": 0.0, "NE": 1.5}),
        (("ISC",), {"ISC": 0.0, "NC": 2.0}),
        (
            ("CJE", "CJC", "TF", "TR"),
            {"CJE": 0.0, "VJE": 0.75, "MJE": 0.33, "CJC": 0.0, "VJC": 0.75, "MJC": 0.33}
            | {"TF": 0.0, "TR": 0.0, "FC": 0.5},
        ),
    ),
    rules=dict.fromkeys(("CJE", "CJC", "TF", "TR"), NOT_NEGATIVE) | _JUNCTION_RULES,
    other_names={"VA": "VAF", "VB": "VAR", "IK": "IKF", "PE": "VJE", "ME": "MJE", "PC": "VJC", "MC": "MJC"},
    harmless={
        "xtf": 0.0, "vtf": None, "itf": None, "ptf": 0.0, "xcjc": 1.0, "cjs": 0.0, "ccs": 0.0, "vjs": None, "ps": None,
        "mjs": None, "ms": None, "iss": 0.0, "ns": None, "nkf": 0.5, "nk": 0.5, "irb": 0.0, "subs": None,
    } | _NO_TEMPERATURE,
    hints={
        "XTF": "set it to 0: TF does not depend on the current here",
        "PTF": "set it to 0: excess phase is not modelled",
        "XCJC": "leave it out: all of CJC is at the inner base",
        "CJS": "set it to 0: the substrate is not modelled",
        "IRB": "leave it out: RB does not depend on the current",
        "RBM": "leave it out: RB does not depend on the current",
    },
)  # fmt: skip
_JFET = Kind(
    letter="J",
    always={"VTO": -2.0, "BETA": 1e-4, "LAMBDA": 0.0, "IS": 1e-14, "N": 1.0},
    optional=("RD", "RS"),
    joint=((("CGS", "CGD"), {"CGS": 0.0, "CGD": 0.0, "PB": 1.0, "FC": 0.5}),),
    rules={"VTO": ANY, "LAMBDA": NOT_NEGATIVE, "CGS": NOT_NEGATIVE, "CGD": NOT_NEGATIVE, **_JUNCTION_RULES},
    other_names={"VT0": "VTO"},
    harmless={"b": 1.0, "isr": 0.0, "alpha": 0.0, "nr": None, "vk": None, "m": 0.5} | _NO_TEMPERATURE,
    hints={"ALPHA": "leave it out; ngspice does not know it either", "ISR": "leave it out; ngspice does not know it"},
)
MODEL_KINDS = {"D": _DIODE, "NPN": _BIPOLAR, "PNP": _BIPOLAR, "NJF": _JFET, "PJF": _JFET}


def parameter_rule(kind: str, parameter: str) -> str:
    """What a number of a model may be: `POSITIVE`, `NOT_NEGATIVE`, `FRACTION` (0 <= x < 1) or `ANY`."""
    return MODEL_KINDS[kind].rules.get(parameter, POSITIVE)
