"""What makes a computation what it is, as a SHA-256: of arrays, and of functions by the program that JAX traces.

A traced program holds the body of a function with all that it closes over: the rates of an optimiser, which optax keeps
in closures, the weights of a loss, the equations of a model. Names, comments and addresses are not in it.
"""

import functools
import hashlib
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, final

import jax
import numpy as np
from jax.extend import core

from circuitnn.train.on_disk import PIECE, OnDisk

_MOST_NUMBERS = 200


@final
class Fingerprint(NamedTuple):
    """Of a program.

    Attributes:
        sha256: of all of it, in hexadecimal digits.
        numbers: magnitudes of the scalars in it, ascending: what a difference can be told by.
    """

    sha256: str
    numbers: tuple[float, ...] = ()


def of_arrays(arrays: Iterable[Any]) -> str:
    """Values, shapes and types of arrays; None stands for one that is missing."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            digest.update(b"none")
            continue
        array = array if isinstance(array, OnDisk) else plain(array)
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        for piece in _pieces(array):
            digest.update(np.ascontiguousarray(piece).tobytes())
    return digest.hexdigest()


def _pieces(array: Any) -> Iterator[np.ndarray]:
    """One after the other: a recording that stays on disk need not be in memory as a whole."""
    if array.ndim < 2:
        yield array
        return
    for index in range(len(array)):
        for start in range(0, array.shape[1], PIECE):
            yield array[index, start : start + PIECE]


def of_program(traced: core.ClosedJaxpr) -> Fingerprint:
    """Of a traced program, with the constants in it."""
    reader = _Reader()
    sha256 = reader.value(traced).hex()
    return Fingerprint(sha256, tuple(sorted(reader.numbers)[:_MOST_NUMBERS]))


def is_key(array: Any) -> bool:
    """Whether it is a key of `jax.random` with a type of its own."""
    return hasattr(array, "dtype") and jax.dtypes.issubdtype(array.dtype, jax.dtypes.prng_key)


def plain(array: Any) -> np.ndarray:
    """As NumPy has it; of the keys of `jax.random` their numbers."""
    if is_key(array):
        array = jax.random.key_data(array)
    return np.asarray(array)


@final
class _Reader:
    """Goes through a program once; parts that occur several times are read once."""

    def __init__(self) -> None:
        self.numbers: list[float] = []
        self._read: dict[int, bytes] = {}

    def value(self, value: Any) -> bytes:
        """Digest of whatever stands in a program."""
        match value:
            case core.ClosedJaxpr():
                return _joined(self._jaxpr(value.jaxpr), *map(self.value, value.consts))
            case core.Jaxpr():
                return self._jaxpr(value)
            case None | bool() | int() | float() | complex() | str() | bytes() | np.dtype():
                return _joined(type(value).__name__.encode(), repr(value).encode())
            case tuple() | list():
                return _joined(b"sequence", *map(self.value, value))
            case Mapping():
                return _joined(b"mapping", *sorted(self.value(pair) for pair in value.items()))
            case set() | frozenset():
                return _joined(b"set", *sorted(map(self.value, value)))
        if hasattr(value, "dtype") and hasattr(value, "shape"):
            return self._array(value)
        if hasattr(value, "callback_func"):
            return self._function(value.callback_func)
        if callable(value):  # rules of derivatives and the like: where they are used they are part of the program
            return getattr(value, "__qualname__", type(value).__qualname__).encode()
        return _joined(type(value).__qualname__.encode(), re.sub(r" at 0x[0-9a-f]+", "", repr(value)).encode())

    def _array(self, value: Any) -> bytes:
        array = plain(value)
        if array.ndim == 0 and array.dtype.kind == "f":
            self.numbers.append(abs(float(array)))
        return of_arrays([array]).encode()

    def _jaxpr(self, jaxpr: core.Jaxpr) -> bytes:
        if id(jaxpr) not in self._read:
            self._read[id(jaxpr)] = self._equations(jaxpr)
        return self._read[id(jaxpr)]

    def _equations(self, jaxpr: core.Jaxpr) -> bytes:
        numbered: dict[Any, int] = {}

        def defined(variable: Any) -> bytes:
            numbered[variable] = len(numbered)
            return str(variable.aval).encode()

        def used(atom: Any) -> bytes:
            if isinstance(atom, core.Literal):
                return _joined(str(atom.aval).encode(), self._array(np.asarray(atom.val)))
            return str(numbered[atom]).encode()

        parts = [defined(variable) for variable in (*jaxpr.constvars, *jaxpr.invars)]
        for equation in jaxpr.eqns:
            parts.append(equation.primitive.name.encode())
            parts += map(used, equation.invars)
            parts += (
                _joined(name.encode(), self.value(equation.params[name]))
                for name in sorted(equation.params)
                if name != "name"  # of a function, which may be renamed
            )
            parts += map(defined, equation.outvars)
        return _joined(*parts, *map(used, jaxpr.outvars))

    def _function(self, function: Any) -> bytes:
        """Of Python code that a program calls back; anything else that it closes over by its value."""
        if isinstance(function, functools.partial):
            return _joined(*map(self._function, (function.func, *function.args, *function.keywords.items())))
        if not isinstance(function, types.FunctionType):
            return self.value(function)
        if id(function) not in self._read:
            self._read[id(function)] = b"itself"
            closed_over = [cell.cell_contents for cell in function.__closure__ or ()] + [*(function.__defaults__ or ())]
            self._read[id(function)] = _joined(self._code(function.__code__), *map(self._function, closed_over))
        return self._read[id(function)]

    def _code(self, code: types.CodeType) -> bytes:
        constants = (
            self._code(part) if isinstance(part, types.CodeType) else self.value(part) for part in code.co_consts
        )
        return _joined(code.co_code, " ".join(code.co_names).encode(), *constants)


def _joined(*parts: bytes) -> bytes:
    """One digest of several, whose borders count."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.digest()
