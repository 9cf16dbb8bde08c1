"""A checkpoint belongs to one training, one run has it, and whatever stops a run leaves what is needed to go on."""

import errno
import functools
import json
import signal
import threading

import numpy as np
import optax
import pytest

from circuitnn.files import owned
from circuitnn.losses import esr, mse, weighted
from circuitnn.train import (
    CheckpointError,
    Dataset,
    Interrupted,
    InTurn,
    ScheduledSampling,
    TeacherForcing,
    TruncatedBPTT,
    checkpoint,
    epoch,
    fit,
    resuming,
)
from tests.models import Gain, Leaky

SHORT = {"length": 64, "warmup": 16}
FREE = TruncatedBPTT(**SHORT)


def scaled(factor):
    return lambda y, target: factor * mse(y, target)


@pytest.fixture(scope="module")
def train(data):
    """`fit` as these tests call it, with what is changed."""

    def call(file, **changed):
        options = {
            "model": Leaky(0.5),
            "data": data,
            "regime": FREE,
            "optimizer": optax.adam(0.02, b1=0.9),
            "loss": scaled(1.0),
            "epochs": 4,
            "batch": 8,
            "checkpoint": file,
            "checkpoint_seconds": 0.0,
            "progress": False,
        }
        model, signals, regime, *_ = (options | changed).values()
        rest = {name: value for name, value in (options | changed).items() if name not in ("model", "data", "regime")}
        return fit(model, signals, regime, **rest)

    return call


@pytest.fixture(scope="module")
def finished(train, tmp_path_factory):
    file = tmp_path_factory.mktemp("finished") / "run.npz"
    return file, train(file)


def changed(data, **fields):
    parts = {name: getattr(data, name) for name in ("x", "y", "states", "initial", "controls", "fs")}
    return Dataset(**(parts | fields))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda _: {"optimizer": optax.adam(0.03, b1=0.9)}, r"optimizer \(0\.02 became 0\.03\)\)"),
        (lambda _: {"optimizer": optax.adam(0.02, b1=0.8)}, "optimizer"),
        (lambda _: {"optimizer": optax.adam(optax.exponential_decay(0.02, 10, 0.9))}, "optimizer"),
        (lambda _: {"optimizer": optax.chain(optax.clip(1.0), optax.adam(0.02))}, "optimizer"),
        (lambda _: {"optimizer": optax.inject_hyperparams(optax.adam)(0.02)}, "optimizer"),
        (lambda _: {"loss": scaled(2.0)}, "loss"),
        (lambda _: {"loss": functools.partial(weighted((1.0, esr)))}, "loss"),
        (lambda _: {"state_weight": 2.0}, r"state_weight \(was 1.0, is 2.0\)\)"),
        (lambda _: {"batch": 9}, r"batch \(was 8, is 9\)\)"),
        (lambda _: {"seed": 1}, r"seed \(was 0, is 1\)\)"),
        (lambda _: {"regime": TruncatedBPTT(length=64, warmup=17)}, "regime"),
        (lambda _: {"model": Leaky(0.6)}, r"model: pole \(was 0.5, is 0.6\d*\), initial weights\)"),
        (lambda _: {"model": [Leaky(0.5)]}, r"models \(was one, is a list of 1\)\)"),
        (lambda d: {"data": changed(d, y=1.001 * d.y)}, "data: y"),
        (lambda d: {"data": changed(d, initial=d.initial + 0.1)}, "data: initial"),
        (lambda d: {"data": changed(d, fs=44_100)}, "data: fs"),
        (lambda d: {"validation": d}, r"validation \(was none, is given\)\)"),
        (lambda _: {"validation_every": 2}, r"validation_every \(was None, is 2\)\)"),
        (lambda _: {"validation_seconds": 9}, r"validation_seconds \(was 4.0, is 9.0\)\)"),
        (lambda _: {"epochs": 3}, "has 4 epochs already, epochs=3 are fewer"),
    ],
)
@pytest.mark.filterwarnings("ignore::circuitnn.RateWarning")
def test_another_training_is_refused_in_words(data, train, finished, change, named):
    file, _ = finished
    if named.startswith("has"):
        named = f"run.npz: {named}"
    else:
        named = rf"run.npz: belongs to another training \(different: {named}"
    with pytest.raises(CheckpointError, match=named):
        train(file, **change(data))


