"""Programs compiled and played, for tests: without the library's own way to a compiler."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

TYPES = {"double": ctypes.c_double, "float": ctypes.c_float, "int32_t": ctypes.c_int32, "int64_t": ctypes.c_int64}
TYPES |= {"uint8_t": ctypes.c_uint8, "uint32_t": ctypes.c_uint32, "int": ctypes.c_int, "int8_t": ctypes.c_int8}
STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror")


def compiler():
    path = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if path is None:
        pytest.skip("there is no C compiler")
    return path


def compiled(text, folder, *flags):
    """A library made of a text."""
    source, library = folder / "programs.c", folder / "programs.so"
    source.write_text(text, encoding="ascii")
    command = [compiler(), *STRICT, "-O1", *flags, "-fPIC", "-shared", "-o", str(library), str(source), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[:2000]
    return ctypes.CDLL(str(library))


def play(library, program, x, knobs=()):
    """The output of a program for x (time, in_features), from its own rest; and its state after that."""

    class State(ctypes.Structure):
        _fields_ = [(leaf.name, TYPES[leaf.ctype] * leaf.size) for leaf in program.state if leaf.size] or [
            ("nothing", ctypes.c_char)
        ]

    real = np.float64 if program.real == "double" else np.float32
    state, prepared = State(), np.zeros(8 + sum(member.size for member in program.prepared))
    x, knobs = np.ascontiguousarray(x, real), np.asarray([*knobs, 0], real)
    y = np.zeros((len(x), program.out_features), real)

    def call(name, *arguments):
        places = [ctypes.byref(a) if isinstance(a, State) else a.ctypes.data_as(ctypes.c_void_p) for a in arguments]
        return getattr(library, f"{program.name}_{name}"), places

    for name, arguments in (("init", (state, knobs)), ("prepare", (prepared, state, knobs))):
        function, places = call(name, *arguments)
        function(*places)
    function, places = call("process", state, prepared, x, y)
    function(*places, ctypes.c_int32(len(x)))
    return y, state
