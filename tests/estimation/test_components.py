"""Component values from responses: found again, with the uncertainty that they have, and no more said than is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import curve_fit, least_squares

import circuitnn as cn
from circuitnn.estimation.components import fit_components
from circuitnn.estimation.determination import determination
from circuitnn.numerics.taper import taper
from circuitnn.train.response_data import Responses, responses
from tests.tone.stacks import BASSMAN, MUFF, STACKS, decibels, measured, moved, positions, response

FREQS = np.geomspace(20, 20_000, 60)


def off(values, truth, name):
    return values[name] / float(truth.values[name]) - 1


def check_white_box_fit(name, seed, has_phase, freqs):
    """The response to 0.05 dB in the mean, determined values to 1 %; the report."""
    circuit, knobs, learnt, _ = STACKS[name]
    rng = np.random.default_rng(seed)
    truth = moved(circuit, learnt, rng)
    at = positions(knobs, rng)
    target = measured(truth, freqs, at, rng, has_phase=has_phase)
    values, report = fit_components(circuit, target, trainable=learnt, progress=False)
    assert report.converged
    exact = response(truth, freqs, at)
    assert np.abs(decibels(response(circuit.replace(**values), freqs, at), exact)).mean() < 0.05
    assert np.abs(decibels(response(circuit, freqs, at), exact)).mean() > 0.1  # there was something to be done
    for each in report.values:
        if each.is_determined:
            assert abs(off(values, truth, each.name)) < 0.01, each
        if each.standard_error < 0.03:  # what is known is known as well as is said
            assert abs(off(values, truth, each.name)) < 4.5 * each.standard_error, each
    return report


def test_white_box_fit():
    report = check_white_box_fit("bassman", 3, True, FREQS)
    # C1 sees little but the treble pot: their time constant is in the response, the two values are not.
    assert {"rtreble", "C1"} <= set(report.undetermined)
    assert "C3" not in report.undetermined
    assert "rtreble and C1: little more than the product rtreble*C1 is known" in str(report)
    assert "Not determined to 1 % by these data: rtreble" in str(report)


@pytest.mark.slow
@pytest.mark.parametrize("has_phase", [False, True])
@pytest.mark.parametrize("name", STACKS)
def test_white_box_fit_of_many_stacks(name, has_phase):
    freqs = np.geomspace(20, 20_000, 240)
    determined = [
        {each.name for each in check_white_box_fit(name, seed, has_phase, freqs).values if each.is_determined}
        for seed in range(5)
    ]
    always = set.intersection(*determined)
    assert always >= ({"rmid", "C3"} if name == "bassman" else {"R1"})
    if name == "muff":  # with its load a high-pass at 1.5 Hz
        assert not any("C3" in each for each in determined)


@pytest.mark.slow
@pytest.mark.parametrize("name", STACKS)
def test_fixed_tracks(name):
    """The catalogue's netlists, whose pots are exact: all components are learnt and nearly all determined."""
    circuit = {"bassman": cn.circuits.bassman, "muff": cn.circuits.big_muff_tone}[name]()
    freqs = np.geomspace(20, 20_000, 240)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        learnt = [part.name for part in circuit.components if part.name in circuit.values and part.kind in "RC"]
        truth = moved(circuit, learnt, rng)
        at = positions(circuit.controls, rng)
        values, report = fit_components(circuit, measured(truth, freqs, at, rng), progress=False)
        assert list(values) == [each for each in circuit.values if each in learnt]
        found = response(circuit.replace(**values), freqs, at)
        assert np.abs(decibels(found, response(truth, freqs, at))).mean() < 0.05
        determined = [each.name for each in report.values if each.is_determined]
        assert max(abs(off(values, truth, each)) for each in determined) < 0.01
        assert len(determined) >= (4 if name == "bassman" else 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param("bassman"), pytest.param("muff", marks=pytest.mark.slow)])
