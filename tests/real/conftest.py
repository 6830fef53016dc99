import pytest

from tests.real.machines import MACHINES, unpack


@pytest.fixture
def pc(tmp_path):
    return unpack("proc-pc-128m", tmp_path / "pc")


@pytest.fixture(params=MACHINES)
def machine(request, tmp_path):
    return unpack(request.param, tmp_path / request.param)
