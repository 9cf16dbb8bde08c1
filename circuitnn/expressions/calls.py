"""Functions that are called in expressions: ngspice's own, and those of other programs, in its words."""

from circuitnn.expressions.composed import angle, soft_limit, table, tolerance, truncated
from circuitnn.expressions.dialect import Dialect
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.functions import FUNCTIONS
from circuitnn.expressions.powers import magnitude_power, raised, truth
from circuitnn.expressions.tree import Binary, Call, Expression, Number

# The functions of other simulators that stand for an expression of ours come after our own.
ARITIES: dict[str, tuple[int, ...]] = {name: (arity,) for name, (arity, _) in FUNCTIONS.items()} | {
    "limit": (3, 2), "uramp": (1,), "stp": (1,), "pwrs": (2,), "if": (3,), "int": (1,), "round": (1,), "hypot": (2,),
    "buf": (1,), "inv": (1,), "uplim": (3,), "dnlim": (3,), "arctan": (1,), "arcsin": (1,), "arccos": (1,),
    "atan2": (2,), "fabs": (1,), "sqr": (1,), "u2": (1,),
    "eq0": (1,), "ne0": (1,), "gt0": (1,), "lt0": (1,), "ge0": (1,), "le0": (1,),
    "idt": (1, 2), "sdt": (1, 2), "idtmod": (1, 2, 3, 4), "delay": (2, 3), "absdelay": (2, 3),
    "white": (1,), "rand": (1,), "random": (1,),
    "table": (), "tbl": (), "pwl": (), "mc": (2,), "gauss": (1, 3), "agauss": (3,), "unif": (2,), "aunif": (2,),
}  # fmt: skip
_SYNONYMS = {"stp": "u", "arctan": "atan", "arcsin": "asin", "arccos": "acos", "round": "nint", "fabs": "abs"}
_AGAINST_ZERO = {"eq0": "==", "ne0": "!=", "gt0": ">", "lt0": "<", "ge0": ">=", "le0": "<="}


def built_in(function: str, arguments: list[Expression], *, behavioural: bool, dialect: Dialect) -> Expression:
    """A call of a function of `ARITIES`, in the words of ngspice.

    Raises:
        NetlistError: for a table without points; for what happens in time outside of B sources.
    """
    a, b, c = (*arguments, Number(0.0), Number(0.0), Number(0.0))[:3]
    match function:
        case "delay" | "absdelay":
            raise NetlistError(
                f"{function}: a delay is not supported; LAPLACE with (1-s*T/2)/(1+s*T/2) is one of T seconds at low "
                "frequencies, and several of them with parts of T are one at higher frequencies"
            )
        case "ddt" | "idt" | "sdt" | "idtmod" | "white" | "rand" | "random" if not behavioural:
            raise NetlistError(f"{function}: B, E and G sources alone know what happens in time")
        case "idt" | "sdt":
            return Call("idt", (a, b))
        case "idtmod":
            return _wrapped(Call("idt", (a, b)), arguments[2:])
        case "white" | "rand" | "random":
            return Number(0.0 if function == "white" else 0.5)
        case "pow" if behavioural or dialect.keeps_sign:
            return raised(a, b, behavioural=behavioural, dialect=dialect)
        case "pwr" if not (behavioural and dialect.signs_pwr):
            return magnitude_power(a, b)
        case "pwrs":
            return Call("pwr", (a, b)) if behavioural else Binary("*", Call("sgn", (a,)), magnitude_power(a, b))
        case "u" | "stp" if dialect.at_zero == 0.0:
            return Binary(">", a, Number(0.0))
        case "u" | "stp" if not behavioural:  # unknown to ngspice's .param
            return Binary("*", Number(0.5), Binary("+", Number(1.0), Call("sgn", (a,))))
        case "if":
            return Call("ternary_fcn", (truth(a, dialect), b, c))
        case "buf" | "inv":
            return Binary("!=" if function == "buf" else "==", truth(a, dialect), Number(0.0))
        case "uplim" | "dnlim":
            return soft_limit(a, b, c, is_upper=function == "uplim")
        case "eq0" | "ne0" | "gt0" | "lt0" | "ge0" | "le0":
            return Binary(_AGAINST_ZERO[function], a, Number(0.0))
        case "atan2":
            return angle(a, b)
        case "sqr":
            return Binary("*", a, a)
        case "u2":
            return Call("min", (Call("max", (a, Number(0.0))), Number(1.0)))
        case "hypot":
            return Call("sqrt", (Binary("+", Binary("*", a, a), Binary("*", b, b)),))
        case "table" | "tbl" | "pwl":
            if not arguments:
                raise NetlistError("table takes x, then pairs of numbers: table(x, 0,0, 1,2)")
            return table(a, arguments[1:])
        case "int":
            return truncated(a)
        case "mc" | "unif" | "aunif" | "agauss":
            return tolerance(function, arguments)
        case "gauss" | "limit" if len(arguments) == (3 if function == "gauss" else 2):
            return tolerance(function, arguments)
        case "limit":  # the middle one of three numbers
            return Call("min", (Call("max", (a, Call("min", (b, c)))), Call("max", (b, c))))
        case "uramp":
            return Call("max", (a, Number(0.0)))
    return Call(_SYNONYMS.get(function, function), tuple(arguments))


def _wrapped(integral: Expression, bounds: list[Expression]) -> Expression:
    """An integral from an offset (0) up to a modulus above it, where it begins anew."""
    if not bounds:
        return integral
    modulus, offset = (*bounds, Number(0.0))[:2]
    turns = Call("floor", (Binary("/", Binary("-", integral, offset), modulus),))
    return Binary("-", integral, Binary("*", modulus, turns))
