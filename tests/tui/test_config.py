"""Settings of the console that cannot be used are told in one line before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.config import ConfigError, load


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[console]\ntimeframe = "7s"', "unknown timeframe '7s': one of 1s, 5s, 15s, 1m, 5m, 15m, 1h"),
        ('[console]\ntheme = "pink"', "unknown theme 'pink'"),
        ("[console]\nrate_hz = 99", "rate_hz"),
        ("[console]\nspeed = 3", "speed"),
        ('[keys]\n"order.buy" = "s"', "key 's' is both order.buy and order.sell"),
        ("[console", "Expected"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert told in str(refused.value)
    assert str(path) in str(refused.value)


def test_without_a_file_there_are_the_usual_settings(tmp_path: Path) -> None:
    assert load(tmp_path / "none.toml").console.timeframe == "5s"
