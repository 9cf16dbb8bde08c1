"""What is wrong with the tables of a study, each fault in one line and before JAX is imported."""

import pytest

from circuitnn.settings import arguments_of, class_of
from circuitnn.study import MORE_REGIMES, DescriptionError, known, netlists, regimes
from circuitnn.study.contenders import _OF_THE_TASK

GOOD = """
seeds = 1
volts = 2.0
budget = {updates = 2}
training = {batch = 4, length = 128, warmup = 32}
material = {kinds = ["guitar"], seconds = 0.3, validation = 0.2, test = 0.3}
regimes = ["TBPTT"]
[contenders]
gru = {kind = "GRU", hidden = 2}
lstm = "lstm-2"
[targets]
clip = {circuit = "diode_clipper"}
low = {circuit = "low.cir", knobs = {k = [0, 1], l = 0.5}, unseen = [{k = 0.5, l = 1}], gains_db = [-12]}
[[hypotheses]]
name = "h"
lower = {model = "gru"}
higher = {model = "lstm"}
[presets.small]
seeds = 1
[search]
rates = [1e-3]
"""
NETLIST = "Low pass\nVin in 0 0\nR1 in out {1k+9k*k+l}\nC1 out 0 22n\n.param k=0.5 l=0.5"
SMALL = "[presets.small]\nseeds = 1"


def faults(folder, text):
    (folder / "low.cir").write_text(NETLIST)
    (folder / "x.toml").write_text(text)
    with pytest.raises(DescriptionError) as caught:
        netlists.check(folder / "x.toml")
    return [line.removeprefix(f"{folder / 'x.toml'}: ") for line in str(caught.value).splitlines()]


def test_what_is_right_passes(tmp_path):
    (tmp_path / "low.cir").write_text(NETLIST)
    (tmp_path / "x.toml").write_text(GOOD)
    netlists.check(tmp_path / "x.toml")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("seeds = 1\nvolts", "sedes = 1\nvolts", "sedes: is not known (did you mean seeds?)"),
        ("seeds = 1\nvolts", "seeds = 99999\nvolts", "seeds: has to be above 0 and at most"),
        ("volts = 2.0", "volts = nan", "volts: has to be a finite number"),
        ("{updates = 2}", "{updates = 2, weights = 9, operations = 9}", "budget: says both weights and operations"),
        ("batch", "bach", "training.bach: is not known (did you mean batch?)"),
        ('"guitar"', '"gitar"', "material: no kind 'gitar' (did you mean guitar?)"),
        ("test = 0.3", "seed = -1", "material: seed has to be 0 or above"),
        ('kinds = ["guitar"]', 'files = ["nowhere"]', "material.files: nowhere: no such file or folder"),
        ('kinds = ["guitar"]', 'test_files = ["a"]', "material: says which files are for the test"),
        ('["TBPTT"]', '["TBTT"]', "regimes.TBTT.regime: there is no 'TBTT' (did you mean TBPTT?)"),
        ('["TBPTT"]', '"TBPTT"', "regimes: has to be a list of names or a table"),
        ('["TBPTT"]', "[]", "regimes: there is none"),
        ('["TBPTT"]', '["TF", "TF"]', "regimes: names 'TF' 2 times"),
        ('["TBPTT"]', '{a = {schedule = "cos"}}', "regimes.a.schedule: there is no 'cos'"),
        ('"GRU"', '"gruu"', "contenders.gru: no network 'gruu' is known (did you mean GRU?)"),
        ("hidden = 2", "hiden = 2", "contenders.gru: GRU has no setting hiden (did you mean hidden?)"),
        ("hidden = 2", "rate = 2", "contenders.gru.rate: has to be below 1"),
        ("kind =", "knid =", "contenders.gru: has to have one of the keys kind, recipe, file; got knid"),
        ('"lstm-2"', "2", "contenders.lstm: has to be a table, got 2"),
        ('"lstm-2"', '"lsmt-2"', "contenders.lstm: there is no model 'lsmt-2'"),
        ("gru =", "nodal =", "contenders.nodal: the nodal model"),
        ("gru =", '"a|b" =', "contenders: names are texts"),
        ("circuit = ", "circiut = ", "targets.clip: has to have one of the keys circuit, folder; got circiut (did you"),
        ('"diode_clipper"', '""', "targets.clip: an empty name: no such file"),
        ('"diode_clipper"', '"diode_clipper", inputs = ["V"]', "targets.clip.inputs"),
        ("k = [0, 1]", "k = []", "targets.low.knobs: k: names no position"),
        ("k = [0, 1]", "k = [true]", "targets.low.knobs: k: positions are finite numbers"),
        ("k = [0, 1]", 'k = "one"', "targets.low.knobs: k: positions are finite numbers"),
        ("k = [0, 1]", "k = 0, K = 1", "targets.low.knobs: k is there twice"),
        ("[{k = 0.5, l = 1}]", "[{k = '1', l = 1}]", "targets.low.knobs: k: positions are finite numbers"),
        ("[{k = 0.5, l = 1}]", "[{k = 0, l = 0.5}, {k = 1, l = 0.5}]", "targets.low.knobs: unseen: all positions"),
        ("knobs = {k = [0, 1], l = 0.5}, ", "", "targets.low.knobs: unseen: positions are of the knobs"),
        ("[-12]", "[-12, -12]", "targets.low.knobs: positions: gains_db has a level twice"),
        ("[-12]", "[900]", "targets.low.knobs: positions: gains_db are from"),
        ("[-12]", "[-12], set = {K = 0.5}", "targets.low.set: K stands still here"),
        ("[-12]", "[-12], outputs = ['nowhere']", "targets.low: no node named 'nowhere'"),
        ("[-12]", "[-12], outputs = ['in', 'out']", "targets.low: a study compares one input and one output"),
        ("lower =", "loewr =", "hypotheses.0.loewr: is not known (did you mean lower?)"),
        (SMALL, "[presets.small]\nsedes = 1", "presets.small.sedes: is not known"),
        (SMALL, "[presets.small]\ncontenders = ['gr']", "presets.small.contenders: there is no 'gr' (did you"),
        (SMALL, "[presets.small]\ncontenders = []", "presets.small.contenders: names none"),
        (SMALL, "[presets.small]\ntargets = ['low', 'low']", "presets.small.targets: names 'low' 2 times"),
        (SMALL, "[presets.whole]\nseeds = 1", "presets.whole: the study without a preset goes by that name"),
        ("rates =", "rate =", "search.rate: is not known (did you mean rates?)"),
    ],
)  # fmt: skip
def test_each_fault_is_told_with_what_was_meant(tmp_path, old, new, says):
    assert old in GOOD
    found = faults(tmp_path, GOOD.replace(old, new, 1))
    assert found[0].startswith(says), found
    assert len(found) <= 2  # what is misspelt may be missing too


def test_a_preset_has_seconds_in_place_of_updates(tmp_path):
    (tmp_path / "low.cir").write_text(NETLIST)
    (tmp_path / "x.toml").write_text(GOOD.replace(SMALL, "[presets.small]\nbudget = {seconds = 3}"))
    netlists.check(tmp_path / "x.toml")


def test_what_is_known_beforehand_is_what_there_is():
    for kind, settings in known.NETWORKS.items():
        assert tuple(name for name in arguments_of(class_of(kind)) if name not in _OF_THE_TASK) == settings, kind
    assert tuple(MORE_REGIMES) == known.REGIMES
    assert tuple(regimes.SCHEDULES) == known.SCHEDULES