def test_what_is_written_anew_and_computes_the_same_goes_on(train, finished):
    file, (model, history) = finished

    def by_another_name(prediction, aim):
        return 1.0 * mse(prediction, aim)

    again, same = train(file, loss=by_another_name, optimizer=lambda updates: optax.adam(0.02, b1=0.9))
    assert float(again.pole[...]) == float(model.pole[...])
    np.testing.assert_array_equal(same.loss, history.loss)
    assert same.seconds == history.seconds


def test_equations_of_a_model_count(train, tmp_path, monkeypatch):
    signals = Dataset(np.ones(96), np.ones(96), controls={"volume": 0.5})
    train(tmp_path / "run.npz", model=Gain(), data=signals, epochs=1)
    call = Gain.__call__
    monkeypatch.setattr(Gain, "__call__", lambda self, carry, x, controls=None: call(self, carry, 2 * x, controls))
    epoch._cached.cache_clear()  # as in another process
    with pytest.raises(CheckpointError, match=r"different: equations of the model\)"):
        train(tmp_path / "run.npz", model=Gain(), data=signals, epochs=1)


def test_more_epochs_go_on_to_the_same_bits(train, finished, tmp_path):
    whole, history = train(None, epochs=6)
    train(tmp_path / "run.npz")
    longer, same = train(tmp_path / "run.npz", epochs=6)
    assert float(longer.pole[...]) == float(whole.pole[...])
    np.testing.assert_array_equal(same.loss, history.loss)


@pytest.mark.parametrize(
    ("regime", "optimizer", "why"),
    [
        (ScheduledSampling(**SHORT), optax.adam(0.02), "ScheduledSampling.* depends on the share of all epochs"),
        (InTurn((TeacherForcing(**SHORT), 1), (FREE, 1)), optax.adam(0.02), "the regimes take turns at other epochs"),
        (FREE, lambda n: optax.adam(optax.linear_schedule(0.02, 0.0, n)), r"optimizer \(.*\), epochs \(was 4, is 6\)"),
    ],
)
def test_more_epochs_that_would_have_gone_another_way_are_refused(train, tmp_path, regime, optimizer, why):
    train(tmp_path / "run.npz", regime=regime, optimizer=optimizer)
    with pytest.raises(CheckpointError, match=why):
        train(tmp_path / "run.npz", regime=regime, optimizer=optimizer, epochs=6)


def test_one_run_has_its_file(train, finished):
    file, _ = finished
    with owned(file), pytest.raises(CheckpointError, match=r"run.npz: in use by another run \(process \d+ on "):
        train(file.parent / ".." / file.parent.name / file.name)
    train(file)


def interrupted(monkeypatch, epoch, act):
    keep = resuming.RunFile.keep

    def keep_and_act(self, learner, history, **options):
        keep(self, learner, history, **options)
        if len(history.loss) == epoch:
            monkeypatch.setattr(resuming.RunFile, "keep", keep)
            act()

    monkeypatch.setattr(resuming.RunFile, "keep", keep_and_act)


@pytest.mark.parametrize("has_file", [False, True])
def test_ctrl_c_leaves_the_model_and_the_state(train, finished, tmp_path, monkeypatch, capsys, has_file):
    file = tmp_path / "run.npz" if has_file else None
    interrupted(monkeypatch, 2, lambda: signal.raise_signal(signal.SIGINT))
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    how = "goes on from .*run.npz$" if has_file else "model of this exception"
    with pytest.raises(KeyboardInterrupt, match=f"^stopped after epoch 2 of 4; .*{how}") as caught:
        train(file, checkpoint_seconds=1e9)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert isinstance(caught.value, Interrupted)
    assert "once more stops at once" in capsys.readouterr().err
    two, _ = train(None, epochs=2)
    assert float(caught.value.model.pole[...]) == float(two.pole[...])
    assert caught.value.history.loss.shape == (2,)
    if has_file:
        assert float(train(file)[0].pole[...]) == float(finished[1][0].pole[...])


