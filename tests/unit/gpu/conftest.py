"""Every test of this folder that asks for a driver gets a fake one."""

from collections.abc import Iterator

import pynvml
import pytest

from tests.fakes.nvml import FakeNvml, h100, install


@pytest.fixture
def nvml() -> Iterator[FakeNvml]:
    """A driver with one idle H100; change it as needed."""
    before = pynvml.nvmlLib
    fake = FakeNvml(h100())
    install(fake)
    yield fake
    install(before)
    assert fake.open == 0, "the library was opened more often than closed"
