"""One report for all tests that only look at it: drawing takes seconds."""

import pytest

from benchmarks.exposure_bias import report
from tests.benchmarks import fake


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder = fake.write(tmp_path_factory.mktemp("study") / "results", *fake.study(seeds=3))
    report.write(folder)
    return folder
