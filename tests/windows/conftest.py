"""The mark of tests that run a Windows program under Wine."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "wine: run by Wine; WAN22_WINE_PYTHON names a Windows Python's folder")
