"""The formats of players by name: which of them a file has, and one door for all."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, final

from circuitnn.export.aidax_file import aidax, read_aidax
from circuitnn.export.nam_file import nam, read_nam
from circuitnn.export.proteus_json import proteus, read_proteus
from circuitnn.export.rtneural_json import read_rtneural, rtneural
from circuitnn.export.strangers import FormatError, record_of, shown
from circuitnn.export.torch_arrays import read_torch, torch
from circuitnn.export.torch_file import is_torch
from circuitnn.model import Model


@final
class Format(NamedTuple):
    """A format: whose it is, how its files end, what writes and what reads it."""

    title: str
    suffix: str
    write: Callable[..., Path]
    read: Callable[..., Model]


FORMATS = {
    "nam": Format("Neural Amp Modeler", ".nam", nam, read_nam),
    "aidax": Format("AIDA-X", ".aidax", aidax, read_aidax),
    "rtneural": Format("RTNeural", ".json", rtneural, read_rtneural),  # before others of its suffix: what .json means
    "proteus": Format("Proteus (CoreAudioML)", ".json", proteus, read_proteus),
    "torch": Format("weights by PyTorch's names", ".npz", torch, read_torch),
}
_AIDAX_KEYS = ("in_skip", "in_gain", "out_gain", "input_batch")
_TOLD = ("name", "author", "modeled_by", "gear_make", "gear_model", "gear_type", "tone_type", "license", "loudness")


def format_of(path: str | os.PathLike) -> str:
    """The format of a file, by what is in it; a key of `FORMATS`.

    Raises:
        FormatError: for a file that cannot be read, or is of none of them.
    """
    if Path(path).suffix.lower() == ".npz":
        if is_torch(path):
            return "torch"
        raise FormatError(f"{path}: no weights by PyTorch's names; circuitnn.train.restore reads what was saved")
    record = record_of(path)
    if "architecture" in record:
        return "nam"
    if "model_data" in record:
        return "proteus"
    if "layers" in record:
        return "aidax" if any(key in record for key in _AIDAX_KEYS) else "rtneural"
    raise FormatError(f"{path}: no file of a player: neither of {', '.join(FORMATS)}")


def read(path: str | os.PathLike, *, width: float | None = None) -> Model:
    """The model in a file of a player, whichever format it has: .nam, .aidax, .json, .npz.

    Args:
        path: of the file.
        width: of a .nam container of several sizes, see `read_nam`; the widest when None.

    Raises:
        FormatError: for a file that is damaged, too large or something else; says where. For a width of another format.
    """
    form = format_of(path)
    if width is None:
        return FORMATS[form].read(path)
    if form != "nam":
        raise FormatError(f"{path}: a width is for a .nam of several sizes; this is a file of {FORMATS[form].title}")
    return read_nam(path, width=width)


def told_by(path: str | os.PathLike) -> dict[str, str]:
    """What a file says of itself, each shortened to a harmless word: name, author, loudness and such."""
    if Path(path).suffix.lower() == ".npz":
        return {}
    metadata = record_of(path).record("metadata")
    return {key: shown(metadata.fields[key]).strip("'\"") for key in _TOLD if key in metadata}
