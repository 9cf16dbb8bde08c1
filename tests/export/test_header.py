"""Exported headers as files: what compilers, other programs and strangers' words do to them."""

import re
import subprocess
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn import circuits, export, read_netlist, run
from circuitnn.hybrid import Gain
from circuitnn.nodal import NodalModel
from circuitnn.recurrent import GRU, LSTM
from tests.export.models import Swept
from tests.export.playing import CC, CXX, STRICT, Played
from tests.export.test_words import HOSTILE

FS = 48_000
ROOT = Path(__file__).parents[2]
X = 0.5 * np.random.default_rng(0).standard_normal(600)
TONE = """* {title}
.param {knob}=0.5
Vin in 0 DC 0 AC 1
R1 in out {{1k+9k*{knob}}}
C1 out 0 22n
.end
"""
compiler = pytest.mark.skipif(CC is None, reason="there is no C compiler")


def gru(**options):
    return GRU(3, rngs=nnx.Rngs(0), **options)


def compiled(*words):
    done = subprocess.run([*words, "-c", "-o", "/dev/null"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]


def with_main(folder, *headers, more=""):
    """A file that includes headers, some of them twice."""
    lines = [f'#include "{path.name}"' for path in (*headers, *headers)]
    path = folder / "all.c"
    path.write_text("\n".join([*lines, more, "int main(void) { return 0; }\n"]))
    return path


def code_of(text):
    """Without comments and texts in quotes."""
    return re.sub(r'"[^"\n]*"', "", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))


@compiler
@pytest.mark.parametrize(
    "build",
    [
        lambda: Swept(),
        pytest.param(lambda: gru(controls=("gain",)), marks=pytest.mark.slow),
        pytest.param(lambda: LSTM(2, rngs=nnx.Rngs(0)), marks=pytest.mark.slow),
        pytest.param(lambda: NodalModel(circuits.diode_clipper(), FS), marks=pytest.mark.slow),
        pytest.param(lambda: NodalModel(circuits.bassman(), FS, dtype=np.float64), marks=pytest.mark.slow),
    ],
    ids=["own", "conditioned network", "LSTM", "clipper", "tone stack"],
)
def test_c_and_c_plus_plus_have_nothing_to_say(build, tmp_path):
    header = export.c(build(), tmp_path / "pedal.h", main=True)
    for flags in (("-O0",), ("-O3", "-ffast-math")):
        compiled(CC, *STRICT, *flags, str(tmp_path / "pedal_main.c"))
    if CXX is not None:
        compiled(CXX, "-std=c++17", *STRICT[1:], "-x", "c++", str(with_main(tmp_path, header)))


@compiler
def test_it_needs_nothing_but_mathematics(tmp_path):
    """No memory, no files, no locks: what an object asks others for are functions of numbers, and of bytes."""
    header = export.c(gru(controls=("gain",), dtype=np.float64), tmp_path / "pedal.h")
    more = "void f(pedal_player *p, double *x) { pedal_start(p); pedal_set_knob(p, 0, 1); pedal_play(p, x, x, 64); }"
    source, target = with_main(tmp_path, header, more=more), tmp_path / "all.o"
    subprocess.run([CC, "-std=c99", "-O1", "-c", str(source), "-o", str(target)], check=True)
    names = subprocess.run(["nm", "-u", str(target)], capture_output=True, text=True, check=False)
    if names.returncode:
        pytest.skip("there is no nm")
    wanted = set(re.findall(r"U _?(\w+)", names.stdout)) - {"GLOBAL_OFFSET_TABLE_"}
    harmless = (
        r"(mem(cpy|set|move)|_*stack_chk_fail|(exp|exp2|expm1|log|log1p|log2|pow|tanh|sinh|cosh|fabs|floor|sqrt)f?)"
    )
    assert not [name for name in wanted if not re.fullmatch(harmless, name)]


@compiler
def test_two_models_in_one_file(tmp_path):
    drive = export.c(gru(controls=("gain",), dtype=np.float64), tmp_path / "drive.h", check=False)
    tone = export.c(Swept(), tmp_path / "tone.h", smoothing="crossfade", check=False)
    compiled(CC, *STRICT, str(with_main(tmp_path, drive, tone)))


@compiler
@pytest.mark.parametrize("text", [text for text in HOSTILE if "\0" not in text])
def test_names_of_strangers_stay_words(text, tmp_path):
    """As names of the model and of knobs, and whatever else a model may be told to be."""
    model = Swept({text: 0.5, text + "x": 0.2, "a": 2.0})
    header = export.c(model, tmp_path / "pedal.h", name=text, main=True, check=False)
    words = header.read_text(encoding="ascii")
    assert len(words) < 30_000
    assert words.count("/*") == words.count("*/")
    compiled(CC, *STRICT, str(tmp_path / "pedal_main.c"))
    assert "system(" not in code_of(words)


