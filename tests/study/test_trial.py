"""What contenders may be, and what of them is told before anything is computed."""

import dataclasses

import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.study import Contender, Description, DescriptionError, Positions, facts, trial
from circuitnn.study.definition import Task
from circuitnn.study.description import WHOLE
from circuitnn.study.signals import Signals

TASK = Task(1, (), (), None, cn.recurrent.Scaling(np.ones(1), np.ones(1), None), 48_000.0)


def plain(task, rngs):
    return cn.recurrent.GRU(2, controls=task.knobs, scaling=task.scaling, rngs=rngs)


def two_inputs(task, rngs):
    return cn.recurrent.GRU(2, in_features=2, rngs=rngs)


def two_outputs(task, rngs):
    return cn.recurrent.GRU(2, out_features=2, rngs=rngs)


def fails(task, rngs):
    raise KeyError("mine")


def described(contenders, **more):
    return Description.of({"contenders": contenders, "targets": {"clip": cn.circuits.diode_clipper}, **more}, "x")


def test_functions_and_models_are_contenders():
    model = plain(TASK, nnx.Rngs(0))
    study = described({"function": plain, "model": model, "other": plain(TASK, nnx.Rngs(1))}).study()
    assert study.contenders["function"].learns
    assert not study.contenders["model"].learns
    assert study.contenders["model"].build(TASK, nnx.Rngs(3)) is model
    assert study.targets["clip"].circuit().state_names == ("C1",)
    told = [facts.plain(study.contenders[name]) for name in ("model", "other")]
    assert told[0] != told[1]  # other weights: another run
    trial.check(study, study.presets[WHOLE])
    with pytest.raises(DescriptionError, match=r"contenders.gru: is the class GRU: give a function"):
        described({"gru": cn.recurrent.GRU})


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (fails, "KeyError: 'mine'"),
        (two_inputs, "the shape"),
        (two_outputs, "gives 2 signals, the target has 1"),
        (lambda task, rngs: 5, "gives a int and no model"),
        (Contender(plain), "matched to circuit states, and a GRU has none"),
    ],
)
def test_what_cannot_be_trained_is_told_before(made, says):
    study = described({"good": plain, "bad": made}).study()
    with pytest.raises(ValueError, match=rf"^contender bad on target clip: .*{says}"):
        trial.check(study, study.presets[WHOLE])


def test_a_budget_that_no_network_fits_into():
    study = described({"gru": {"kind": "GRU"}}, budget={"weights": 3}).study()
    with pytest.raises(ValueError, match=r"^contender gru on target clip: ValueError: 3 weights are too few"):
        trial.check(study, study.presets[WHOLE])
    with pytest.raises(DescriptionError, match=r"contenders.gru: GRU needs hidden, or a budget of weights"):
        described({"gru": {"kind": "GRU"}})
    with pytest.raises(DescriptionError, match=r"contenders.gru: GRU would have 3e\+14 numbers to learn"):
        described({"gru": {"kind": "GRU", "hidden": 10**7}})


def test_a_study_of_nothing_is_refused():
    with pytest.raises(DescriptionError, match=r"nothing to compute: gru cannot learn under TF"):
        described({"gru": {"kind": "GRU", "hidden": 2}}, regimes=["TF"])
    both = described({"gru": {"kind": "GRU", "hidden": 2}, "stn": {"kind": "STN"}}, regimes=["TF"]).study()
    assert both.left_out(both.presets[WHOLE]) == [
        "gru cannot learn under TF: true states are shown there, or it is for others only"
    ]


def test_windows_have_to_fit_into_what_is_played():
    study = described({"gru": plain}).study()
    preset = dataclasses.replace(study.presets[WHOLE], length=900, warmup=100)
    for samples, fits in ((1000, True), (999, False)):
        sound = Signals({"train": np.zeros(samples)}, "x", {})
        if fits:
            trial.check_length(study, preset, sound)
        else:
            with pytest.raises(ValueError, match=r"windows of 1000 samples .* are longer than the recordings of 999"):
                trial.check_length(study, preset, sound)


def test_values_of_numpy_and_paths_are_those_of_a_file(tmp_path):
    (tmp_path / "low.cir").write_text("Low\nVin in 0 0\nR1 in out {1k+9k*k}\nC1 out 0 22n\n.param k=0.5")
    table = {"contenders": {"gru": {"kind": "GRU", "hidden": np.int64(2)}}, "seeds": np.int32(2)}
    table["targets"] = {"low": {"circuit": tmp_path / "low.cir", "knobs": {"k": np.linspace(0, 1, 3)}}}
    description = Description.of(table, "x")
    assert description.is_plain
    study = description.study()
    assert study.presets[WHOLE].seeds == 2
    assert study.targets["low"].positions == Positions.grid(k=[0, 0.5, 1])
