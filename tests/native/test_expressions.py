import pytest

from circuitnn.native.expressions import LanesError, Names, parsed, typed


def written(text, wanted="double"):
    kinds = {
        "a": "double",
        "b": "double",
        "f": "float",
        "k": "int32_t",
        "m": "int",
        "p": "double*",
        "i": "index",
        "T": "table",
    }
    names = Names(kinds, "model_", frozenset({"exp"}), 8)
    names.wanted = wanted
    return names.converted(typed(parsed(text), names), wanted)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + 2.0*b", "(a + (splat_double(2.0) * b))"),
        ("a - b - 1.0", "((a - b) - splat_double(1.0))"),
        ("m ? 1.0 : 0.0", "select_double(m, splat_double(1.0), splat_double(0.0))"),
        ("a < b ? b : a", "select_double(lanes_mask_double(a < b), b, a)"),
        ("p[3 + 2*i]", "p[(3 + (2 * i))]"),
        ("p[T[i]]", "p[T[i]]"),
        ("*(p + 3)", "(*(p + 3))"),
        ("model_exp(a)", "model_exp_8(a)"),
        ("1e-9", "splat_double(1e-9)"),
        ("(double)k", "__builtin_convertvector(k, lanes_double)"),
    ],
)
def test_numbers_become_vectors(text, expected):
    assert written(text) == expected


def test_truths_become_masks():
    assert written("!m & a < b", "int") == "((~m) & lanes_mask_double(a < b))"
    assert written("(int32_t)m", "int32_t") == "(-__builtin_convertvector(m, lanes_int32_t))"
    assert (
        written("k > 0 | f != 1.0f", "int")
        == "(lanes_mask_int32_t(k > splat_int32_t(0)) | lanes_mask_float(f != splat_float(1.0f)))"
    )


@pytest.mark.parametrize(
    "text", ["p[k]", "a + f", "nobody", "a +", "a b", "p + k", "a ? b", "exp()", "a; system(b)", '"a"']
)
def test_what_has_no_form_is_refused(text):
    with pytest.raises(LanesError):
        written(text)
