"""PWL sources in the words of several programs, against the interpolation of their points."""

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.tree import Time, evaluate

pytestmark = pytest.mark.filterwarnings("ignore::circuitnn.expressions.errors.NetlistWarning")
TIMES = np.linspace(0.0, 9e-3, 181)[:-1] + 1e-5  # beside the points


def circuit_with(wave: str, **options):
    return cn.read_netlist(f"* p\nVin in 0 0\nV2 a 0 {wave}\nR1 in out 1k\nR2 out a {{k*1k}}\n.param k=1\n", **options)


def triangle(times):
    return np.interp(times, [0, 1e-3, 2e-3], [0, 1, 0])


@pytest.mark.parametrize(
    ("wave", "expected"),
    [
        ("PWL(0 0 +1m 1 +1m 0)", triangle(TIMES)),
        ("PWL(0 0 1m 1 2m 0) r=0", triangle(TIMES % 2e-3)),
        ("PWL(0 0 1m k 2m 0 r=0 td=3m)", triangle(np.maximum(TIMES - 3e-3, 0) % 2e-3)),
        ("PWL(0 1 3m 0 4m 1 5m 0) r=3m", np.where(TIMES < 3e-3, 1 - TIMES / 3e-3, triangle((TIMES - 3e-3) % 2e-3))),
        ("PWL REPEAT FOREVER (0,0) (1m,1) (2m,0) ENDREPEAT", triangle(TIMES % 2e-3)),
        ("PWL(0 0 +1m 0 REPEAT FOREVER (0 0 1m 1 2m 0) ENDREPEAT)", triangle(np.maximum(TIMES - 1e-3, 0) % 2e-3)),
        ("PWL repeat for 2 (0 0 1m 1 2m 0) endrepeat 6m 5", triangle(TIMES % 2e-3) * (TIMES < 4e-3)
         + np.interp(TIMES, [4e-3, 6e-3], [0, 5])),
        ("PWL TIME_SCALE_FACTOR=1m VALUE_SCALE_FACTOR=2 (0,0) (1,{k/2}) (2,0)", triangle(TIMES)),
        ("DC 7 PWL file = points.txt", triangle(TIMES)),
        ('PWL(file="points.txt")', triangle(TIMES)),
    ],
)  # fmt: skip
def test_the_values_of_a_source(wave, expected, tmp_path):
    (tmp_path / "points.txt").write_text("0, 0\n1e-3 1\n\n2m\t0\n")
    circuit = circuit_with(wave, root=tmp_path)
    numbers = {Time(): TIMES, "k": 1.0}
    np.testing.assert_allclose(evaluate(circuit.components[1].value, numbers, np), expected, atol=1e-12)
    assert cn.read_netlist(circuit.to_spice()) == circuit


@pytest.mark.parametrize(
    "wave",
    [
        "PWL(0 0 1m)", "PWL(0 0 1m q) r=0", "PWL(0 0 1m 1) td=q", "PWL(0 0 1m 1) s=1",
        "PWL REPEAT (0 0 1m 1)", "PWL REPEAT FOR 0 (0 0 1m 1) ENDREPEAT",
        "PWL file=nowhere.txt", "PWL file=../points.txt", "PWL(0 0 1m 1) r=1m",
        "PWL REPEAT FOREVER (0 0 1m 1) ENDREPEAT 3m 1", "PWL REPEAT FOR 1e9 (0 0 1m 1) ENDREPEAT",
    ],
)  # fmt: skip
def test_what_is_no_pwl_is_said_where_it_is_needed(wave, tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "points.txt").write_text("0 0 1m 1")
    with pytest.raises(NetlistError, match="line 3: V2 is no input: PWL"):
        circuit_with(wave, root=tmp_path / "inner")
    assert circuit_with(wave, root=tmp_path / "inner", inputs="V2").inputs == ("V2",)


@pytest.mark.parametrize(
    ("wave", "start"),
    [
        ("DC 2 SIN(1 1 1k)", "1"), ("SIN({0.5} 1 1k 0 0 90) DC={1+1}", "1.5"), ("DC 2 AM(1 1 100 1k 0)", "0"),
        ("DC 2 SFFM(3 2 1k 5 100)", "3"), ("DC 2 PWL(0 0 1m 4) td=1m", "0"), ("DC 1.5 SIN(0.5 1 1k 0 0 90)", ""),
        ("SIN(1 1 1k 0 0 90)", ""), ("AM(1 1 100 1k)", ""),
    ],
)  # fmt: skip
def test_a_dc_value_beside_a_waveform_is_said(wave, start):
    circuit = circuit_with(wave)
    said = "\n".join(str(note) for note in circuit.notes)
    assert ("not at its DC value" in said) == bool(start)
    assert f"at rest it is where that begins{start and f', {start}, and not at its DC value, 2, which'}" in said
