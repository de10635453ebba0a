"""The four import packages are ours, wherever the tests run from."""

from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("name", ["engine", "net", "agents", "tui"])
def test_the_package_of_that_name_is_ours(name):
    module = import_module(name)
    assert module.__file__ is not None
    assert Path(module.__file__).resolve() == ROOT / name / "__init__.py"
