"""Elementary functions in C against extended precision: every flavour, both types, as an old compiler would do it."""

import ctypes
import math
import platform
import shutil
import subprocess

import numpy as np
import pytest
import scipy.special

from circuitnn.native.mathematics import ERRORS, definitions, function_name

COMPILER = shutil.which("gcc") or shutil.which("clang") or shutil.which("cc")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")
TYPES = {"float": np.float32, "double": np.float64}
LANES = (0, 1, 4)
NAMES = sorted(ERRORS)
HEAD = "#include <math.h>\n#include <stdint.h>\n"
LOOP = "void {name}_{lanes}({real} *x, long n) {{ for (long i = 0; i < n; i++) x[i] = {function}(x[i]); }}\n"
VECTORS = (
    "void {name}_{lanes}({real} *x, long n) {{ for (long i = 0; i < n; i += {lanes}) {{ cn_{real}{lanes} v; "
    "for (int j = 0; j < {lanes}; j++) v[j] = x[i + j]; v = {function}(v); "
    "for (int j = 0; j < {lanes}; j++) x[i + j] = v[j]; }} }}\n"
)


def compiled(folder, text, *flags):
    source, compiled_text, library = (folder / f"functions{ending}" for ending in (".c", ".o", ".so"))
    source.write_text(HEAD + text)
    strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-psabi", "-Wno-unused-function"]
    subprocess.run([COMPILER, *strict, *flags, "-fPIC", "-c", source, "-o", compiled_text], check=True)
    # Without the flags: -ffast-math would have subnormal numbers be zero in the whole process.
    subprocess.run([COMPILER, "-shared", compiled_text, "-o", library, "-lm"], check=True)
    return ctypes.CDLL(str(library))


@pytest.fixture(scope="session", params=["float", "double"])
def real(request):
    return request.param


@pytest.fixture(scope="session")
def functions(real, tmp_path_factory):
    """From name, lanes and arguments to results."""
    text = "".join(definitions(NAMES, real, lanes=lanes) for lanes in LANES)
    for lanes in LANES:
        form = VECTORS if lanes > 1 else LOOP
        text += "".join(
            form.format(name=name, real=real, lanes=lanes, function=function_name(name, real, lanes=lanes))
            for name in NAMES
        )
    library = compiled(tmp_path_factory.mktemp(real), text, "-O1")

    def call(name, lanes, x):
        x = np.asarray(x, TYPES[real])
        out = np.append(x, np.zeros(-len(x) % 4, x.dtype))
        library[f"{name}_{lanes}"](out.ctypes.data_as(ctypes.c_void_p), ctypes.c_long(len(out)))
        return out[: len(x)]

    return call


@pytest.fixture(autouse=True)
def _limits_are_tried():
    with np.errstate(all="ignore"):
        yield


def omega(x):
    """Newton's method, on the left for the logarithm's own argument."""
    w = scipy.special.wrightomega(np.asarray(x, float)).astype(x.dtype)
    for _ in range(3):
        right, left = (w + np.log(w) - x) / (1 + w), (1 - np.exp(x - w) / w) / (1 + w)
        step = np.where(x > 0, right, left)
        w = w - np.where(np.isfinite(step), w * step, 0)
    return w


TRUTH = {
    name: getattr(np, name) for name in ("cos", "cosh", "exp", "expm1", "log", "log1p", "sin", "sinh", "sqrt", "tanh")
} | {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "omega": omega,
}


def arguments(name, kind):
    """All sizes, and densely where something happens."""
    rng, info = np.random.default_rng(0), np.finfo(kind)
    top = {"exp": 1.01 * math.log(info.max), "sin": 1e5, "cos": 1e5}.get(name, 0.99 * math.log(info.max))
    exponents = rng.uniform(
        info.minexp, min(info.maxexp - 1, math.log2(top) if name in ("sin", "cos") else 1e9), 20_000
    )
    parts = [rng.uniform(-top, top, 20_000), rng.uniform(-40, 40, 20_000), rng.uniform(-4, 4, 40_000)]
    parts += [np.exp2(exponents) * np.where(rng.random(20_000) < 0.5, -1, 1), 1 + rng.uniform(-0.1, 0.1, 20_000)]
    if name in ("sin", "cos"):
        parts.append(np.arange(-60_000, 60_000, 7) * (math.pi / 2))
    x = np.concatenate(parts).astype(kind)
    return np.abs(x) if name in ("log", "sqrt") else np.maximum(x, kind(-1)) if name == "log1p" else x


