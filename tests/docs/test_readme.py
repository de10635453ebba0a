"""What the README says is tried."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import serving
from tui.cli import app

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def block(marker: str) -> str:
    """The code block behind a marker comment."""
    found = re.search(rf"<!-- {marker} -->\n```\w*\n(.*?)```", README, re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.mark.e2e
@pytest.mark.timeout(120)
async def test_the_bot_of_the_readme_registers_orders_and_is_filled(tmp_path: Path):
    async with serving(tmp_path) as exchange:
        bot = tmp_path / "bot.py"
        bot.write_text(block("bot").replace("ws://127.0.0.1:8000/ws", exchange.ws_url))
        process = await asyncio.create_subprocess_exec(sys.executable, str(bot), stdout=asyncio.subprocess.PIPE)
        output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    assert re.search(r"registered as .*\norder: .*'status': 'success'.*\nfilled: [\d.]+ @ [\d.]+\n", output.decode())


@pytest.mark.parametrize("marker", ["run command", "test command"])
def test_each_set_up_is_one_line_that_makes_its_own_environment(marker: str):
    [line] = block(marker).strip().splitlines()
    assert line.startswith("python3 -m venv .venv && .venv/bin/pip install ")


def test_the_readme_lists_every_command():
    for command in app.registered_commands:
        assert command.callback is not None
        assert f"tradesim-tui {command.name or command.callback.__name__}" in README
