"""What names the folder of a run: the same in every process, another one where something else is computed."""

import dataclasses
import functools
import subprocess
import sys

import numpy as np
import pytest

from circuitnn import circuits
from circuitnn.recurrent import GRU
from circuitnn.study import Contender, Positions, Target, TrainingRegime, network
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


def test_recordings_are_known_by_their_files(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"1234")
    recorded = study(target=Target("of mine", None, recordings=str(tmp_path)))
    before = facts(recorded, PRESET)
    assert facts(recorded, PRESET) == before
    (tmp_path / "a.wav").write_bytes(b"12345")
    assert facts(recorded, PRESET) != before


@pytest.mark.parametrize("value", [object(), np.zeros(3), {"a": [1, (2.0, None)]}, print, TruncatedBPTT])
def test_nothing_has_an_address(value):
    assert " at 0x" not in repr(plain(value))