@pytest.mark.parametrize("name", NAMES)
def test_results_are_within_the_stated_units_of_rounding(functions, real, name):
    kind = TYPES[real]
    x, info = arguments(name, kind), np.finfo(kind)
    wide = np.float64 if real == "float" else np.longdouble
    truth = TRUTH[name](x.astype(wide))
    unit = np.exp2(np.floor(np.log2(np.abs(truth)))) * info.eps
    is_plain = (np.abs(truth) > 4 * info.tiny) & (np.abs(truth) < info.max)
    # Where extended precision is no wider, the truth is off as well.
    slack = 0.001 if np.finfo(wide).eps < info.eps / 100 else 1.0
    for lanes in LANES:
        result = functions(name, lanes, x)
        error = np.abs((result.astype(wide) - truth) / unit)[is_plain]
        assert is_plain.sum() > 50_000
        assert error.max() < ERRORS[name][real] + slack, f"{lanes}: {error.max()} at {x[is_plain][error.argmax()]!r}"
        is_small = np.abs(truth) <= 4 * info.tiny
        assert (np.abs(result[is_small]) <= 4.01 * info.tiny).all()


@pytest.mark.parametrize("name", NAMES)
def test_signs_infinities_and_nan_are_as_in_ieee_754(functions, real, name):
    kind = TYPES[real]
    largest = np.finfo(kind).max
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, largest, -largest, 1e-30, -1e-30], kind)
    if name == "omega":
        truth = scipy.special.wrightomega(x.astype(float)).astype(kind)
    elif name == "sigmoid":
        truth = np.array([0.5, 0.5, 1, 0, np.nan, 1, 0, 0.5, 0.5], kind)
    else:
        truth = getattr(np, name)(x)
    if name in ("sin", "cos"):  # more than a loop's arithmetic can do: said, not wrong
        truth[5:7] = np.nan
    for lanes in LANES:
        result = functions(name, lanes, x)
        np.testing.assert_allclose(result, truth, rtol=4 * np.finfo(kind).eps)
        is_number = ~np.isnan(truth)
        np.testing.assert_array_equal(np.signbit(result)[is_number], np.signbit(truth)[is_number])


def test_exponentials_overflow_where_the_largest_number_is(functions, real):
    kind = TYPES[real]
    last = kind(np.log(np.longdouble(np.finfo(kind).max)))
    while not np.isfinite(np.exp(last.astype(np.longdouble)).astype(kind)):
        last = np.nextafter(last, kind(0))
    while np.isfinite(np.exp(np.nextafter(last, kind(np.inf)).astype(np.longdouble)).astype(kind)):
        last = np.nextafter(last, kind(np.inf))
    for name in ("exp", "expm1"):
        for lanes in LANES:
            below, above = functions(name, lanes, [last, np.nextafter(last, kind(np.inf)) + kind(1e-4)])
            assert np.isfinite(below)
            assert above == np.inf


