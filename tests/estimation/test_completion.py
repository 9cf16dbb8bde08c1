"""What a circuit leaves of a recording is learnt, by what can learn it, and kept as a model that plays."""

import json

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.estimation.remainder import put_to_the_input, remainder
from circuitnn.estimation.whole_chain import Lateness
from tests.estimation.recorded import CLIPPER, FS, played

complete = cn.train.complete


@pytest.fixture(scope="module")
def music():
    return 4.5 * cn.audio.guitar(3.0, FS, seed=3)


@pytest.fixture(scope="module")
def completed(music):
    """A clipper whose output goes through a curve that the circuit does not have."""
    circuit = cn.nodal.NodalModel(CLIPPER, FS, oversampling=2)
    y = played(CLIPPER, music)
    y = y + 0.5 * y**2 - 0.5 * np.mean(y**2)
    return (*complete(circuit, music, y, seconds=30.0, epochs=25, progress=False), y)


@pytest.mark.slow
def test_the_network_beside_learns_it(completed):
    _, report, _ = completed
    rows = {row.name: row for row in report.contenders}
    assert report.chosen == "network beside"
    assert rows["network beside"].esr_held_out < 0.7 * rows["circuit"].esr_held_out
    assert rows["black box"].esr_held_out > rows["network beside"].esr_held_out
    assert 0.5 < rows["black box"].weights / rows["network beside"].weights < 2
    assert "network beside" in str(report)
    json.dumps(report.to_dict())


@pytest.mark.slow
def test_the_model_streams_is_saved_and_exports(completed, music, tmp_path):
    model, _, _ = completed
    x = music[:600]
    _, whole = cn.run(model, x)
    carry, first = cn.run(model, x[:251])
    _, second = cn.run(model, x[251:], carry=carry)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, rtol=1e-5, atol=1e-6)
    cn.train.save(model, tmp_path / "model.npz")
    _, again = cn.run(cn.train.restore(tmp_path / "model.npz"), x)
    np.testing.assert_array_equal(again, whole)
    cn.export.c(model, tmp_path / "model.h")
    assert "#include <math.h>" in (tmp_path / "model.h").read_text()


def test_what_a_late_recording_lacks_at_its_end_is_not_counted(music):
    """The device's answer to the last samples was not recorded."""
    lateness = Lateness(-300.4, 20e-6, -1)
    y, there = put_to_the_input(lateness, lateness.recorded(music))
    assert len(music) - 360 < there < len(music) - 340
    np.testing.assert_allclose(y[400:there], -music[400:there], atol=2e-3)
    circuit = cn.nodal.NodalModel(CLIPPER, FS)
    assert remainder(circuit, music, y, 1.0, there).held_out == slice(len(music) - FS, there)


def test_bad_recordings_are_refused(music):
    circuit = cn.nodal.NodalModel(CLIPPER, FS)
    with pytest.raises(ValueError, match="equal lengths"):
        complete(circuit, music, music[:-1])
    with pytest.raises(ValueError, match="epochs"):
        complete(circuit, music, music, epochs=0)
    with pytest.raises(ValueError, match="one channel"):
        complete(circuit, np.stack([music, music], -1), music)
