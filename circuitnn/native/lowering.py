"""Steps of a flat program written out, number by number."""

from typing import Any

import jax
import numpy as np

from circuitnn.native.atoms import Atom, Name, is_known
from circuitnn.native.inlining import Flat, Place, Step, flattened
from circuitnn.native.writer import Writer

Array = np.ndarray  # of objects: atoms


class Typed:
    """Atoms in an array, with their type."""

    __slots__ = ("atoms", "dtype")

    def __init__(self, atoms: Any, dtype: Any) -> None:
        self.atoms, self.dtype = atoms, np.dtype(dtype)

    @property
    def is_known(self) -> bool:
        return all(is_known(atom) for atom in self.atoms.flat)

    def known(self) -> np.ndarray:
        return np.array(self.atoms.tolist(), self.dtype).reshape(self.atoms.shape)


def typed(value: Any) -> Typed:
    array = np.asarray(value)
    atoms = np.empty(array.shape, object)
    for place in np.ndindex(array.shape):
        atoms[place] = array[place]
    return Typed(atoms, array.dtype)


def folded(flat: Flat) -> dict[int, Typed]:
    """What follows from known numbers alone, computed by JAX in one program."""
    known: set[int] = set()
    steps = []
    for step in flat.steps:
        if all(not isinstance(operand, Place) or operand in known for operand in step.operands):
            known |= set(step.results)
            steps.append(step)
    needed = {operand for step in flat.steps if not set(step.results) <= known for operand in step.operands
              if isinstance(operand, Place) and operand in known}  # fmt: skip
    arrays = [operand for step in steps for operand in step.operands if not isinstance(operand, Place)]

    def compute(arrays):
        given, values = iter(arrays), {}
        for step in steps:
            operands = [values[o] if isinstance(o, Place) else next(given) for o in step.operands]
            results = step.primitive.bind(*operands, **step.params)
            values |= dict(zip(step.results, results if step.primitive.multiple_results else [results], strict=True))
        return {place: values[place] for place in needed}

    return {place: typed(value) for place, value in jax.jit(compute)(arrays).items()}


def run(writer: Writer, flat: Flat, values: dict[int, Typed], is_whole: bool = False) -> None:
    """Do the steps; `values` grows."""
    if is_whole:
        values |= folded(flat)
    missing = [step for step in flat.steps if not all(place in values for place in step.results)]
    for step in missing:
        if is_whole and not all(not isinstance(o, Place) or o in values for o in step.operands):
            continue  # known, and needed by nothing
        operands = [values[operand] if isinstance(operand, Place)
                    else typed(operand) for operand in step.operands]  # fmt: skip
        avals = [flat.avals[place] for place in step.results]
        for place, result in zip(step.results, lowered(writer, step, operands, avals), strict=True):
            values[place] = result


def lowered(writer: Writer, step: Step, operands: list[Typed], avals: list[Any]) -> list[Typed]:
    name = step.primitive.name
    if name in VIEWS:
        parts = VIEWS[name](step.params, *(operand.atoms for operand in operands))
        return [Typed(part, aval.dtype) for part, aval in zip(parts, avals, strict=True)]
    if all(operand.is_known for operand in operands) and name not in ("while", "cond", "scan"):
        if name in KNOWN or name in KNOWN_WITH:
            arrays = [operand.known() for operand in operands]
            with np.errstate(all="ignore"):
                value = KNOWN[name](*arrays) if name in KNOWN else KNOWN_WITH[name](step.params, *arrays)
            return [typed(np.broadcast_to(np.asarray(value, avals[0].dtype), avals[0].shape))]
        results = step.primitive.bind(*(operand.known() for operand in operands), **step.params)
        return [typed(result) for result in (results if step.primitive.multiple_results else [results])]
    if name in MOVES:
        return _moved(writer, step, operands, avals)
    if name in RULES:
        return RULES[name](writer, step, operands, avals)
    rule = ELEMENTWISE.get(name)
    if rule is None:
        raise NotImplementedError(f"native: no rule for {name}: {step.params}")
    arrays = np.broadcast_arrays(*(operand.atoms for operand in operands))
    out = np.empty(avals[0].shape, object)
    types = [operand.dtype for operand in operands]
    for place in np.ndindex(out.shape):
        atoms = [array[place] for array in arrays]
        if all(is_known(atom) for atom in atoms):
            known = KNOWN.get(name)
            with np.errstate(all="ignore"):
                out[place] = known(*atoms) if known else np.asarray(_bind(step, atoms, types))[()]
        else:
            out[place] = rule(writer, np.dtype(avals[0].dtype), types, step.params, *atoms)
    return [Typed(out, avals[0].dtype)]


