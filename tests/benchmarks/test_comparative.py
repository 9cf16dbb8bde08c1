"""The comparative study: sizes of its networks, its grid, and what it says beside the published ranking."""

import numpy as np
import pytest
from flax import nnx

from benchmarks.comparative import findings
from benchmarks.comparative.__main__ import STUDY
from benchmarks.comparative.contenders import FIVE
from benchmarks.comparative.published import ESR
from benchmarks.comparative.targets import EFFECTS, SIMIONATO, TARGETS
from circuitnn.recurrent import Scaling
from circuitnn.study import Records, Task, report
from circuitnn.study.contenders import numbers_of
from circuitnn.study.hypotheses import write_down


@pytest.mark.parametrize(("name", "weights"), [("LSTM", 813), ("S4D", 643), ("WaveNet 18 x 16", 43_265)])
def test_networks_have_the_sizes_of_the_studies(name, weights):
    knobs = ("a",) if "x" in name else ("a", "b")
    task = Task(1, knobs, (), None, Scaling(np.ones(1), np.ones(1), None), 48_000)
    model = nnx.eval_shape(lambda: STUDY.contenders[name].build(task, nnx.Rngs(0)))
    assert numbers_of(model) == weights


def test_presets_name_what_there_is():
    assert sorted(SIMIONATO) == sorted(name for names in EFFECTS.values() for name in names)
    assert set(EFFECTS) == set(ESR)
    assert all(set(table) == set(FIVE) for table in ESR.values())
    for preset in STUDY.presets.values():
        for job in STUDY.jobs(preset):
            assert job.circuit in STUDY.targets
            assert job.model in STUDY.contenders
            assert job.regime in STUDY.regimes
        targets = [TARGETS[name] for name in STUDY.targets_of(preset)]
        assert max(len(target.positions.seen) for target in targets) <= preset.pieces
    for name in SIMIONATO:
        assert len(TARGETS[name].positions.seen) + len(TARGETS[name].positions.unseen) in (5, 9)


def rows(order=1):
    """Each model has its published error on each effect, or with order -1 the one of the opposite place."""
    found = []
    for effect, circuits in EFFECTS.items():
        ranked = sorted(ESR[effect], key=ESR[effect].__getitem__)
        for model, other in zip(ranked, ranked[::order], strict=True):
            for circuit in circuits:
                esr = ESR[effect][other]
                parts = [
                    {"recording": "guitar", "level": "0", "position": f"k {k}", "condition": kind, "energy": 1.0}
                    for k, kind in ((0, "unseen music"), (1, "unseen music"), (0.5, "unseen position"))
                ]
                parts = [part | {"esr": esr * (3 if "pos" in part["condition"] else 1)} for part in parts]
                row = {"circuit": circuit, "model": model, "regime": "tuned", "seed": 0, "states": 0, "parts": parts}
                found.append(row | {"esr_free_running": esr, "parameters": 800})
    return found


@pytest.mark.parametrize(("order", "tau"), [(1, "+1.00"), (-1, "-1.00")])
def test_rankings_stand_beside_the_published_ones(order, tau, tmp_path):
    header = {"description": write_down(STUDY.hypotheses, tmp_path, "2026-01-01")}
    records = Records.of({"header": header, "rows": rows(order)})
    told = findings.findings(records)
    overdrive = next(sentence for sentence in told if sentence.startswith("overdrive"))
    assert "Published order: LSTM, S4D, S6, LRU, ED" in overdrive
    assert f"tau {tau}" in overdrive
    assert "(Friedman)" in overdrive
    left_out = next(sentence for sentence in told if "the one left out" in sentence)
    low, high = (
        float(word.replace("−", "-"))
        for word in left_out.split()
        if word.replace("−", "").startswith(("2", "3", "4", "1", "5", "6", "7")) and "e" in word
    )
    assert high == pytest.approx(3 * low, rel=0.1)
    page = report.render(records, dict.fromkeys(("error", "bias", "horizon", "waveforms"), ()), STUDY)
    assert "LSTM ahead of S4D on overdrive and equaliser" in page
    assert "unseen position" in page