def test_the_impedance_level_is_never_known(name):
    """All impedances times a factor: the same response. No value is determined, and the report says why."""
    circuit, knobs, learnt, held = STACKS[name]
    rng = np.random.default_rng(1)
    truth = moved(circuit, (*learnt, held), rng)
    at = positions(knobs, rng)
    values, report = fit_components(
        circuit, measured(truth, FREQS, at, rng), trainable=(*learnt, held), starts=1, progress=False
    )
    assert set(report.undetermined) == {*learnt, held}
    assert all(each.standard_error > 1 for each in report.values)
    level = report.combinations[0]
    assert set(level) == {*learnt, held}
    for each, change in level.items():
        assert change * level["C1"] == pytest.approx(1 if each[0] == "C" else -1, rel=1e-4)
    assert "impedance level" in str(report)
    # The prior has chosen the level nearest to the nominal values: no fit is farther off than they can be.
    assert all(abs(each.fitted / each.nominal - 1) < 0.15 for each in report.values)
    # What is known all the same.
    at_level = float(truth.values[held]) / values[held]
    for each in report.values:
        scaled = values[each.name] * (1 / at_level if each.kind == "C" else at_level)
        assert scaled == pytest.approx(float(truth.values[each.name]), rel=0.12)
    found = response(circuit.replace(**values), FREQS, at)
    assert np.abs(decibels(found, response(truth, FREQS, at))).mean() < 0.05
    # One of each combination measured, and the rest is determined as promised.
    rest = tuple(each for each in (*learnt, held) if each not in report.to_measure)
    known = circuit.replace(**{each: float(truth.values[each]) for each in report.to_measure})
    _, report = fit_components(
        known, measured(truth, FREQS, at, rng), trainable=rest, noise_db=0.1, precision=0.011, starts=1, progress=False
    )
    assert report.undetermined == ()


SERIES = cn.read_netlist("""two resistors in series
.param k=0.5
Vin in 0 DC 0 AC 1
R1 in a 10k
R2 a b 22k
C1 b 0 10n
R3 b out {47k*k}
R4 out 0 47k
""")


def test_two_resistors_in_series():
    rng = np.random.default_rng(0)
    truth = moved(SERIES, ("R1", "R2"), rng)
    target = measured(truth, FREQS, {"k": [0.1, 0.9]}, rng, noise_db=0.05)
    values, report = fit_components(SERIES, target, trainable=("R1", "R2", "C1"), progress=False)
    assert report.undetermined == ("R1", "R2")
    assert "R1 and R2: only the sum R1 + R2 is known" in str(report)
    total = float(truth.values["R1"]) + float(truth.values["R2"])
    assert values["R1"] + values["R2"] == pytest.approx(total, rel=0.01)
    assert len(report.to_measure) == 1
    # Nearest to nominal: both have moved in proportion to their share of the resistance.
    moves = np.log([values["R1"] / 10e3, values["R2"] / 22e3])
    assert moves[0] / moves[1] == pytest.approx(10 / 22, rel=0.05)


@pytest.mark.parametrize("low_bound", [True, False])
def test_tolerances_are_bounds(low_bound):
    sign = -1 if low_bound else 1
    truth = SERIES.replace(C1=10e-9 * (1 + 0.1 * sign))
    target = measured(truth, FREQS, {"k": [0.1, 0.9]}, np.random.default_rng(0))
    values, report = fit_components(SERIES, target, trainable={"C*": 0.03, "R4": 0.2}, noise_db=0.1, progress=False)
    assert values["C1"] == pytest.approx(10e-9 * (1 + 0.03 * sign), rel=1e-12)
    assert report["C1"].at_bound
    assert not report["C1"].is_determined
    assert "At the end of the tolerance: C1" in str(report)
    assert "more than the noise" in str(report)
    assert not report["R4"].at_bound
    free, report = fit_components(SERIES, target, trainable={"C*": None}, progress=False)
    assert free["C1"] == pytest.approx(float(truth.values["C1"]), rel=0.005)
    assert not report["C1"].at_bound