def _bind(step: Step, atoms: list[Any], types: list[Any]) -> Any:
    with jax.default_device(jax.devices("cpu")[0]):
        return step.primitive.bind(*(np.asarray(atom, kind) for atom, kind in zip(atoms, types, strict=True)), **step.params)


def _spread(params, atoms):
    shape, dims = params["shape"], params["broadcast_dimensions"]
    out = atoms.reshape([atoms.shape[dims.index(d)] if d in dims else 1 for d in range(len(shape))])
    return [np.broadcast_to(out, shape)]


def _slice(params, atoms):
    strides = params["strides"] or (1,) * atoms.ndim
    return [atoms[tuple(slice(*bounds) for bounds in zip(params["start_indices"], params["limit_indices"], strides, strict=True))]]  # fmt: skip


VIEWS = {
    "broadcast_in_dim": _spread,
    "reshape": lambda params, atoms: [atoms.reshape(params["new_sizes"])],
    "transpose": lambda params, atoms: [atoms.transpose(params["permutation"])],
    "squeeze": lambda params, atoms: [atoms.squeeze(tuple(params["dimensions"]))],
    "slice": _slice,
    "concatenate": lambda params, *atoms: [np.concatenate(atoms, params["dimension"])],
    "stack": lambda params, *atoms: [np.stack(atoms, params["axis"])],
    "split": lambda params, atoms: np.split(atoms, np.cumsum(params["sizes"])[:-1], params["axis"]),
    "rev": lambda params, atoms: [np.flip(atoms, params["dimensions"])],
}
with_errors = np.errstate(all="ignore")
KNOWN = {
    "add": np.add, "add_any": np.add, "sub": np.subtract, "mul": np.multiply, "neg": np.negative, "max": np.maximum,
    "min": np.minimum, "abs": np.abs, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "eq": np.equal, "ne": np.not_equal, "select_n": lambda which, *cases: np.choose(which.astype(int), cases), "and": np.bitwise_and, "or": np.bitwise_or,
    "div": lambda a, b: a / b if a.dtype.kind == "f" else (np.sign(a) * np.sign(b) * (abs(a) // abs(b))),
    "is_finite": np.isfinite,
    "not": np.invert, "sqrt": np.sqrt,
}  # fmt: skip
def _iota(params):
    shape = params["shape"]
    line = np.arange(shape[params["dimension"]], dtype=params["dtype"])
    return np.broadcast_to(line.reshape([-1 if d == params["dimension"] else 1 for d in range(len(shape))]), shape)


KNOWN_WITH = {
    "iota": _iota,
    "convert_element_type": lambda params, a: a.astype(params["new_dtype"]),
    "integer_pow": lambda params, a: a ** params["y"],
    "reduce_or": lambda params, a: np.any(a, axis=params["axes"]),
    "reduce_and": lambda params, a: np.all(a, axis=params["axes"]),
    "reduce_sum": lambda params, a: np.sum(a, axis=params["axes"]),
}
MOVES = {
    "pad", "gather", "dynamic_slice", "dynamic_update_slice", "copy",
}  # fmt: skip
INDEXED = {"gather": 1, "dynamic_slice": 1, "dynamic_update_slice": 2}


def _moved(writer: Writer, step: Step, operands: list[Typed], avals: list[Any]) -> list[Typed]:
    """What only moves numbers is done once with their places for numbers."""
    movers = INDEXED.get(step.primitive.name, len(operands))
    if not all(operand.is_known for operand in operands[movers:]):
        return _looked_up(writer, step, operands, avals, movers)
    atoms, places = [], []
    for operand in operands[:movers]:
        places.append(np.arange(len(atoms), len(atoms) + operand.atoms.size, dtype=np.int32).reshape(operand.atoms.shape))
        atoms += list(operand.atoms.flat)
    results = step.primitive.bind(*places, *(operand.known() for operand in operands[movers:]), **step.params)
    table = np.empty(len(atoms), object)
    table[:] = atoms
    out = []
    for result, aval in zip(results if step.primitive.multiple_results else [results], avals, strict=True):
        taken = np.empty(aval.shape, object)
        for place, where in np.ndenumerate(np.asarray(result)):
            taken[place] = table[where]
        out.append(Typed(taken, aval.dtype))
    return out


def _looked_up(w: Writer, step: Step, operands, avals, movers):
    """Numbers at places that are computed: one index at a time decides where an output comes from."""
    if step.primitive.name != "gather":
        raise NotImplementedError(f"native: {step.primitive.name} at a place that is computed")
    source, index = operands
    ids = np.arange(source.atoms.size, dtype=np.int32).reshape(source.atoms.shape)
    top = max(source.atoms.shape)

    def taken(places):
        return np.asarray(step.primitive.bind(ids, places, **step.params))

    zero = np.zeros(index.atoms.shape, index.dtype)
    first = taken(zero)
    out = np.empty(avals[0].shape, object)
    (axis,) = step.params["dimension_numbers"].start_index_map
    size = source.atoms.shape[axis]
    buffer = stored(w, source, w.scope_of([*source.atoms.flat, *index.atoms.flat]))
    for where in np.ndindex(index.atoms.shape):
        moved = zero.copy()
        moved[where] = min(1, size - 1)
        other = taken(moved)
        atom = index.atoms[where]
        for place in np.argwhere(first != other) if size > 1 else np.ndindex(out.shape):
            place = tuple(place)
            stride = int(other[place]) - int(first[place])
            if is_known(atom):
                out[place] = source.atoms.flat[int(first[place]) + stride * int(atom)]
            else:
                text = f"{buffer}[{int(first[place])} + {stride}*{{0}}]"
                out[place] = w.value(source.dtype, text, atom, types=(index.dtype,))
    return [Typed(out, source.dtype)]


def stored(w: Writer, value: Typed, scope) -> str:
    """An array of C with these numbers, in that scope."""
    from circuitnn.native.atoms import TYPES

    name = w.fresh(value.dtype, scope, "a").text
    texts = ", ".join(w.text(atom, value.dtype) for atom in value.atoms.flat)
    scope.lines.append(f"{TYPES[value.dtype.name]} {name}[{value.atoms.size}] = {{{texts}}};")
    return name


def _read(name: str, shape, dtype, scope) -> Typed:
    atoms = np.empty(shape, object)
    for number, place in enumerate(np.ndindex(*shape)):
        atoms[place] = Name(f"{name}[{number}]", np.dtype(dtype), scope)
    return Typed(atoms, dtype)


def _lu(w: Writer, step: Step, operands, avals):
    (matrix,) = operands
    if matrix.atoms.ndim != 2:
        lead = matrix.atoms.shape[:-2]
        parts = [_lu(w, step, [Typed(matrix.atoms[place], matrix.dtype)], [
            jax.core.ShapedArray(aval.shape[len(lead):], aval.dtype) for aval in avals]) for place in np.ndindex(lead)]  # fmt: skip
        out = []
        for n, aval in enumerate(avals):
            atoms = np.empty(aval.shape, object)
            for place, part in zip(np.ndindex(lead), parts, strict=True):
                atoms[place] = part[n].atoms
            out.append(Typed(atoms, aval.dtype))
        return out
    n = matrix.atoms.shape[0]
    scope = w.scope_of(matrix.atoms.flat)
    name = stored(w, matrix, scope)
    pivots, order = (w.fresh(np.int32, scope, "p").text for _ in range(2))
    scope.lines.append(f"int32_t {pivots}[{n}], {order}[{n}];")
    scope.lines.append(f"cn_lu_{matrix.dtype.name}({n}, {name}, {pivots}, {order});")
    return [_read(name, (n, n), matrix.dtype, scope), _read(pivots, (n,), np.int32, scope), _read(order, (n,), np.int32, scope)]


def _argmax(sign):
    def rule(w: Writer, step: Step, operands, avals):
        (axis,) = step.params["axes"]
        moved = np.moveaxis(operands[0].atoms, axis, 0)
        kind, dtype = np.dtype(avals[0].dtype), operands[0].dtype
        out = np.empty(avals[0].shape, object)
        for place in np.ndindex(out.shape):
            best, index = moved[(0, *place)], kind.type(0)
            for n in range(1, moved.shape[0]):
                atom = moved[(n, *place)]
                if is_known(best) and is_known(atom):
                    more = np.bool_(atom > best if sign > 0 else atom < best)
                else:
                    more = w.value(np.bool_, "{0} > {1}" if sign > 0 else "{0} < {1}", atom, best, types=(dtype, dtype))
                index = _select(w, kind, [np.dtype(bool), kind, kind], {}, more, index, kind.type(n))
                best = _select(w, dtype, [np.dtype(bool), dtype, dtype], {}, more, best, atom)
            out[place] = index
        return [Typed(out, kind)]

    return rule


# ---- elementwise


def _is(atom: Atom, number: float) -> bool:
    return is_known(atom) and atom == number


def _add(w: Writer, dtype, types, params, a, b):
    if _is(a, 0):
        return b
    if _is(b, 0):
        return a
    return w.value(dtype, "{0} + {1}", a, b)


def _sub(w, dtype, types, params, a, b):
    if _is(b, 0):
        return a
    if _is(a, 0):
        return w.value(dtype, "-{0}", b)
    return w.value(dtype, "{0} - {1}", a, b)


def _mul(w, dtype, types, params, a, b):
    if _is(a, 0) or _is(b, 0):
        return dtype.type(0)
    if _is(a, 1):
        return b
    if _is(b, 1):
        return a
    if _is(a, -1):
        return w.value(dtype, "-{0}", b)
    if _is(b, -1):
        return w.value(dtype, "-{0}", a)
    return w.value(dtype, "{0}*{1}", a, b)


def _div(w, dtype, types, params, a, b):
    if _is(a, 0):
        return a
    if _is(b, 1):
        return a
    if dtype.kind == "f" and (is_known(b) or w.scope_of([b]).depth < w.scope_of([a, b]).depth):
        inverse = dtype.type(1 / b) if is_known(b) else w.value(dtype, "1/{0}", b)
        return _mul(w, dtype, types, params, a, inverse)
    return w.value(dtype, "{0}/{1}", a, b)


def _max(w, dtype, types, params, a, b):
    if is_known(a):
        a, b = b, a
    return w.value(dtype, "{0} < {1} ? {1} : {0}", a, b)


def _min(w, dtype, types, params, a, b):
    if is_known(a):
        a, b = b, a
    return w.value(dtype, "{0} > {1} ? {1} : {0}", a, b)


def _form(form):
    def rule(w, dtype, types, params, *atoms):
        return w.value(dtype, form, *atoms, types=tuple(types))

    return rule


def _f(name):
    def rule(w, dtype, types, params, *atoms):
        form = name + ("f" if dtype.itemsize == 4 else "") + "(" + ", ".join(f"{{{n}}}" for n in range(len(atoms))) + ")"
        return w.value(dtype, form, *atoms, types=tuple(types))

    return rule


def _integer_pow(w, dtype, types, params, a):
    power = params["y"]
    result, square, n = None, a, abs(power)
    while n:
        if n & 1:
            result = square if result is None else _mul(w, dtype, types, params, result, square)
        n >>= 1
        if n:
            square = _mul(w, dtype, types, params, square, square)
    if result is None:
        return dtype.type(1)
    return result if power > 0 else _div(w, dtype, types, params, dtype.type(1), result)


def _select(w, dtype, types, params, which, *cases):
    if is_known(which):
        return cases[int(which)]
    if all(case is cases[0] or (is_known(case) and is_known(cases[0]) and case == cases[0]) for case in cases):
        return cases[0]
    return w.value(dtype, "{0} ? {2} : {1}", which, *cases, types=tuple(types))


def _and(w, dtype, types, params, a, b):
    if dtype.kind == "b":
        for one, other in ((a, b), (b, a)):
            if is_known(one):
                return other if one else np.False_
    return w.value(dtype, "{0} & {1}", a, b)


def _or(w, dtype, types, params, a, b):
    if dtype.kind == "b":
        for one, other in ((a, b), (b, a)):
            if is_known(one):
                return np.True_ if one else other
    return w.value(dtype, "{0} | {1}", a, b)


def _not(w, dtype, types, params, a):
    return w.value(dtype, "!{0}" if dtype.kind == "b" else "~{0}", a)


def _convert(w, dtype, types, params, a):
    if types[0] == dtype:
        return a
    form = {"float64": "(double){0}", "float32": "(float){0}", "bool": "{0} != 0"}.get(dtype.name)
    from circuitnn.native.atoms import TYPES

    return w.value(dtype, form or f"({TYPES[dtype.name]}){{0}}", a, types=tuple(types))


def _bitcast(w, dtype, types, params, a):
    return w.value(dtype, f"cn_bits_{types[0].name}_{dtype.name}({{0}})", a, types=tuple(types))


def _round(w, dtype, types, params, a):
    name = "rint" if int(params["rounding_method"]) == 1 else "round"
    return _f(name)(w, dtype, types, params, a)


def _clamp(w, dtype, types, params, low, a, high):
    return _min(w, dtype, types, params, _max(w, dtype, types, params, a, low), high)


ELEMENTWISE = {
    "add": _add, "add_any": _add, "sub": _sub, "mul": _mul, "div": _div, "neg": _form("-{0}"), "max": _max, "min": _min,
    "abs": _f("fabs"), "exp": _f("exp"), "exp2": _f("exp2"), "expm1": _f("expm1"), "log": _f("log"), "log1p": _f("log1p"),
    "tanh": _f("tanh"), "sqrt": _f("sqrt"), "cbrt": _f("cbrt"), "pow": _f("pow"), "sin": _f("sin"), "cos": _f("cos"),
    "tan": _f("tan"), "atan2": _f("atan2"), "floor": _f("floor"), "ceil": _f("ceil"), "rem": _f("fmod"),
    "sinh": _f("sinh"), "cosh": _f("cosh"), "asin": _f("asin"), "acos": _f("acos"), "atan": _f("atan"),
    "logistic": _form("1/(1 + exp(-{0}))"), "rsqrt": _form("1/sqrt({0})"), "square": _form("{0}*{0}"),
    "sign": _form("({0} > 0) - ({0} < 0)"), "integer_pow": _integer_pow, "is_finite": _form("isfinite({0})"),
    "eq": _form("{0} == {1}"), "ne": _form("{0} != {1}"), "lt": _form("{0} < {1}"), "le": _form("{0} <= {1}"),
    "gt": _form("{0} > {1}"), "ge": _form("{0} >= {1}"), "and": _and, "or": _or, "not": _not, "xor": _form("{0} ^ {1}"),
    "shift_left": _form("{0} << {1}"), "shift_right_logical": _form("{0} >> {1}"),
    "shift_right_arithmetic": _form("{0} >> {1}"), "select_n": _select, "convert_element_type": _convert,
    "bitcast_convert_type": _bitcast, "round": _round, "clamp": _clamp,
}  # fmt: skip


# ---- products and reductions


def _dot(w: Writer, step: Step, operands, avals):
    (ca, cb), (ba, bb) = step.params["dimension_numbers"]
    a, b = (operand.atoms for operand in operands)
    dtype = np.dtype(avals[0].dtype)
    fa = [d for d in range(a.ndim) if d not in ca and d not in ba]
    fb = [d for d in range(b.ndim) if d not in cb and d not in bb]
    ta = a.transpose(*ba, *fa, *ca)
    tb = b.transpose(*bb, *fb, *cb)
    nb, nfa = len(ba), len(fa)
    out = np.empty(avals[0].shape, object)
    for place in np.ndindex(out.shape):
        left = ta[place[: nb + nfa]]
        right = tb[place[:nb] + place[nb + nfa :]]
        total = dtype.type(0)
        for x, y in zip(np.ravel(left), np.ravel(right), strict=True):
            total = _add_known(w, dtype, total, _mul_known(w, dtype, x, y))
        out[place] = total
    return [Typed(out, dtype)]


def _mul_known(w, dtype, a, b):
    return dtype.type(a * b) if is_known(a) and is_known(b) else _mul(w, dtype, None, None, a, b)


def _add_known(w, dtype, a, b):
    return dtype.type(a + b) if is_known(a) and is_known(b) else _add(w, dtype, None, None, a, b)


def _reduction(rule, known):
    def reduce(w, step, operands, avals):
        (operand,) = operands
        axes = step.params["axes"]
        moved = np.moveaxis(operand.atoms, axes, range(len(axes)))
        flat = moved.reshape(-1, *avals[0].shape) if moved.ndim > len(axes) else moved.reshape(-1)
        out = np.empty(avals[0].shape, object)
        dtype = np.dtype(avals[0].dtype)
        for place in np.ndindex(out.shape):
            total = None
            for index in range(flat.shape[0]):
                atom = flat[(index, *place)]
                if total is None:
                    total = atom
                elif is_known(total) and is_known(atom):
                    total = dtype.type(known(total, atom))
                else:
                    total = rule(w, dtype, [dtype, dtype], {}, total, atom)
            out[place] = total
        return [Typed(out, dtype)]

    return reduce


def _while(w: Writer, step: Step, operands, avals):
    cond, body = step.params["cond_jaxpr"], step.params["body_jaxpr"]
    nc, nb = step.params["cond_nconsts"], step.params["body_nconsts"]
    cond_consts, body_consts, start = operands[:nc], operands[nc : nc + nb], operands[nc + nb :]
    still = [body.jaxpr.outvars[n] is body.jaxpr.invars[nb + n] for n in range(len(start))]
    scope = w.scope_of([atom for operand in operands for atom in operand.atoms.flat])
    with w.at(scope):
        carry = []
        for operand, stays in zip(start, still, strict=True):
            if stays:
                carry.append(operand)
                continue
            atoms = np.empty(operand.atoms.shape, object)
            for place in np.ndindex(atoms.shape):
                atoms[place] = w.variable(operand.dtype, operand.atoms[place])
            carry.append(Typed(atoms, operand.dtype))
        with w.inside("for (;;)") as loop:
            inside = [operand if stays else _seen_in(operand, loop) for operand, stays in zip(carry, still, strict=True)]
            (goes_on,) = evaluated(w, cond, cond_consts + inside)
            w.here.lines.append(f"if (!{w.text(goes_on.atoms[()], goes_on.dtype)}) break;")
            results = evaluated(w, body, body_consts + inside)
            for operand, result, stays in zip(inside, results, still, strict=True):
                if not stays:
                    for place in np.ndindex(operand.atoms.shape):
                        if result.atoms[place] is not operand.atoms[place]:
                            _later(w, operand.atoms[place], result.atoms[place])
            _flush(w)
    return carry


def _seen_in(operand: Typed, scope) -> Typed:
    """The same names, seen as changing inside of that scope."""
    atoms = np.empty(operand.atoms.shape, object)
    for place, atom in np.ndenumerate(operand.atoms):
        atoms[place] = Name(atom.text, atom.dtype, scope)
    return Typed(atoms, operand.dtype)


_LATER: list[tuple[Any, Any]] = []


def _later(w, name, atom):
    _LATER.append((name, atom))


def _flush(w):
    """All at once: one whose new value is another that changes goes through a copy."""
    changing = {name.text for name, _ in _LATER}
    copied = []
    for name, atom in _LATER:
        if isinstance(atom, Name) and atom.text in changing:
            copy = w.fresh(name.dtype, w.here)
            from circuitnn.native.atoms import TYPES

            w.here.lines.append(f"const {TYPES[name.dtype.name]} {copy.text} = {atom.text};")
            atom = copy
        copied.append((name, atom))
    for name, atom in copied:
        w.assign(name, atom)
    _LATER.clear()


def _cond(w: Writer, step: Step, operands, avals):
    which, *rest = operands
    branches = step.params["branches"]
    atom = which.atoms[()]
    if is_known(atom):
        return evaluated(w, branches[int(np.clip(int(atom), 0, len(branches) - 1))], rest)
    scope = w.scope_of([atom for operand in operands for atom in operand.atoms.flat])
    with w.at(scope):
        out = []
        for aval in avals:
            atoms = np.empty(aval.shape, object)
            for place in np.ndindex(atoms.shape):
                atoms[place] = w.variable(aval.dtype, np.dtype(aval.dtype).type(0))
            out.append(Typed(atoms, aval.dtype))
        for number, branch in enumerate(branches):
            test = f"if ({atom.text} == {number})" if number < len(branches) - 1 else f"if ({atom.text} >= {number})"
            with w.inside(test, is_branch=True):
                for result, target in zip(evaluated(w, branch, rest), out, strict=True):
                    for place, name in np.ndenumerate(target.atoms):
                        w.assign(name, result.atoms[place])
    return out


def _scan(w: Writer, step: Step, operands, avals):
    """Unrolled."""
    length, nc, ncar = step.params["length"], step.params["num_consts"], step.params["num_carry"]
    consts, carry, xs = operands[:nc], operands[nc : nc + ncar], operands[nc + ncar :]
    order = range(length - 1, -1, -1) if step.params["reverse"] else range(length)
    ys: dict[int, list[Typed]] = {}
    for n in order:
        results = evaluated(w, step.params["jaxpr"], [*consts, *carry, *(Typed(_at(x.atoms, n), x.dtype) for x in xs)])
        carry, ys[n] = results[:ncar], results[ncar:]
    stacked = []
    for k, aval in enumerate(avals[ncar:]):
        atoms = np.empty(aval.shape, object)
        for n in range(length):
            atoms[n] = ys[n][k].atoms if ys[n][k].atoms.ndim else ys[n][k].atoms[()]
        stacked.append(Typed(atoms, aval.dtype))
    return [*carry, *stacked]


def _at(atoms, n):
    taken = atoms[n]
    if isinstance(taken, np.ndarray):
        return taken
    out = np.empty((), object)
    out[()] = taken
    return out


def _triangular(w, step, operands, avals):
    p = step.params
    a, b = operands[0].atoms, operands[1].atoms
    dtype = operands[0].dtype
    if a.ndim != 2:
        raise NotImplementedError("native: batched triangular_solve")
    if p["transpose_a"]:
        a = a.T
    lower = p["lower"] != p["transpose_a"]
    left = p["left_side"]
    if not left:
        a, b, lower = a.T, b.T, not lower
    n = a.shape[0]
    x = np.empty(b.shape, object)
    for col in range(b.shape[1]):
        for i in range(n) if lower else range(n - 1, -1, -1):
            total = b[i, col]
            for j in range(i) if lower else range(i + 1, n):
                term = _mul_known(w, dtype, a[i, j], x[j, col])
                total = dtype.type(total - term) if is_known(total) and is_known(term) else _sub(w, dtype, None, None, total, term)
            if not p["unit_diagonal"]:
                if is_known(total) and is_known(a[i, i]):
                    total = dtype.type(total / a[i, i])
                else:
                    total = _div(w, dtype, None, None, total, a[i, i])
            x[i, col] = total
    return [Typed(x if left else x.T, dtype)]


RULES = {
    "lu": _lu, "argmax": _argmax(1), "argmin": _argmax(-1),
    "dot_general": _dot, "while": _while, "cond": _cond, "scan": _scan, "triangular_solve": _triangular,
    "reduce_sum": _reduction(_add, lambda a, b: a + b), "reduce_max": _reduction(_max, max),
    "reduce_min": _reduction(_min, min), "reduce_and": _reduction(_and, lambda a, b: a and b),
    "reduce_or": _reduction(_or, lambda a, b: a or b), "reduce_prod": _reduction(_mul, lambda a, b: a * b),
}  # fmt: skip


def evaluated(w: Writer, closed: Any, arguments: list[Typed]) -> list[Typed]:
    """The results of a program inside of another."""
    flat, places, results = flattened(closed)
    values = dict(zip(places, arguments, strict=True))
    run(w, flat, values)
    return [values[r] if isinstance(r, Place) else typed(r) for r in results]
