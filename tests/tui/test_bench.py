"""``bench``: which benchmark a name runs, and one line where there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from net.errors import StartupError
from tui.bench import CHECKOUT, MODULES, Bench, require_checkout


def test_every_name_stands_for_a_benchmark_of_the_checkout() -> None:
    assert set(MODULES) == set(Bench)
    for module in MODULES.values():
        assert "__main__" in (CHECKOUT / "benchmarks" / f"{module}.py").read_text(encoding="utf-8")


def test_a_checkout_can_run_them() -> None:
    require_checkout(CHECKOUT)


def test_without_a_checkout_that_is_told(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="run this in a checkout"):
        require_checkout(tmp_path)
