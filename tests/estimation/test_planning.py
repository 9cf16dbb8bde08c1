"""Planned captures: the algebra, what is expected of them, and that real fits keep it."""

import itertools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.estimation.captures import Candidates, Capture
from circuitnn.estimation.design import DOptimal, IOptimal, chosen, covariance
from circuitnn.estimation.planned_audio import PlannedAudio, loud_pieces, sensitive
from circuitnn.estimation.sensitivities import of_responses
from tests.estimation.recorded import CLIPPER, FS
from tests.tone.stacks import BASSMAN, STACKS, decibels, moved, response

FREQS = np.geomspace(20, 20_000, 24)
KNOBS, LEARNT = STACKS["bassman"][1], STACKS["bassman"][2]
plan_captures = cn.train.plan_captures


def statistics(rows):
    """(c, 2, p, p) of candidates with Jacobians (c, m, p), nothing beyond noise of 1."""
    gram = np.einsum("cmp,cmq->cpq", rows, rows)
    return np.stack([gram, np.zeros_like(gram)], axis=1)


@pytest.mark.parametrize("criterion", ["D", "I"])
@pytest.mark.parametrize("repeats", [True, False])
def test_exchange_finds_the_best_set_of_all(criterion, repeats):
    rng = np.random.default_rng(3)
    told = statistics(rng.normal(size=(12, 2, 3)))
    known = np.stack([np.eye(3), np.zeros((3, 3))])
    loss = DOptimal(3) if criterion == "D" else IOptimal(told[:, 0].mean(axis=0))
    sets = (itertools.combinations_with_replacement if repeats else itertools.combinations)(range(12), 4)
    best = min(float(loss(known + told[list(each)].sum(axis=0))) for each in sets)
    found = chosen(told, known, loss, 4, repeats=repeats)
    assert float(loss(known + told[found].sum(axis=0))) == pytest.approx(best, rel=1e-9)
    assert repeats or len(set(found)) == 4
    # In order: whoever stops early has the best of them.
    first = min(found, key=lambda k: float(loss(known + told[k])))
    assert found[0] == first


def test_a_line_is_measured_at_its_ends():
    """D-optimal for an intercept and a slope: half of the captures at each end (Atkinson and Donev)."""
    x = np.linspace(-1, 1, 21)
    told = statistics(np.stack([np.ones_like(x), x], axis=-1)[:, None])
    found = chosen(told, np.stack([1e-9 * np.eye(2), np.zeros((2, 2))]), DOptimal(2), 6)
    assert sorted(x[found]) == [-1, -1, -1, 1, 1, 1]


def test_covariance_is_that_of_least_squares():
    """With an error common to each capture, of which the fit knows nothing."""
    rng = np.random.default_rng(0)
    rows, turn = rng.normal(size=(5, 4, 2)), rng.normal(size=(5, 4))
    along = np.einsum("cmp,cm->cp", rows, turn) * 0.7
    total = (statistics(rows) + np.stack([np.zeros((5, 2, 2)), along[:, :, None] * along[:, None]], axis=1)).sum(axis=0)
    whole, noise = rows.reshape(-1, 2), np.eye(20)
    for c in range(5):
        noise[4 * c : 4 * c + 4, 4 * c : 4 * c + 4] += 0.49 * np.outer(turn[c], turn[c])
    solve = np.linalg.pinv(whole)
    np.testing.assert_allclose(covariance(total), solve @ noise @ solve.T, rtol=1e-10)


@pytest.fixture(scope="module")
def of_bassman():
    return plan_captures(BASSMAN, fit=LEARNT, knobs=dict.fromkeys(KNOBS, (0, 0.25, 0.5, 0.75, 1)), freqs=FREQS, count=6)


def test_plan_of_a_tone_stack(of_bassman):
    assert len(of_bassman.captures) == len(of_bassman.after) == 6
    assert list(of_bassman.before.standard_errors) == list(LEARNT)
    assert set(of_bassman.before.standard_errors.values()) == {0.2}
    outputs = [of_bassman.before.prediction, *(each.prediction for each in of_bassman.after)]
    assert (np.diff(outputs) < 0).all()
    # Half a grid and less does as well as the grid, for each value and for the responses.
    assert of_bassman.grid_size == 125
    assert max(of_bassman.as_good) <= 62
    assert json.loads(json.dumps(of_bassman.to_dict()))["captures"][0]["controls"].keys() == set(KNOBS)
    assert "full grid of 125" in str(of_bassman)
    assert "captures of 125." in str(of_bassman)