def test_powers_in_loops_and_lanes(real, tmp_path):
    text = ""
    for lanes in LANES[1:]:
        name, number = function_name("pow", real, lanes=lanes), f"cn_{real}{lanes}" if lanes > 1 else real
        text += definitions({"pow"}, real, lanes=lanes) + f"void pow_{lanes}({number} *x, const {number} *y, long n) "
        text += f"{{ for (long i = 0; i < n; i++) x[i] = {name}(x[i], y[i]); }}\n"
    library, rng, kind = compiled(tmp_path, text, "-O1"), np.random.default_rng(1), TYPES[real]
    x = np.concatenate([np.exp(rng.uniform(-20, 20, 4000)), rng.uniform(-9, 9, 4000), [0, 0, 0, 1, -0.5, np.nan] * 4])
    y = np.concatenate([rng.uniform(-4, 4, 4000), rng.integers(-9, 9, 4000), [0, 2, -3, 99, 0.5, 0] * 4])
    x, y = x.astype(kind), y.astype(kind)
    truth = np.power(x.astype(np.longdouble), y.astype(np.longdouble))
    bound = (2 + 2 * np.nan_to_num(np.abs(y * np.log(np.abs(x))))) * np.finfo(kind).eps * np.abs(truth)
    for lanes in LANES[1:]:
        out = np.zeros(len(x) + 16, kind)  # vectors begin where their size says
        start = -out.ctypes.data % 64 // out.itemsize
        first, second = out[start:][: len(x)], np.zeros(len(x) + 16, kind)
        second = second[-second.ctypes.data % 64 // out.itemsize :][: len(x)]
        first[:], second[:] = x, y
        pointers = (each.ctypes.data_as(ctypes.c_void_p) for each in (first, second))
        library[f"pow_{lanes}"](*pointers, ctypes.c_long(len(x) // lanes))
        is_plain = np.isfinite(truth) & (np.abs(truth) > 0)
        assert np.all(np.abs(first - truth)[is_plain] <= bound[is_plain])
        np.testing.assert_array_equal(first[~is_plain], truth[~is_plain].astype(kind))


def test_one_double_alone_is_right_down_to_the_smallest(functions, real):
    if real == "float":
        pytest.skip("float has no tables")
    x = np.linspace(-745, -708, 1001)
    truth = np.exp(x.astype(np.longdouble))
    assert np.all(np.abs(functions("exp", 0, x) - truth) <= 5e-324)
    small = np.ldexp(np.linspace(1, 2, 101), -1060)
    np.testing.assert_allclose(functions("log", 0, small), np.log(small), rtol=1e-15)


def test_results_are_the_same_with_fused_multiply_adds(functions, real, tmp_path):
    if platform.machine() != "x86_64":
        pytest.skip("flags of x86")
    text = definitions(NAMES, real)
    text += "".join(LOOP.format(name=n, real=real, lanes=0, function=function_name(n, real)) for n in NAMES)
    library = compiled(tmp_path, text, "-O1", "-march=native", "-ffp-contract=fast")
    for name in NAMES:
        x = arguments(name, TYPES[real])[::7]
        out = x.copy()
        library[f"{name}_0"](out.ctypes.data_as(ctypes.c_void_p), ctypes.c_long(len(out)))
        plain, info = functions(name, 0, x), np.finfo(x.dtype)
        np.testing.assert_allclose(out, plain, rtol=(2 * ERRORS[name][real] + 1) * info.eps, atol=4.01 * info.tiny)


def test_sums_in_another_order_cost_places_and_no_more(functions, real, tmp_path):
    text = definitions(NAMES, real)
    text += "".join(LOOP.format(name=n, real=real, lanes=0, function=function_name(n, real)) for n in NAMES)
    library, kind = compiled(tmp_path, text, "-O1", "-ffast-math"), TYPES[real]
    for name in NAMES:
        x = np.random.default_rng(2).uniform(-30, 30, 4000).astype(kind)
        x = np.abs(x) if name in ("log", "log1p", "sqrt") else x
        out = x.copy()
        library[f"{name}_0"](out.ctypes.data_as(ctypes.c_void_p), ctypes.c_long(len(out)))
        eps = np.finfo(kind).eps
        np.testing.assert_allclose(out, functions(name, 0, x), rtol=100 * eps, atol=60 * eps)


def test_gcc_makes_vectors_of_loops_that_call_them(real, tmp_path):
    gcc = shutil.which("gcc")
    if gcc is None or platform.machine() != "x86_64" or platform.system() != "Linux":
        pytest.skip("there is no gcc for x86")
    text = HEAD + definitions(NAMES, real, lanes=1)
    names = [name for name in NAMES if name != "sqrt"]
    text += "".join(LOOP.format(name=n, real=real, lanes=1, function=function_name(n, real, lanes=1)) for n in names)
    (tmp_path / "loops.c").write_text(text)
    flags = ["-std=c99", "-O3", "-mavx2", "-mfma", "-fopt-info-vec-optimized"]
    command = [gcc, *flags, "-c", tmp_path / "loops.c", "-o", tmp_path / "loops.o"]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    assert len({line.split(":")[1] for line in report.splitlines() if "loop vectorized" in line}) == len(names)


def test_a_text_carries_what_it_uses_and_no_more():
    text = definitions({"log"}, "double", lanes=1)
    assert "cn_log_1(" in text
    assert "exp" not in text
    assert definitions(set(), "float", lanes=4) == ""
    assert definitions(["tanh", "exp"], "float") == definitions(["exp", "tanh"], "float")
    with pytest.raises(KeyError, match="no C for a function 'gamma': there are cos, cosh, exp"):
        definitions({"gamma"})


def test_two_texts_stand_in_one_file(tmp_path):
    texts = [definitions(NAMES, "double", lanes=lanes, prefix=p) for p in ("first_", "second_") for lanes in LANES]
    compiled(tmp_path, "".join(texts), "-O0")