def test_closed_form_and_its_standard_errors():
    """Against scipy's curve_fit of the formula."""
    circuit = cn.read_netlist("""low-pass
.param k=0.5
Vin in 0 DC 0 AC 1
R1 in out 10k
C1 out 0 10n
R2 out 0 22k
R3 out 0 {100k+0*k}
""")
    load = 1 / (1 / 22e3 + 1 / 100e3)

    def formula(f, log_R, log_C):
        R, C = 10e3 * np.exp(log_R), 10e-9 * np.exp(log_C)
        return -20 * np.log10(np.abs(1 + R / load + 2j * np.pi * f * R * C))

    rng = np.random.default_rng(5)
    f = np.geomspace(50, 5000, 80)
    noisy = formula(f, 0.05, -0.08) + 0.3 * rng.normal(size=f.size)
    target = responses(f, {"k": [0.5]}, 10 ** (noisy[None] / 20), has_phase=False)
    values, report = fit_components(circuit, target, trainable=("R1", "C1"), tolerance=None, progress=False)
    expected, covariance = curve_fit(formula, f, noisy, p0=(0, 0))
    errors = np.sqrt(np.diag(covariance))
    assert np.log(values["R1"] / 10e3) == pytest.approx(expected[0], abs=0.01 * errors[0])
    assert np.log(values["C1"] / 10e-9) == pytest.approx(expected[1], abs=0.01 * errors[1])
    assert report["R1"].standard_error == pytest.approx(errors[0], rel=0.02)
    assert report["C1"].standard_error == pytest.approx(errors[1], rel=0.02)
    rest = formula(f, *expected) - noisy
    assert report.residual_db == pytest.approx(np.sqrt(rest @ rest / (f.size - 2)), rel=0.002)
    assert report.noise_db == pytest.approx(report.residual_db, rel=0.011)
    assert report.after.max == pytest.approx(np.abs(rest).max(), rel=1e-3)
    assert report.before.mean == pytest.approx(np.abs(formula(f, 0, 0) - noisy).mean(), rel=1e-9)


def test_scipy_finds_the_same_values():
    """The whole posterior, with differences for derivatives."""
    rng = np.random.default_rng(2)
    learnt = STACKS["muff"][2]
    truth = moved(MUFF, learnt, rng)
    at = positions(("tone",), rng, settings=4)
    freqs = FREQS[::3]
    target = measured(truth, freqs, at, rng)
    values, report = fit_components(MUFF, target, trainable=learnt, tolerance=0.05, noise_db=0.1, progress=False)
    nominal = {name: float(MUFF.values[name]) for name in learnt}

    def rest(logs):
        found = MUFF.replace(**{name: nominal[name] * np.exp(z) for name, z in zip(learnt, logs, strict=True)})
        error = np.log(response(found, freqs, at) / target.response).ravel() * 20 / np.log(10) / 0.1
        return np.concatenate([error.real, error.imag, logs / 0.05])

    bounds = (np.log1p(-0.05), np.log1p(0.05))
    expected = least_squares(rest, np.zeros(len(learnt)), bounds=bounds, xtol=1e-12, ftol=1e-14, x_scale=0.05)
    for name, z in zip(learnt, expected.x, strict=True):
        assert values[name] / nominal[name] == pytest.approx(np.exp(z), abs=2e-4), name
    assert any(each.at_bound for each in report.values)  # some of the 10 % are beyond the 5 %