@pytest.mark.slow
def test_real_fits_are_as_good_as_the_plan_says(of_bassman):
    """Knobs are set to 1 % of the way: six captures of the plan against 27 of a grid, over devices."""
    errors = {"plan": [], "grid": []}
    at = {"plan": {k: np.array([each.controls[k] for each in of_bassman.captures]) for k in KNOBS}}
    axes = np.meshgrid(*[[0.0, 0.5, 1.0]] * 3, indexing="ij")
    at["grid"] = {k: axis.ravel() for k, axis in zip(KNOBS, axes, strict=True)}
    test = {k: np.random.default_rng(9).uniform(size=40) for k in KNOBS}
    for seed in range(4):
        truth = moved(BASSMAN, LEARNT, np.random.default_rng(seed))
        for name, knobs in at.items():
            rng = np.random.default_rng([seed, len(name)])
            loose = {k: v + 0.01 * rng.normal(size=v.size) * ((v > 0) & (v < 1)) for k, v in knobs.items()}
            exact = np.abs(response(truth, FREQS, loose))
            target = cn.train.responses(
                FREQS, knobs, exact * 10 ** (0.1 * rng.normal(size=exact.shape) / 20), has_phase=False
            )
            values, _ = cn.train.fit_components(BASSMAN, target, trainable=LEARNT, starts=1, progress=False)
            off = [np.log(values[each] / float(truth.values[each])) for each in LEARNT]
            left = decibels(response(BASSMAN.replace(**values), FREQS, test), response(truth, FREQS, test))
            errors[name].append([*off, left.std()])
    plan, grid = (np.sqrt(np.mean(np.square(each), axis=0)) for each in errors.values())
    expected = np.array([*of_bassman.after[-1].standard_errors.values()])
    assert (plan[:-1] < 2.5 * expected).all()
    assert np.mean(plan[:-1] / expected) > 0.4
    # With less than a quarter of the captures.
    assert plan[-1] < 1.25 * grid[-1]
    assert np.mean(np.log(plan[:-1] / grid[:-1])) < np.log(1.25)


def test_what_is_done_counts(of_bassman):
    more = plan_captures(
        BASSMAN,
        fit=LEARNT,
        knobs=dict.fromkeys(KNOBS, (0, 0.5, 1)),
        freqs=FREQS,
        count=1,
        done=[*of_bassman.captures[:3], {"TREBLE": 1.0, "bass": 0, "mid": 1}],
    )
    begun = of_bassman.after[2].standard_errors
    assert all(more.before.standard_errors[each] <= 1.05 * begun[each] for each in LEARNT)
    assert more.before.prediction < of_bassman.before.prediction / 5


def test_sensitivities_of_responses_agree_with_differences():
    captures = [Capture({"treble": 0.3, "bass": 0.6, "mid": 0.2}), Capture({"treble": 0.0, "bass": 1.0, "mid": 0.7})]
    learnt = dict.fromkeys(("C1", "rmid"), 0.2)
    knobs = {k: np.array([each.controls[k] for each in captures]) for k in KNOBS}

    def shown(shift=0.0, **values):
        at = knobs | {"mid": knobs["mid"] + shift}
        return 20 * np.log10(np.abs(response(BASSMAN.replace(**values), FREQS, at)))

    with jax.enable_x64(True):
        told = of_responses(
            BASSMAN.astype(np.float64), learnt, FREQS, Candidates.of(captures), 0.1, has_phase=False, knob_error=0.02
        )
    step = 1e-5
    slopes = []
    for name in learnt:
        nominal = float(BASSMAN.values[name])
        up, down = (shown(**{name: nominal * np.exp(sign * step)}) for sign in (1, -1))
        slopes.append(0.2 * (up - down) / (2 * step))
    rows = np.stack(slopes, axis=-1)
    gram = np.einsum("cfp,cfq->cpq", rows, rows)
    np.testing.assert_allclose(told.information[:, 0], gram / 0.01, rtol=1e-6)
    np.testing.assert_allclose(told.prediction, gram / FREQS.size, rtol=1e-6)
    # Of the second capture only the mid knob is inside.
    turn = (shown(step) - shown(-step))[1] / (2 * step) * 0.02
    along = rows[1].T @ turn / 0.01
    np.testing.assert_allclose(told.information[1, 1], np.outer(along, along), rtol=1e-5)


POT = cn.read_netlist("""a clipper behind a pot
.param drive=0.5
Vin in 0 DC 0 AC 1
R1 in a {100k*(1-drive)+1k}
C1 a 0 10n
D1 a 0 DCLIP
D2 0 a DCLIP
R2 a out 1k
C2 out 0 47n
.model DCLIP D(IS=2.52n N=1.752)
""")


@pytest.mark.slow
def test_sensitivities_of_recordings_agree_with_differences():
    with jax.enable_x64(True):
        x = loud_pieces(2.0 * cn.audio.guitar(0.1, FS, seed=3), 2, 200, 50)
        model = cn.nodal.NodalModel(POT.astype(np.float64), FS, dtype=jnp.float64)
        played = PlannedAudio(
            model,
            jnp.asarray(x),
            {"drive": jnp.asarray([[0.2], [0.8]])},
            jnp.asarray([0.2, 2.3]),
            ("C1", "DCLIP.IS"),
            (),
            50,
        )
        y, slopes, turns = (np.asarray(each) for each in sensitive(played))
        assert y.shape == (2, 200)
        zero, step = jnp.zeros(2), 1e-5
        for k in range(2):
            by = step * (jnp.arange(2) == k)
            difference = (played.output(by, jnp.zeros(1)) - played.output(-by, jnp.zeros(1))) / (2 * step)
            np.testing.assert_allclose(slopes[..., k], difference, atol=1e-6 * np.abs(difference).max())
        difference = (played.output(zero, jnp.full(1, step)) - played.output(zero, jnp.full(1, -step))) / (2 * step)
        np.testing.assert_allclose(turns[..., 0], difference, atol=1e-6 * np.abs(difference).max())


