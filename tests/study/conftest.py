"""One report for all tests that only look at it: drawing takes seconds."""

import pytest

from benchmarks.exposure_bias.__main__ import STUDY
from circuitnn.study import report
from tests.study import fake


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder = fake.write(tmp_path_factory.mktemp("study") / "results", *fake.study(circuits=1, seeds=3))
    report.write(folder, STUDY)
    return folder
