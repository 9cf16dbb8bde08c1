import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.circuit import Circuit, catalogue, read_netlist

TONE = """* a pot, a diode and an inductor
.param treble=0.3 total=250k
.param upper={(1-treble)*total+1}
Vin in 0 DC 0
R1 in out {upper}
R2 out 0 {exp(3.4*(treble-1))*total}
C1 out 0 10n
L1 out b 1m
R3 b 0 2.2k
D1 b 0 DX area=2
.model DX D(IS=2.52n N={1+treble} RS=0.5)
"""


@pytest.fixture
def tone() -> Circuit:
    return read_netlist(TONE)


def test_what_a_circuit_says_of_itself(tone):
    assert tone.controls == {"treble": 0.3, "total": 250e3}
    assert tone.state_names == ("C1", "L1")
    assert tone.nodes == ("in", "out", "b")
    assert (tone.inputs, tone.outputs, tone.title) == (("Vin",), ("out",), "a pot, a diode and an inductor")
    assert set(tone.values) == {"treble", "total", "Vin", "C1", "L1", "R3", "D1", "DX.IS", "DX.RS"}
    assert tone["c1"].value == 1e-8
    assert (tone["D1"].nodes, tone["D1"].kind, tone["D1"].model, float(tone["D1"].value)) == (
        ("b", "0"),
        "D",
        "DX",
        2.0,
    )
    assert tone["R1"].value == pytest.approx(0.7 * 250e3 + 1)
    assert "r1" in tone
    assert "R9" not in tone
    with pytest.raises(KeyError, match="there are Vin, R1"):
        tone["R9"]


def test_resolve_follows_the_knobs(tone):
    at_rest = tone.resolve()
    knobs = {"treble", "total", "upper"}
    assert set(at_rest) == {part.name for part in tone.components} | {"DX.IS", "DX.N", "DX.RS"} | knobs
    assert at_rest["DX.N"] == pytest.approx(1.3)
    turned = tone.resolve({"TREBLE": jnp.array([0.0, 0.5, 1.0])})
    np.testing.assert_allclose(turned["R1"], [250001.0, 125001.0, 1.0])
    np.testing.assert_allclose(turned["R2"], 250e3 * np.exp([-3.4, -1.7, 0.0]))
    assert turned["C1"].shape == ()
    with pytest.raises(ValueError, match=r"no knob 'bass'.*treble, total"):
        tone.resolve({"bass": 1.0})
    with pytest.raises(ValueError, match="no knob 'upper'"):
        tone.resolve({"upper": 1.0})


def test_replace_takes_names_in_any_case(tone):
    changed = tone.replace(c1=22e-9, **{"dx.is": 1e-9}, Treble=0.9)
    assert (changed["C1"].value, changed.values["DX.IS"], changed.controls["treble"]) == (22e-9, 1e-9, 0.9)
    assert tone["C1"].value == 1e-8
    assert changed != tone
    assert changed.replace(C1=1e-8, treble=0.3, **{"DX.IS": 2.52e-9}) == tone


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"DX.I": 1.0}, r"no value named 'DX.I'.*did you mean"), ({"C1": 0.0}, "C1 must be positive"),
        ({"C1": -1e-9}, "C1 must be positive"), ({"C1": float("nan")}, "C1 must be finite"),
        ({"DX.IS": 0.0}, "IS must be positive"), ({"L1": "big"}, "L1: 'big' is not a number"),
        ({"R1": 1e3}, "R1 is given by the expression .*replace upper instead"),
        ({"treble": 2.0}, "R1 must not be negative"),
        ({"DX.N": 1.0}, "given by the expression"), ({"D1": 0.0}, "D1 must be positive"),
    ],
)  # fmt: skip
def test_replace_refuses(tone, values, message):
    with pytest.raises(ValueError, match=message):
        tone.replace(**values)


def test_it_is_a_pytree_with_a_hashable_structure(tone):
    leaves, structure = jax.tree.flatten(tone)
    assert len(leaves) == len(tone.values)
    assert jax.tree.unflatten(structure, leaves) == tone
    moved = read_netlist(TONE.replace("Vin in", "\n\n* a comment\nVin in"))
    assert jax.tree.structure(moved) == structure
    assert hash(jax.tree.structure(moved)) == hash(structure)


def test_it_goes_through_jit_once_for_all_values(tone):
    traces = 0

    @jax.jit
    def cutoff(circuit, treble):
        nonlocal traces
        traces += 1
        values = circuit.resolve({"treble": treble})
        return 1 / (2 * jnp.pi * values["R1"] * circuit["C1"].value)

    first = cutoff(tone, 0.5)
    second = cutoff(tone.replace(C1=2e-8), 0.5)
    assert traces == 1
    assert first == pytest.approx(2 * second)
    assert first == pytest.approx(1 / (2 * np.pi * 125001.0 * 1e-8))


def test_replace_works_under_grad_and_vmap(tone):
    gradient = jax.grad(lambda c: tone.replace(C1=c).resolve()["C1"] ** 2)(3e-9)
    assert gradient == pytest.approx(6e-9)
    batch = jax.vmap(lambda c: tone.replace(C1=c))(jnp.array([1e-9, 2e-9]))
    np.testing.assert_allclose(jax.vmap(lambda circuit: circuit.resolve()["C1"])(batch), [1e-9, 2e-9])


def test_gradients_of_resolve_agree_with_central_differences(tone):
    def total(circuit):
        return sum(jnp.log(value) for name, value in circuit.resolve().items() if name != "Vin")

    gradient = jax.grad(total)(tone)
    assert isinstance(gradient, Circuit)
    for name, value in tone.values.items():
        h = 1e-6 * float(value) or 1e-6
        up, down = (float(total(tone.replace(**{name: value + sign * h}))) for sign in (1, -1))
        assert float(gradient.values[name]) == pytest.approx((up - down) / (2 * h), rel=1e-6, abs=1e-9)
        assert np.isfinite(gradient.values[name])


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_precision_follows_the_values(tone, dtype):
    circuit = tone.astype(dtype)
    assert circuit.dtype == dtype
    turned = circuit.resolve({"treble": np.float64(0.5)})
    assert {value.dtype for value in turned.values()} == {np.dtype(dtype)}
    assert circuit.replace(C1=np.float64(1e-9)).dtype == dtype
    assert catalogue.diode_clipper().dtype == jnp.float64


def test_a_circuit_without_expressions_traces_to_nothing():
    assert catalogue.diode_clipper().controls == {}
    assert catalogue.diode_clipper() == catalogue.diode_clipper()
    assert catalogue.diode_clipper() != catalogue.diode_clipper_second_order()
    assert catalogue.diode_clipper() != "diode_clipper"
