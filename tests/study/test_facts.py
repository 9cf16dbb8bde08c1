"""What names the folder of a run: the same in every process, another one where something else is computed."""

import dataclasses
import functools
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from circuitnn import circuits
from circuitnn.recurrent import GRU
from circuitnn.study import Contender, Positions, Target, TrainingRegime, network, saved
from circuitnn.study.facts import facts, plain
from circuitnn.train import TruncatedBPTT
from tests.study.test_study import STUDY

PRESET = STUDY.presets["small"]
PRINTED = "from tests.study.test_study import STUDY; from circuitnn.study.facts import facts"


def sized(hidden):
    return Contender(lambda task, rngs: GRU(hidden, scaling=task.scaling, rngs=rngs), matched="none")


def study(*, target=None, contender=None, regime=None, **more):
    targets = {"low-pass": target or STUDY.targets["low-pass"]}
    regimes = {**STUDY.regimes, **({} if regime is None else {"TBPTT": regime})}
    contenders = {"mine": STUDY.contenders["mine"], "GRU/2": contender or STUDY.contenders["GRU/2"]}
    return dataclasses.replace(STUDY, targets=targets, contenders=contenders, regimes=regimes, **more)


CHANGES = {
    "circuit": study(target=Target("Low pass", circuits.diode_clipper)),
    "knobs": study(target=Target("Low pass", STUDY.targets["low-pass"].circuit)),
    "positions": study(
        target=Target("Low pass", STUDY.targets["low-pass"].circuit, positions=Positions(({"k": 0.1}, {"k": 0.2})))
    ),
    "volts": study(volts=1.0),
    "size": study(contender=sized(2)),
    "another size": study(contender=sized(3)),
    "by name": study(contender=network("GRU", hidden=2)),
    "by name, larger": study(contender=network("GRU", hidden=3)),
    "regime": study(regime=TrainingRegime("by MSE", TruncatedBPTT, loss="mse")),
    "its patience": study(regime=TrainingRegime("by MSE", TruncatedBPTT, loss="mse", patience=3)),
    "its windows": study(regime=TrainingRegime("by MSE", functools.partial(TruncatedBPTT, blocks=2), loss="mse")),
}


def test_each_change_is_another_computation():
    found = {name: repr(facts(changed, PRESET)) for name, changed in CHANGES.items()}
    found["as it was"] = repr(facts(STUDY, PRESET))
    assert len({*found.values()}) == len(found)


def test_titles_of_the_study_are_no_other_computation():
    assert facts(study(title="Another", about="It."), PRESET) == facts(STUDY, PRESET)


def test_facts_are_those_of_every_process():
    code = f"{PRINTED}; print(repr(facts(STUDY, STUDY.presets['small'])))"
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert there.strip() == repr(facts(STUDY, PRESET))


def test_recordings_are_known_by_their_table_and_files(tmp_path):
    (tmp_path / "in.wav").write_bytes(b"1234")
    (tmp_path / "out.wav").write_bytes(b"1234")
    table = tmp_path / "mine.csv"
    table.write_text("input,output,drive\nin.wav,out.wav,0.5\n")
    recorded = study(target=Target("of mine", None, recordings=str(table), knobs=("drive",)))
    found = [facts(recorded, PRESET), facts(recorded, PRESET)]
    assert found[0] == found[1]
    (tmp_path / "out.wav").write_bytes(b"12345")
    found.append(facts(recorded, PRESET))
    table.write_text("input,output,drive\nin.wav,out.wav,0.6\n")
    found.append(facts(recorded, PRESET))
    assert len({repr(each) for each in found}) == 3


def test_a_capture_is_known_by_its_file(tmp_path):
    before = facts(study(contender=saved(tmp_path / "a.nam")), PRESET)
    (tmp_path / "a.nam").write_bytes(b"1234")
    assert facts(study(contender=saved(tmp_path / "a.nam")), PRESET) != before


def closing_over(value):
    def build(task, rngs):
        return build, value, later

    if value is None:
        later = 1  # and else there is nothing there yet
    return build


def test_functions_may_close_over_themselves():
    one, same, other, empty = (plain(closing_over(value)) for value in (1, 1, 2, None))
    assert one == same
    assert len({repr(one), repr(other), repr(empty)}) == 3
    holds = [1]
    holds.append(holds)
    assert plain(holds) == (1, ("around", "builtins.list"))


VALUES = [
    {1, 2},
    {1, 3},
    np.zeros(2),
    jnp.ones(2),
    np.float32(1.0),
    sized(1).build,
    sized(2).build,
    Path("a"),
    Path("b"),
]
VALUES += [GRU(2, rngs=nnx.Rngs(seed)) for seed in (0, 1)]
VALUES += [jax.random.key(seed) for seed in (0, 1)]


def test_values_are_told_apart():
    assert len({repr(plain(value)) for value in VALUES}) == len(VALUES)
    assert plain({3, 1, 2}) == plain({2, 3, 1})


@pytest.mark.parametrize(
    "value", [object(), np.zeros(3), {"a": [1, (2.0, None)]}, print, TruncatedBPTT, {object()}, np.array([{}])]
)
def test_nothing_has_an_address(value):
    assert " at 0x" not in repr(plain(value))
