"""Models exported and compiled, each once for a module."""

import pytest

from circuitnn import export
from tests.export.playing import CC, Played


@pytest.fixture
def played(tmp_path):
    """played(model, **options of cn.export.c) -> the header, compiled with all warnings as errors."""
    if CC is None:
        pytest.skip("there is no C compiler")

    def made(model, **options):
        options = {"name": "pedal", **options}
        header = export.c(model, tmp_path / f"pedal{len(list(tmp_path.iterdir()))}.h", **options)
        return Played(header, "pedal", model)

    return made
