"""What a console on somebody else's machine may not do."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
from textual import events

from tests.tui.conftest import Console, running
from tests.tui.hosting.conftest import Screen
from tui.config import ConsoleConfig
from tui.hosting.console import config_of
from tui.hosting.order import ConsoleOrder, environment
from tui.hosting.terminal import Size, Terminal

FAILING = """
import sys
from tui.hosting import console
def fail(self): raise RuntimeError("a secret of the host")
console.HostedConsole.repaint = fail
sys.exit(console.start())
"""


async def enter(c: Console, line: str) -> None:
    await c.press("colon")
    c.app.post_message(events.Paste(line))
    await c.press("enter")


async def test_it_writes_and_reads_no_files_and_draws_no_faster_than_the_host_allows(tmp_path: Path):
    file = tmp_path / "shot.svg"
    async with running(config=ConsoleConfig(hosted=True)) as c:
        for line in (f"shot svg {file}", f"rec {file}", f"replay {file}"):
            await enter(c, line)
            assert "a hosted console has no files" in c.text()
        assert not file.exists()
        await enter(c, "rate 30")
        assert c.app.context.config.settings.rate_hz == 10


def test_an_account_is_found_again_whatever_name_its_visitor_goes_by(tmp_path: Path):
    order = ConsoleOrder(url="ws://127.0.0.1:1/ws", data_dir=str(tmp_path), exchange="own", name="anna")
    first = config_of(order)
    assert (first.agent_id, first.hosted, first.admin, first.settings.rate_hz) == (None, True, None, 4.0)
    assert first.on_account is not None
    first.on_account("a-1", "secret")
    again = config_of(msgspec.structs.replace(order, name="bob"))
    assert (again.agent_id, again.token) == ("a-1", "secret")
    assert config_of(msgspec.structs.replace(order, spectator=True)).token is None


def test_it_gets_nothing_of_the_environment_that_could_be_a_secret(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("COLORTERM", "truecolor")
    seen = environment("xterm", truecolor=False)
    assert "OPENAI_API_KEY" not in seen
    assert "COLORTERM" not in seen
    assert environment("xterm", truecolor=True)["COLORTERM"] == "truecolor"


async def test_a_failure_is_for_the_hosts_log_and_not_for_the_visitor(tmp_path: Path):
    order = ConsoleOrder(url="ws://127.0.0.1:1/ws", data_dir=str(tmp_path), exchange="own", name="anna")
    screen, statuses = Screen(), []
    terminal = Terminal(lambda data: screen.write(data.decode(errors="replace")), statuses.append)
    command = [sys.executable, "-c", FAILING, msgspec.json.encode(order).decode()]
    await terminal.start(command, environment("xterm", truecolor=False), Size(80, 24))
    await terminal.ended()
    assert statuses == [1]
    assert "Traceback" not in screen.text
    assert "secret" not in screen.text
    assert "a secret of the host" in (tmp_path / "logs" / "console.log").read_text(encoding="utf-8")
