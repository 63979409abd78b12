"""The set-up's modules lie in packaging/, outside any package: each test gets them freshly imported."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

PACKAGING = Path(__file__).resolve().parents[3] / "packaging"
NAMES = ("bootstrap", "debian", "step", "checks")


def forget() -> None:
    for name in NAMES:
        sys.modules.pop(name, None)


@pytest.fixture
def _setup_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(PACKAGING))
    forget()
    yield
    forget()


@pytest.fixture
def bootstrap(_setup_modules: None) -> ModuleType:
    return importlib.import_module("bootstrap")


@pytest.fixture
def debian(_setup_modules: None) -> ModuleType:
    return importlib.import_module("debian")


@pytest.fixture
def step(_setup_modules: None) -> ModuleType:
    return importlib.import_module("step")


@pytest.fixture
def checks(_setup_modules: None) -> ModuleType:
    return importlib.import_module("checks")
