"""Which .npz are of PyTorch: told by the names in them, before what reads them is imported."""

import os

from circuitnn.archive import opened_archive


def is_torch(path: str | os.PathLike) -> bool:
    """Whether a file is a .npz of weights by PyTorch's names."""
    try:
        with opened_archive(path) as archive:
            return "lin.weight" in archive.shapes
    except (OSError, ValueError):
        return False
