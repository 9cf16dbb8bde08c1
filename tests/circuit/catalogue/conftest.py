import pytest

from circuitnn import spice


@pytest.fixture
def ngspice() -> str:
    """The version of ngspice; a test that needs it is skipped where there is none."""
    version = spice.version()
    if version is None:
        pytest.skip("ngspice is not installed")
    return version