AUDIO = {"fs": FS, "seconds": 0.02, "warmup": 0.01, "progress": False}


@pytest.mark.slow
def test_plan_of_recordings():
    """Diodes show where it is loud; what is silent is left out."""
    fit = {"C1": 0.2, "D1.IS": None, "D1.N": 0.1}
    plan = plan_captures(POT, fit=fit, knobs={"drive": (0, 0.5, 1)}, levels=(1e-3, 2.0), count=3, **AUDIO)
    assert plan.is_audio
    assert plan.captures[0].level == 2.0
    assert plan.before.standard_errors["DCLIP.IS"] == pytest.approx(np.log(10))
    assert plan.after[-1].standard_errors["DCLIP.IS"] < 0.1
    assert plan.grid_size == 6
    assert "2 V" in str(plan)
    unknown = plan_captures(
        POT, fit=fit, knobs={"drive": (0, 0.5, 1)}, levels=(1e-3, 2.0), count=3, y_gain="fit", noise=plan.noise, **AUDIO
    )
    assert unknown.after[-1].standard_errors["DCLIP.N"] > plan.after[-1].standard_errors["DCLIP.N"]
    assert list(unknown.before.standard_errors) == ["C1", "DCLIP.IS", "DCLIP.N"]


def test_a_circuit_without_knobs():
    plan = plan_captures(CLIPPER, fit=("C1",), freqs=FREQS, count=2)
    assert [str(each) for each in plan.captures] == ["the circuit as it is"] * 2
    assert plan.grid_size == 1


def test_where_nothing_comes_out_is_left_out():
    circuit = cn.circuits.klon_output()
    plan = plan_captures(circuit, fit=("R25",), knobs={"level": (0, 0.5, 1)}, freqs=FREQS, count=2)
    assert plan.silent == 1
    assert all(each.controls["level"] > 0 for each in plan.captures)
    assert "Nothing comes out at 1" in str(plan)
    with pytest.raises(ValueError, match="nothing comes out at any"):
        plan_captures(circuit, fit=("R25",), knobs={"level": (0,)}, freqs=FREQS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "freqs for responses, or fs for recordings"),
        ({"freqs": FREQS, "fs": FS}, "freqs for responses, or fs for recordings"),
        ({"freqs": -FREQS}, "freqs have to be"),
        ({"freqs": FREQS, "levels": (1.0,)}, "levels are of recordings"),
        ({"fs": FS}, "recordings need levels"),
        ({"fs": FS, "levels": (0.0,)}, "levels have to be positive"),
        ({"fs": FS, "levels": (1.0,), "signal": np.zeros(FS)}, "the signal is silent"),
        ({"fs": FS, "levels": (1.0,), "signal": np.zeros((FS, 2))}, "one channel is wanted"),
        ({"fs": FS, "levels": (1.0,), "y_gain": "found"}, "y_gain has to be a number or 'fit'"),
        ({"fs": FS, "levels": (1.0,), "seconds": 0.0}, "seconds at least 0.01"),
        ({"freqs": FREQS, "count": 0}, "count has to be at least 1"),
        ({"freqs": FREQS, "criterion": "A"}, "criterion has to be 'D' or 'I', got 'A'"),
        ({"freqs": FREQS, "noise": -1.0}, "noise has to be positive"),
        ({"freqs": FREQS, "knob_error": 1.0}, "knob_error has to be from 0"),
        ({"freqs": FREQS, "knobs": ("gain",)}, "no knob 'gain'"),
        ({"freqs": FREQS, "knobs": {"drive": ()}}, "drive has no position"),
        ({"freqs": FREQS, "knobs": {"drive": (0, 2)}}, "outside 0..1"),
        ({"freqs": FREQS, "fit": ("drive",), "knobs": ("drive",)}, "drive is in fit"),
        ({"freqs": FREQS, "fit": ("X*",)}, "'X\\*' matches no value"),
        ({"freqs": FREQS, "fit": ()}, "nothing to learn"),
        ({"freqs": FREQS, "done": [0.5]}, "done has positions by knob"),
        ({"freqs": FREQS, "done": [{"tone": 0.5}]}, "no knob 'tone'"),
        ({"freqs": FREQS, "done": [({"drive": 0.5}, 1.0)]}, "of recordings alone"),
        ({"fs": FS, "levels": (1.0,), "done": [{"drive": 0.5}]}, "a recording has a level"),
        ({"freqs": FREQS, "knobs": {"drive": (0, 1)}, "repeats": False, "count": 3}, "there are 2 captures"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ValueError, match=message):
        plan_captures(POT, **({"fit": ("C1",), "progress": False} | options))