@compiler
@pytest.mark.slow
def test_titles_of_netlists_stay_words(tmp_path):
    for text in ('*/ system("x"); /*', "??/ */ int x = *\\/;", "é*/☃ \\", "x" * 10_000):
        circuit = read_netlist(TONE.format(title=text, knob="int"))
        header = export.c(NodalModel(circuit, FS), tmp_path / "int.h", main=True, check=False)
        compiled(CC, *STRICT, "-O0", str(tmp_path / "int_main.c"))
        assert "system" not in code_of(header.read_text(encoding="ascii"))


@compiler
@pytest.mark.parametrize(
    ("dtype", "real", "limit"),
    [pytest.param("float32", "double", 1e-12, marks=pytest.mark.slow), ("float64", "float", 1e-5)],
)
def test_another_precision_is_the_same_model(dtype, real, limit, tmp_path):
    """A saved network of single precision in double, and the other way round: with the numbers that it has."""
    model = cn.chain(gru(controls=("gain",), dtype=np.dtype(dtype)), Gain(0.7, dtype=np.dtype(dtype)))
    header = export.c(model, tmp_path / "pedal.h", real=real)
    twin = cn.chain(gru(controls=("gain",), dtype=np.float64), Gain(0.0, dtype=np.float64))
    cast = {"0": model[0], "1": model[1]}
    for index, part in cast.items():
        numbers = nnx.to_pure_dict(nnx.state(part))
        nnx.update(twin[int(index)], _doubled(numbers))
    wanted = np.asarray(run(twin, X[:, None])[1])
    single = gru(controls=("gain",), dtype=np.float32) if real == "float" else twin
    pedal = Played(header, "pedal", single)
    np.testing.assert_allclose(pedal.play(X), wanted, rtol=0, atol=limit * np.abs(wanted).max())


def _doubled(numbers):
    if isinstance(numbers, dict):
        return {name: _doubled(value) for name, value in numbers.items()}
    return jnp.asarray(numbers, jnp.float64)


def test_another_rate_is_stated(tmp_path):
    header = export.c(Gain(2.0), tmp_path / "a.h", check=False)
    assert "#define A_FS 0.0 /* not stated */" in header.read_text()
    filtered = cn.filters.CoupledForm(2, fs=FS, dtype=np.float64)
    assert "#define B_FS 44100.0" in export.c(filtered, tmp_path / "b.h", fs=44_100, check=False).read_text()


def test_what_cannot_be_is_one_clear_error_and_leaves_no_file(tmp_path):
    wrong = [
        ({"frame": 0}, ValueError, "frame must be a whole number of samples from 1 to 65536, got 0"),
        ({"frame": 1.5}, ValueError, "got 1.5"),
        ({"frame": True}, ValueError, "got True"),
        ({"real": "half"}, ValueError, "real: float or double, not 'half'"),
        ({"smoothing": "jump"}, ValueError, "not 'jump'"),
        ({"fs": -1}, ValueError, "positive number of hertz"),
        ({"real": "float"}, ValueError, "cannot be built anew in float32"),
    ]
    for options, error, says in wrong:
        with pytest.raises(error, match=re.escape(says)):
            export.c(Swept(), tmp_path / "pedal.h", **options)
    with pytest.raises(TypeError, match=r"cn\.nodal\.NodalModel"):
        export.c(circuits.bassman(), tmp_path / "pedal.h")
    with pytest.raises(ValueError, match="can stand in an #include"):
        export.c(Swept(), tmp_path / 'we"ird.h', main=True, check=False)
    assert not list(tmp_path.iterdir())


def test_a_header_is_replaced_whole_and_is_the_same_each_time(tmp_path):
    path = tmp_path / "folder" / "pedal.h"
    first = export.c(Swept(), path, check=False).read_bytes()
    assert export.c(Swept(), path, check=False).read_bytes() == first
    assert [entry.name for entry in path.parent.iterdir()] == ["pedal.h"]


def test_the_page_names_what_is_in_a_header(tmp_path):
    page = (ROOT / "docs" / "export.md").read_text()
    told = set(re.findall(r"\b(?:drive_(?!main)[a-z_]+|DRIVE_[A-Z_]+)\b", page))
    text = export.c(gru(controls=("drive",), fs=FS), tmp_path / "drive.h").read_text()
    assert {"drive_start", "drive_rest", "drive_set_knob", "drive_play", "DRIVE_LATENCY", "DRIVE_KNOB_DRIVE"} <= told
    assert not {name for name in told if not re.search(rf"\b{name}\b", text)}
    assert "#define DRIVE_FS 0.0" in export.c(gru(controls=("drive",)), tmp_path / "any.h", name="drive").read_text()
