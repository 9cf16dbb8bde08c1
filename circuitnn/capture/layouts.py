"""Folders of recordings as public sets lay them out: what was played, what came out, the knobs, the part.

Hawley, S. H., Colburn, B., Mimilakis, S. I. (2019), "SignalTrain: profiling audio compressors with deep neural
    networks", 147th AES convention: Train, Val and Test with input_138_.wav and target_138_LA2A_3c__0__20.wav.
Wright, A., Damskägg, E.-P., Välimäki, V. (2019), "Real-time black-box modelling with recurrent neural networks",
    DAFx-19: train, val and test with ht1-input.wav and ht1-target.wav.
Pedroza, H., Meza, G., Roman, I. R. (2022), "EGFxSet: electric guitar tones processed through real effects", ISMIR
    late-breaking: Clean/Bridge/1-0.wav beside a folder of the same names for each effect.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from circuitnn.audio.files import SUFFIXES
from circuitnn.capture.knob_table import NAME, Row, read_table
from circuitnn.capture.take import PARTS, TakeError

SPLITS = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
PLAYED, RECORDED = ("input", "in", "dry", "clean"), ("target", "output", "out", "wet")
LA2A = ("mode", "peak_reduction")  # the knobs in SignalTrain's names; the second goes to 100
_FILE = re.compile(
    rf"(?:(?P<device>.+?)[-_ .])?(?P<role>{'|'.join((*PLAYED, *RECORDED))})(?:[-_ .](?P<more>.*))?", re.I
)
WANTED = (
    f"a folder has a {NAME}, or files such as input.wav and output.wav, or name-input.wav and name-target.wav, also in "
    "folders train, val and test, or two folders dry and wet with files of the same names"
)


def read_folder(path: Path, device: str | None = None) -> list[Row]:
    """The recordings of a folder: those of its table, or as one of the public sets has them.

    Args:
        path: of the folder, or of a table.
        device: the one whose files are meant, where their names begin with those of several.

    Raises:
        TakeError: for a folder that has none, and for files that have nothing that they belong to.
    """
    if not path.is_dir() or (path / NAME).exists():
        if device is not None:
            raise TakeError(f"{path}: a table is of one device, which needs no name, got {device!r}")
        return read_table(path)
    folders = {one.name.lower(): one for one in sorted(path.iterdir()) if one.is_dir()}
    split = {SPLITS[name]: folder for name, folder in folders.items() if name in SPLITS}
    if "train" in split or "test" in split:
        missing = [part for part in PARTS if part not in split]
        if missing:
            raise TakeError(f"{path}: has folders for {', '.join(split)} and none for {', '.join(missing)}")
        rows = [row._replace(part=part) for part in PARTS for row in _of_one_device(split[part], device)]
        return _checked(path, rows)
    if any(one.suffix.lower() in SUFFIXES for one in path.iterdir()):
        return _checked(path, _of_one_device(path, device))
    if device is not None:
        raise TakeError(f"{path}: its files are not named after devices, got {device!r}")
    clean = path.parent / "Clean"
    played = next((folders[name] for name in PLAYED if name in folders), None)
    recorded = next((folders[name] for name in RECORDED if name in folders), None)
    if played is None and recorded is None and clean.is_dir() and clean.resolve() != path.resolve():
        played, recorded = clean, path
    if played is None or recorded is None:
        raise TakeError(f"{path}: no recordings are found there; {WANTED}")
    return _same_names(path, played, recorded)


def _sounds(folder: Path) -> Iterator[Path]:
    return (one for one in sorted(folder.rglob("*")) if one.suffix.lower() in SUFFIXES and not one.name.startswith("."))


def _same_names(path: Path, played: Path, recorded: Path) -> list[Row]:
    """Two folders, in which files of the same name belong together."""
    there = {one.relative_to(played).with_suffix(""): one for one in _sounds(played)}
    rows = []
    for one in _sounds(recorded):
        name = one.relative_to(recorded).with_suffix("")
        if name not in there:
            raise TakeError(f"{one}: there is no file of that name in {played}, of what was played")
        rows.append(Row(str(there[name]), str(one), {}))
    if not rows:
        raise TakeError(f"{path}: no sound files are in {recorded}")
    return rows


def _of_one_device(folder: Path, device: str | None) -> list[Row]:
    """Files of one folder whose names say what they are."""
    found: dict[str, dict[bool, dict[str, Path]]] = {}
    for one in sorted(folder.iterdir()):
        told = _FILE.fullmatch(one.stem.rstrip("_")) if one.suffix.lower() in SUFFIXES else None
        if told:
            number = re.match(r"\d+", told["more"] or "")
            take = number.group() if number else (told["more"] or "").lower()
            side = found.setdefault(told["device"] or "", {True: {}, False: {}})[told["role"].lower() in PLAYED]
            if take in side:
                raise TakeError(f"{one}: is of the same take as {side[take].name}")
            side[take] = one
    if not found:
        raise TakeError(f"{folder}: no recordings are found there; {WANTED}")
    if device is not None and device not in found:
        raise TakeError(f"{folder}: has no files of {device!r}; there are {', '.join(map(repr, found))}")
    if device is None and len(found) > 1:
        raise TakeError(f"{folder}: has files of {', '.join(map(repr, found))}: say which is meant (device)")
    sides = found[next(iter(found)) if device is None else device]
    for here, others in ((True, False), (False, True)):
        for take, one in sides[here].items():
            if take not in sides[others]:
                raise TakeError(f"{one}: there is no {'recording of it' if here else 'file of what was played'}")
    return [Row(str(one), str(sides[False][take]), _knobs(sides[False][take])) for take, one in sides[True].items()]


def _knobs(recorded: Path) -> Mapping[str, float]:
    """Those that a file name of SignalTrain says; none of others."""
    device, *values = recorded.stem.split("__")
    if "la2a" not in device.lower() or len(values) != len(LA2A):
        return {}
    try:
        mode, reduction = (float(value) for value in values)
    except ValueError:
        raise TakeError(f"{recorded}: ends with the mode, 0 or 1, and the peak reduction, 0 to 100") from None
    if not (0 <= mode <= 1 and 0 <= reduction <= 100):
        raise TakeError(f"{recorded}: the mode is 0 or 1, the peak reduction 0 to 100, got {mode:g} and {reduction:g}")
    return dict(zip(LA2A, (mode, reduction / 100), strict=True))


def _checked(path: Path, rows: list[Row]) -> list[Row]:
    if len({tuple(row.knobs) for row in rows}) > 1:
        raise TakeError(f"{path}: some files say where knobs were, and others do not")
    return rows