@pytest.mark.slow
def test_standard_errors_are_those_of_repeated_measurements():
    circuit, knobs, learnt, _ = STACKS["bassman"]
    rng = np.random.default_rng(7)
    truth = moved(circuit, learnt, rng)
    at = positions(knobs, rng)
    found = [
        fit_components(circuit, measured(truth, FREQS, at, rng), trainable=learnt, starts=1, progress=False)
        for _ in range(30)
    ]
    for name in learnt:
        scatter = np.std([np.log(values[name]) for values, _ in found], ddof=1)
        stated = np.mean([report[name].standard_error for _, report in found])
        assert 1 / 1.5 < scatter / stated < 1.5, name
        # and around the truth
        mean = np.mean([off(values, truth, name) for values, _ in found])
        assert abs(mean) < 4 * stated / np.sqrt(30) + 0.1 * stated, name
    assert np.mean([report.noise_db for _, report in found]) == pytest.approx(0.1, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("has_phase", [False, True])
def test_a_taper_is_found(has_phase):
    circuit = cn.circuits.bassman()
    rng = np.random.default_rng(4)
    truth = moved(circuit, ("C1", "C2", "C3", "R4"), rng, by=0.05)
    at = positions(circuit.controls, rng)
    turned = at | {"treble": np.asarray(taper(at["treble"], 3.5)), "mid": np.asarray(taper(at["mid"], -2.0))}
    target = measured(truth, FREQS, at, rng, has_phase=has_phase, turned=turned)
    values, report = fit_components(circuit, target, tapers=("Treble", "mid"), tolerance=0.1, progress=False)
    assert [each.name for each in report.tapers] == ["treble", "mid"]
    assert "treble" not in values
    for knob, shape in (("treble", 3.5), ("mid", -2.0)):
        assert report[knob].is_determined
        assert report[knob].fitted == pytest.approx(shape, abs=4 * report[knob].standard_error)
        assert report[knob].standard_error < 0.1
    assert report.after.mean < 0.1 < 0.5 < report.before.mean
    assert "taper of treble" in str(report)


def test_a_taper_that_only_saw_the_ends_is_not_determined():
    at = {"k": [0.0, 1.0]}
    target = measured(SERIES, FREQS, at, np.random.default_rng(0))
    values, report = fit_components(SERIES, target, trainable=(), tapers=("k",), progress=False)
    assert values == {}
    assert report.undetermined == ("taper of k",)
    assert abs(report["k"].fitted) < 1e-6
    assert "taper of k: the response depends too little on it" in str(report)


def test_taper():
    k = np.linspace(0, 1, 21)
    for shape in (-6.0, -0.3, 0.01, 0.03, 2.0, 7.0):
        np.testing.assert_allclose(taper(k, shape), np.expm1(shape * k) / np.expm1(shape), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(taper(k, 0.0), k, atol=1e-15)
    assert float(taper(0.5, 4.394)) == pytest.approx(0.1, rel=1e-3)
    for shape in (0.0, 0.0199, 0.0201, -3.0):
        slope = float(jax.grad(lambda a: taper(jnp.asarray(0.3), a))(shape))
        difference = float(taper(0.3, shape + 1e-5) - taper(0.3, shape - 1e-5)) / 2e-5
        assert slope == pytest.approx(difference, rel=1e-7)


def test_without_noise_values_are_exact_in_any_precision():
    rng = np.random.default_rng(1)
    truth = moved(SERIES, ("R4", "C1"), rng)
    target = measured(truth, FREQS, {"k": [0.1, 0.6, 0.9]}, rng, noise_db=0.0)
    with jax.enable_x64(False):
        values, report = fit_components(SERIES.astype(np.float32), target, trainable=("R4", "C1"), progress=False)
    for name in values:
        assert off(values, truth, name) == pytest.approx(0, abs=2e-6)
    assert report.noise_db == 1e-3  # no measurement is better
    assert report.undetermined == ()


def test_names_of_param():
    """A knob is not a value, whatever the pattern; a track is one where it is named."""
    target = measured(cn.circuits.klon_output(), FREQS, {"level": [0.3, 0.8]}, np.random.default_rng(0))
    with pytest.raises(ValueError, match="'L\\*' matches no value"):
        fit_components(cn.circuits.klon_output(), target, trainable="L*", progress=False)
    with pytest.raises(ValueError, match="level is a knob of the target; its taper"):
        fit_components(cn.circuits.klon_output(), target, trainable=("R25", "Level"), progress=False)
    track = BASSMAN.replace(rmid=27e3)
    at = {"TREBLE": [0.2, 0.5, 0.9]}
    target = measured(track, FREQS, {"treble": at["TREBLE"]}, np.random.default_rng(0))
    target = Responses(target.freqs, at, target.response)
    values, report = fit_components(BASSMAN, target, trainable=("RMID", "C3"), progress=False)
    assert values["rmid"] == pytest.approx(27e3, rel=0.01)
    assert report["rmid"].kind == "param"
    assert set(values) == {"rmid", "C3"}


def good(**changed):
    whole = {"freqs": FREQS, "controls": {"k": np.array([0.2, 0.7])}, "response": np.ones((2, 60), complex)}
    return Responses(**(whole | changed))


def with_one(value):
    response = np.ones((2, 60), complex)
    response[1, 3] = value
    return response


TWO_OUTPUTS = cn.read_netlist(SERIES.to_spice(), outputs=("out", "b"))


@pytest.mark.parametrize(
    ("circuit", "target", "options", "message"),
    [
        (
            SERIES,
            good(controls={"tone": np.array([0.2, 0.7])}),
            {},
            "no knob 'tone'; there are k",
        ),
        (cn.circuits.diode_clipper(), good(), {}, "no knob 'k'; there are none"),
        (SERIES, good(controls={}), {}, "2 settings and no knob"),
        (SERIES, good(freqs=FREQS[:1], response=np.ones((2, 1))), {}, "at one frequency"),
        (SERIES, good(response=with_one(np.nan)), {}, "the target's response at k=0.7, 28.* Hz is zero or not finite"),
        (SERIES, good(response=with_one(0)), {}, "the target's response at k=0.7, 28.* Hz is zero or not finite"),
        (SERIES, good(), {"trainable": ("X*",)}, "'X\\*' matches no value; there are .*R1"),
        (SERIES, good(), {"trainable": ("Vin",)}, "nominal value of Vin"),
        (SERIES, good(), {"trainable": {"R1": 1.5}}, "tolerance of 'R1' must be between 0 and 1"),
        (SERIES, good(), {"tolerance": -0.1}, "must be between 0 and 1, got -0.1"),
        (SERIES, good(), {"tapers": ("tone",)}, "no knob 'tone'"),
        (SERIES, good(), {"trainable": ()}, "nothing to learn"),
        (SERIES, good(), {"noise_db": 0.0}, "noise_db has to be positive"),
        (SERIES, good(), {"precision": 0}, "precision has to be between 0 and 1"),
        (SERIES, good(), {"starts": 0}, "starts has to be at least 1"),
        (TWO_OUTPUTS, good(), {}, "one input and one output"),
    ],
)
def test_bad_input(circuit, target, options, message):
    with pytest.raises(ValueError, match=message):
        fit_components(circuit, target, progress=False, **options)


def test_a_circuit_that_is_silent_where_the_target_is_not():
    circuit = cn.circuits.klon_output()
    with pytest.raises(ValueError, match="the circuit with its nominal values at level=0, 20 Hz is zero"):
        fit_components(circuit, good(controls={"level": np.array([0.0, 0.7])}), progress=False)


@pytest.mark.slow
def test_a_circuit_without_knobs():
    circuit = cn.circuits.diode_clipper()
    exact = response(circuit.replace(C1=9.3e-9), FREQS, {})[None]
    values, report = fit_components(circuit, Responses(FREQS, {}, exact), trainable="C1", progress=False)
    assert values["C1"] == pytest.approx(9.3e-9, rel=1e-5)
    assert report.undetermined == ()


def test_determination_of_a_linear_problem():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 3))
    found = determination(rows, np.full(3, 0.1))
    np.testing.assert_allclose(found.standard_errors, np.sqrt(np.diag(np.linalg.inv(rows.T @ rows))), rtol=1e-10)
    assert found.is_determined.tolist() == (found.standard_errors <= 0.1).tolist()
    # Unknowns 0 and 1 only as their sum, 2 and 3 only as a difference with 4: the sparsest basis has both.
    a, b, c = rng.normal(size=(3, 50)) * 100
    rows = np.stack([a, a, b, c, -b - 2 * c], axis=1)  # 2 + 4 and 3 + 4 / 2 ... are unseen
    found = determination(rows, np.full(5, 0.1))
    assert not found.is_determined.any()
    np.testing.assert_allclose(rows @ found.combinations.T, 0, atol=1e-9)
    pairs = sorted(np.flatnonzero(each).tolist() for each in found.combinations)
    assert pairs == [[0, 1], [2, 3, 4]]
    assert len(found.to_measure) == 2
    kept = np.delete(np.arange(5), found.to_measure)
    assert determination(rows[:, kept], np.full(3, 0.1)).is_determined.all()


def test_determination_where_there_is_less_data_than_unknowns():
    found = determination(np.array([[3.0, 4.0, 0.0]]), np.full(3, 0.5))
    assert not found.is_determined.any()
    assert len(found.to_measure) == 2
    np.testing.assert_allclose(found.combinations @ [3.0, 4.0, 0.0], 0, atol=1e-9)