def test_a_second_ctrl_c_stops_at_once(train, monkeypatch):
    def twice():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    interrupted(monkeypatch, 1, twice)
    with pytest.raises(KeyboardInterrupt) as caught:
        train(None)
    assert not isinstance(caught.value, Interrupted)


def test_signals_of_somebody_else_and_other_threads_are_left_alone(train, monkeypatch):
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        interrupted(monkeypatch, 1, lambda: signal.raise_signal(signal.SIGINT))
        assert len(train(None)[1].loss) == 4
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [1]
    results = []
    thread = threading.Thread(target=lambda: results.append(train(None)))
    thread.start()
    thread.join()
    assert len(results) == 1


def test_a_full_disk_ends_the_write_and_not_the_run(train, finished, tmp_path, monkeypatch):
    file, (model, history) = tmp_path / "run.npz", finished[1]
    write = np.savez

    def full(target, **arrays):
        if json.loads(bytes(arrays["header"]))["epochs"] != 2:
            target.write(b"some of it")
            raise OSError(errno.ENOSPC, "No space left on device")
        write(target, **arrays)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.np, "savez", full)
        with pytest.warns(UserWarning, match=r"run.npz: cannot be written \(No space left on device\)"):
            whole, _ = train(file)
    assert float(whole.pole[...]) == float(model.pole[...])
    assert not list(tmp_path.glob("*.circuitnn"))
    again, same = train(file)  # from epoch 2
    assert float(again.pole[...]) == float(model.pole[...])
    np.testing.assert_array_equal(same.loss, history.loss)
    assert same.seconds[:2] != history.seconds[:2]


def test_the_history_is_written_once(train, tmp_path, monkeypatch):
    sizes, rest = [], tmp_path / "run.npz.history.jsonl"
    for epochs in (1, 2, 3, 40):
        train(tmp_path / "run.npz", epochs=epochs, validation=None)
        sizes.append((len(rest.read_bytes()), (tmp_path / "run.npz").stat().st_size))
    journal, state = zip(*sizes, strict=True)
    assert journal[3] > 8 * journal[0]
    assert state[3] - state[0] < 20  # digits of the numbers in it
    lines = rest.read_text().splitlines()
    assert len(lines) == 40
    assert all(len(json.loads(line)["loss"]) == 1 for line in lines)


@pytest.mark.parametrize("fault", ["missing", "shorter", "changed", "not JSON"])
def test_a_history_that_is_not_its_own_is_refused(train, finished, tmp_path, fault):
    for file in finished[0].parent.glob("run*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    journal = tmp_path / "run.npz.history.jsonl"
    text = journal.read_bytes()
    contents = {"shorter": text[:-9], "changed": text.replace(b"0.", b"1."), "not JSON": b"x" * len(text)}
    journal.unlink()
    if fault in contents:
        journal.write_bytes(contents[fault])
    with pytest.raises(CheckpointError, match=r"run.npz.history.jsonl: .* goes on with the history"):
        train(tmp_path / "run.npz")


def test_what_a_killed_run_added_is_cut_off(train, finished, tmp_path):
    train(tmp_path / "run.npz", epochs=2)
    journal = tmp_path / "run.npz.history.jsonl"
    journal.write_bytes(journal.read_bytes() + b'{"loss": [0.1], "val')
    (tmp_path / ".run.npz.abcdefgh.circuitnn").write_bytes(b"half of a state")
    _, history = train(tmp_path / "run.npz")
    np.testing.assert_array_equal(history.loss, finished[1][1].loss)
    np.testing.assert_array_equal(train(tmp_path / "run.npz")[1].loss, finished[1][1].loss)
    assert not list(tmp_path.glob(".*.circuitnn"))
