"""Folders of recordings as public sets have them: which file is what, and all that can be missing."""

from pathlib import Path

import pytest

from circuitnn.capture import TakeError, read_folder


def made(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def told(folder, device=None):
    return [
        (Path(row.played).relative_to(folder.parent).as_posix(), Path(row.recorded).name, dict(row.knobs), row.part)
        for row in read_folder(folder, device)
    ]


def test_signaltrain(tmp_path):
    folder = made(tmp_path / "LA2A", *(
        f"{part}/{name}"
        for part, number in (("Train", 138), ("Val", 140), ("Test", 142))
        for name in (f"input_{number}_.wav", f"target_{number}_LA2A_3c__1__{number - 100}.wav", ".input_1_.wav")
    ), "Train/notes.txt")  # fmt: skip
    assert told(folder) == [
        (f"LA2A/{folder}/input_{number}_.wav", f"target_{number}_LA2A_3c__1__{number - 100}.wav",
         {"mode": 1.0, "peak_reduction": (number - 100) / 100}, part)
        for folder, number, part in (("Train", 138, "train"), ("Val", 140, "validation"), ("Test", 142, "test"))
    ]  # fmt: skip


def test_wright(tmp_path):
    names = [f"{part}/{name}-{role}.wav" for part in ("train", "val", "test") for name in ("ht1", "muff")
             for role in ("input", "target")]  # fmt: skip
    folder = made(tmp_path / "Data", *names)
    assert told(folder, "muff") == [
        (f"Data/{part}/muff-input.wav", "muff-target.wav", {}, kind)
        for part, kind in (("train", "train"), ("val", "validation"), ("test", "test"))
    ]
    with pytest.raises(TakeError, match=r"files of 'ht1', 'muff': say which"):
        read_folder(folder)
    with pytest.raises(TakeError, match=r"no files of 'fuzz'; there are 'ht1', 'muff'"):
        read_folder(folder, "fuzz")


def test_effects_beside_the_clean_tones(tmp_path):
    made(tmp_path, "Clean/Bridge/1-0.wav", "Clean/Neck/1-0.wav", "RAT/Bridge/1-0.wav", "RAT/Neck/1-0.wav")
    assert told(tmp_path / "RAT") == [("Clean/Bridge/1-0.wav", "1-0.wav", {}, None),
                                      ("Clean/Neck/1-0.wav", "1-0.wav", {}, None)]  # fmt: skip
    made(tmp_path, "RAT/Neck/1-1.wav")
    with pytest.raises(TakeError, match="no file of that name"):
        read_folder(tmp_path / "RAT")


def test_two_folders_and_two_files(tmp_path):
    folder = made(tmp_path / "a", "DRY/x.wav", "WET/x.flac")
    assert told(folder) == [("a/DRY/x.wav", "x.flac", {}, None)]
    folder = made(tmp_path / "b", "input.wav", "output.wav", "model.nam")
    assert told(folder) == [("b/input.wav", "output.wav", {}, None)]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["x.txt"], "no recordings are found"),
        (["x.wav"], "no recordings are found"),
        (["input.wav"], "no recording of it"),
        (["target_1_.wav"], "no file of what was played"),
        (["input.wav", "input.flac", "output.wav"], "of the same take"),
        (["train/input.wav", "train/output.wav"], "none for validation, test"),
        (["dry/a.wav"], "no recordings are found"),
        (["dry/a.wav", "wet/a.txt"], "no sound files"),
        (["input_1_.wav", "target_1_LA2A__0__200.wav"], "0 to 100"),
        (["input_1_.wav", "target_1_LA2A__0__x.wav"], "0 to 100"),
        (["input_1_.wav", "target_1_LA2A__0__2.wav", "input_2_.wav", "target_2_.wav"], "some files say"),
    ],
)
def test_what_is_missing_is_said(tmp_path, names, says):
    with pytest.raises(TakeError, match=says) as caught:
        read_folder(made(tmp_path / "a", *names))
    assert str(tmp_path) in str(caught.value)
