"""Studies as plain data: what a file says, all that is wrong with one, and one that runs."""

import pickle
import textwrap

import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.study import Contender, Description, DescriptionError, Positions, Runs, Target, network, within
from circuitnn.study.contenders import as_dear, by_recipe, numbers_of
from circuitnn.study.definition import Task
from circuitnn.study.description import WHOLE
from tests.study.test_study import LOW_PASS, plain

TOML = """
title = "Two networks"
seeds = 2
volts = 0.5
budget = {updates = 30}
training = {batch = 4, length = 64, warmup = 32, oversampling = 1}
material = {kinds = ["guitar", "drums"], seconds = 0.5, validation = 0.3, test = 0.4}

[contenders]
gru = {kind = "GRU", hidden = 2, rate = 0.02}
recipe = "lstm-3"

[targets]
filter = {circuit = "low.cir", knobs = {K = [0, 0.5, 1]}, unseen = [{k = 0.25}, {k = 1}], gains_db = [-12]}
clipper = {circuit = "diode_clipper", volts = 4.5}

[regimes]
TBPTT = "TBPTT"
published = {loss = "mse", schedule = "exponential", rate = 3e-4, patience = 10}

[[hypotheses]]
name = "GRU helps"
lower = {model = "gru"}
higher = {model = "recipe"}

[presets.small]
seeds = 1
contenders = ["gru"]
budget = {updates = 3}
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "low.cir").write_text(LOW_PASS)
    (tmp_path / "mine.toml").write_text(TOML)
    return tmp_path / "mine.toml"


def test_a_file_is_a_study(file):
    study = Description.read(file).study()
    assert (study.name, study.title, study.volts) == ("mine", "Two networks", 0.5)
    assert list(study.contenders) == ["gru", "recipe"]
    assert study.contenders["gru"].learning_rate == 0.02
    target = study.targets["filter"]
    assert target.knobs == ("k",)
    assert [dict(position) for position in target.positions.seen] == [{"k": 0.0}, {"k": 0.5}]
    assert [condition.where for condition in target.positions.conditions] == [
        "k 0", "k 0.5", "k 0.25", "k 1", "k 0, −12 dB", "k 0.5, −12 dB"
    ]  # fmt: skip
    assert study.targets["clipper"].volts == 4.5
    assert study.regimes["published"].rate == 3e-4
    assert study.hypotheses[0].lower == Runs(model="gru")
    whole, small = study.presets[WHOLE], study.presets["small"]
    assert (whole.seeds, whole.updates, whole.batch, whole.pieces) == (2, 30, 4, 2)
    assert (small.seeds, small.updates, small.batch, small.contenders) == (1, 3, 4, ("gru",))
    assert len(study.jobs(whole)) == 8
    assert len(study.jobs(small)) == 4


def test_a_study_of_plain_data_goes_to_other_processes_without_its_files(file):
    description = Description.read(file)
    (file.parent / "low.cir").unlink()
    again = pickle.loads(pickle.dumps(description.study()))  # noqa: S301
    assert again.targets["filter"].circuit().state_names == ("C1",)
    assert again.targets["filter"].positions == description.study().targets["filter"].positions


def test_all_faults_are_told_at_once(file):
    file.write_text(
        textwrap.dedent("""
        sedes = 2
        seeds = 0
        budget = {updates = 1, seconds = 2.0}
        material = {kinds = ["harp"]}
        [contenders]
        a = {kind = "GRUU"}
        b = {kind = "GRU", hiden = 2}
        c = "lstm-0"
        d = "nowhere.nam"
        e = {kind = "NodalModel"}
        l = {recipe = "gru-2", rate = -1}
        [targets]
        f = {circuit = "diode_cliper"}
        g = {circuit = "low.cir", knobs = {q = [0.5]}}
        h = {circuit = "low.cir", knobs = {k = [1.5]}}
        i = {circuit = "low.cir", knobs = {k = [0.5]}, unseen = [{}]}
        j = {folder = "nowhere"}
        [regimes]
        TBPT = "TBPT"
        [presets.small]
        contenders = ["z"]
        budget = {weights = 9}
    """)
    )
    with pytest.raises(DescriptionError) as caught:
        Description.read(file)
    faults = [line.removeprefix(f"{file}: ") for line in str(caught.value).splitlines()]
    assert all(line.startswith(str(file)) for line in str(caught.value).splitlines())
    for key, says in {
        "sedes": "did you mean seeds?",
        "seeds": "above 0",
        "budget": "both updates and seconds",
        "material": "no kind 'harp'",
        "contenders.a": "did you mean GRU?",
        "contenders.b": "no setting hiden",
        "contenders.c": "from 1 to",
        "contenders.d": "nowhere.nam",
        "contenders.e": "no network",
        "contenders.l.rate": "above 0",
        "targets.f": "did you mean diode_clipper",
        "targets.g.knobs": "no knob 'q'",
        "targets.h.knobs": "1.5",
        "targets.i.knobs": "has to say where k",
        "targets.j": "nowhere",
        "regimes.TBPT.regime": "there are TF",
        "presets.small.contenders": "there is no 'z'",
        "presets.small.budget.weights": "of the whole file",
    }.items():
        assert any(fault.startswith(f"{key}: ") and says in fault for fault in faults), (key, faults)
    assert len(faults) == 18


@pytest.mark.parametrize(("text", "says"), [("a = ", "no TOML"), ("", "contenders: there is none"), (None, "no such")])
def test_what_is_no_description(tmp_path, text, says):
    if text is not None:
        (tmp_path / "x.toml").write_text(text)
    with pytest.raises(DescriptionError, match=says):
        Description.read(tmp_path / "x.toml")


def test_positions_are_checked():
    for wrong, says in (
        ({"seen": ()}, "there is none"),
        ({"seen": ({"a": 0.0}, {"b": 0.0})}, "where all knobs are"),
        ({"seen": ({"a": 0.0}, {"a": 0.0})}, "twice"),
        ({"seen": ({"a": np.nan},)}, "finite"),
        ({"gains_db": (0.0,)}, "not 0"),
    ):
        with pytest.raises(ValueError, match=says):
            Positions(**wrong)
    with pytest.raises(ValueError, match="2 positions need"):
        Positions.grid(a=[0, 1]).training(1)
    assert Positions.grid(a=[0, 1]).training(3)["a"][:, 0].tolist() == [0, 1, 0]
    with pytest.raises(ValueError, match="one of the two"):
        Target("both", cn.circuits.diode_clipper, recordings="here")


@pytest.mark.parametrize(("measure", "most"), [("weights", 200), ("operations", 300)])
def test_networks_within_a_budget(measure, most):
    task = Task(1, ("k",), (), None, cn.recurrent.Scaling(np.ones(1), np.ones(1), None), 48_000.0)
    model = within(lambda n: network("GRU", hidden=n), most, measure).build(task, nnx.Rngs(0))
    larger = network("GRU", hidden=model.hidden + 1).build(task, nnx.Rngs(0))
    costs = [numbers_of(each) if measure == "weights" else each.count().operations for each in (model, larger)]
    assert costs[0] <= most < costs[1]
    with pytest.raises(ValueError, match="too few"):
        within(lambda n: network("GRU", hidden=n), 3, measure).build(task, nnx.Rngs(0))


@pytest.mark.parametrize("inputs", [1, 2])
def test_networks_that_cost_what_another_one_does(inputs):
    scaling = cn.recurrent.Scaling(np.ones(inputs), np.ones(1), None)
    task, like = Task(inputs, (), (), None, scaling, 48_000.0), by_recipe("gru-5")

    def cost(contender):
        return contender.build(task, nnx.Rngs(0)).count().operations

    found = as_dear(lambda n: network("LSTM", hidden=n), like, "operations").build(task, nnx.Rngs(0))
    assert found.in_features == inputs  # the recipe has them too
    others = [network("LSTM", hidden=found.hidden + step) for step in (-1, 1)]
    away = [abs(each - cost(like)) for each in (found.count().operations, *map(cost, others))]
    assert away[0] == min(away)
    # Weights of the same kind: the very same network.
    assert as_dear(lambda n: network("GRU", hidden=n), like, "weights").build(task, nnx.Rngs(0)).hidden == 5


def test_networks_without_a_size_have_what_the_budget_allows():
    tables = {
        "gru": {"kind": "GRU"},
        "s4d": {"kind": "Windowed", "recurrent": "S4D"},  # poles in pairs
        "own": {"kind": "GRU", "hidden": 40},
        "none": {"kind": "TCN", "channels": 2, "blocks": 2},
    }
    description = Description.of(
        {"contenders": tables, "targets": {"clipper": "diode_clipper"}, "budget": {"weights": 500}}, "sized"
    )
    task = Task(1, (), (), None, cn.recurrent.Scaling(np.ones(1), np.ones(1), None), 48_000.0)
    models = {name: one.build(task, nnx.Rngs(0)) for name, one in description.study().contenders.items()}
    assert 400 < numbers_of(models["gru"]) <= 500
    assert 390 < numbers_of(models["s4d"]) <= 500
    assert models["own"].hidden == 40
    assert len(models) == 4


@pytest.mark.slow
def test_a_study_in_one_call(tmp_path, monkeypatch):
    """A function of one's own, a saved model that learns nothing, a recorded device, positions and levels."""
    monkeypatch.chdir(tmp_path)
    fs, rng = 48_000, np.random.default_rng(0)
    for number, knob in enumerate((0.0, 0.5, 1.0)):
        x = 0.3 * cn.audio.guitar(1.5, fs, seed=number)
        cn.audio.write(f"in{number}.wav", x, fs)
        cn.audio.write(f"out{number}.wav", np.tanh((1 + knob) * x) + 1e-4 * rng.standard_normal(len(x)), fs)
    rows = [f"in{n}.wav,out{n}.wav,{knob}" for n, knob in enumerate((0.0, 0.5, 1.0))]
    (tmp_path / "table.csv").write_text("\n".join(["input,output,gain", *rows]))
    cn.train.save(cn.recurrent.GRU(2, fs=fs, rngs=nnx.Rngs(0)), "saved.npz")
    (tmp_path / "low.cir").write_text(LOW_PASS)
    records = cn.study.run(
        {"mine": Contender(plain, matched="none"), "saved": "saved.npz"},
        {
            "filter": {"circuit": "low.cir", "knobs": {"k": [0, 1]}, "unseen": [{"k": 0.5}], "gains_db": [-12.0]},
            "box": {"folder": ".", "unseen": [{"gain": 0.5}]},
        },
        seeds=1,
        budget={"seconds": 0.001},
        output="out",
        training={"batch": 2, "length": 64, "warmup": 32, "oversampling": 1},
        material={"kinds": ["guitar", "bass"], "seconds": 0.3, "validation": 0.3, "test": 0.3},
    )
    assert (tmp_path / "out" / "report.html").exists()
    assert [(row["circuit"], row["model"], row["regime"]) for row in records.rows] == [
        ("filter", "mine", "TBPTT"), ("filter", "saved", None), ("box", "mine", "TBPTT"), ("box", "saved", None)
    ]  # fmt: skip
    row, _, box, _ = records.rows
    assert row["operations"] > 0
    assert row["updates"] >= 1
    assert {(part["position"], part["condition"]) for part in row["parts"]} == {
        ("k 0", "unseen music"),
        ("k 1", "unseen music"),
        ("k 0.5", "unseen position"),
        ("k 0, −12 dB", "unseen level"),
        ("k 1, −12 dB", "unseen level"),
    }
    assert {part["recording"] for part in row["parts"]} == {"guitar", "bass"}
    assert cn.study.cells.pooled(row["parts"]) == pytest.approx(row["esr_free_running"], rel=1e-4)
    assert {part["position"] for part in box["parts"] if part["condition"] == "unseen position"} == {"gain 0.5"}
    page = (tmp_path / "out" / "report.html").read_text()
    assert "unseen position" in page
    assert "k 0.5" in page
