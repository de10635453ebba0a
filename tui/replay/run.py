"""``tradesim-tui replay``: open a recorded session, show it, and go on live from it when that is wanted."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.journal_errors import JournalError
from engine.journal_files import boot_id
from engine.journal_lock import in_use
from engine.playhead import Playhead, Recording
from net.errors import StartupError
from net.process import prepare_data_dir
from tui.flags import DEFAULT_SCENARIO, ExchangeFlags
from tui.options import NoAgents, Port, ScenarioName, Seed
from tui.records import RecordedDir
from tui.settings import check_terminal
from tui.tiers import read_scenario, run_command
from tui.wallet import FILE as WALLET_FILE

if TYPE_CHECKING:
    from tui.replay.feed import ReplayFeed


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """How an exchange that goes on from a moment of a recording is started."""

    recorded: Path
    target: Path | None
    scenario: str
    seed: int | None
    agents: bool
    port: int

    def directory(self, time: int) -> Path:
        """Where it lives: as asked for, else a new directory beside the recording, named by the time of day."""
        from tui.replay.places import stamp

        if self.target is not None:
            return self.target
        name = f"{self.recorded.resolve().name}-what-if-{stamp(time)[-8:].replace(':', '')}"
        numbered = (self.recorded.resolve().parent / f"{name}{suffix}" for suffix in _suffixes())
        return next(path for path in numbered if not path.exists())


def replay(
    data_dir: RecordedDir,
    speed: Annotated[float, typer.Option("--speed", min=0.1, max=1_000.0, help="Times real time.")] = 1.0,
    at: Annotated[
        str | None, typer.Option("--at", help="Where to begin: 14:05:30 (UTC), +90s, 43%, #4711 or end.")
    ] = None,
    account: Annotated[
        str | None,
        typer.Option("--account", help="Whose orders, fills and money are shown; else the first console's."),
    ] = None,
    what_if: Annotated[
        Path | None,
        typer.Option("--what-if", help="Directory for a what-if; else a new one beside the recording."),
    ] = None,
    scenario: ScenarioName = DEFAULT_SCENARIO,
    seed: Seed = None,
    no_agents: NoAgents = False,
    port: Port = 0,
) -> None:
    """Show a recorded session in the console; an exchange may go on running meanwhile.

    Space pauses, ← → step, r and l find trades and headlines, J jumps to a time, ? shows all keys. W goes on live from
    that moment, in a copy with the scenario's agents: the recording is never written.
    """
    check_terminal()
    read_scenario(scenario)
    recording = open_recording(data_dir)
    if what_if is not None and (what_if / "journal.sqlite").exists():
        raise StartupError(f"there is a journal in {what_if} already: a what-if needs a directory of its own")
    start = WhatIf(
        recorded=data_dir, target=what_if, scenario=scenario, seed=seed, agents=not no_agents, port=port
    )  # fmt: skip
    try:
        status = run_command(_show(recording, start, speed, at, account), screen=True)
    finally:
        recording.close()
    if status:
        raise typer.Exit(status)


def open_recording(data_dir: Path) -> Recording:
    """Open the journal of a directory; raises ``StartupError`` with one line when there is nothing to show."""
    from rich.console import Console

    try:
        with Console(stderr=True).status(f"reading {data_dir}"):
            return Recording(data_dir)
    except JournalError as error:
        raise StartupError(str(error)) from error


def notes(recording: Recording, data_dir: Path) -> Iterator[str]:
    """What somebody who looks at the recording should know."""
    from tui.replay.places import stamp

    if recording.loss:
        yield f"{recording.loss}: the replay ends before it"
    if in_use(data_dir):
        yield f"an exchange runs on this directory: shown is what it had recorded by {stamp(recording.end)} UTC"


async def _show(recording: Recording, start: WhatIf, speed: float, at: str | None, account: str | None) -> None:
    from engine.oms import OrderManagementSystem
    from tui.config import ConsoleConfig
    from tui.exchange import console_file, ended_by_signals
    from tui.replay.app import ReplayApp
    from tui.replay.feed import ReplayFeed
    from tui.replay.places import PlaceError, place

    file = console_file()
    feed = ReplayFeed(Playhead(recording, OrderManagementSystem), account, speed)
    if at is not None:
        try:
            feed.seek(place(at, recording, recording.start))
        except PlaceError as error:
            raise StartupError(f"--at: {error}") from error
    config = ConsoleConfig(settings=file.console, keymap=file.keys)
    app = ReplayApp(feed, config, notes=list(notes(recording, start.recorded)))
    async with ended_by_signals(app):
        await app.run_async()
    if app.live:
        await _go_on(feed, start)


async def _go_on(feed: ReplayFeed, start: WhatIf) -> None:
    """Start an exchange with the state of then, in a copy, and the console on it as one more trader."""
    from tui.exchange import run_console

    target = copy_of(feed.playhead, start)
    flags = ExchangeFlags(data_dir=target, port=start.port, engine_port=0, scenario=start.scenario, seed=start.seed)
    await run_console(flags.settings(), agents=start.agents)
    typer.echo(f"the what-if is kept in {target}: tradesim-tui --data-dir {target} goes on with it")


def copy_of(playhead: Playhead, start: WhatIf) -> Path:
    """A data directory that holds the recording up to the playhead, and the keys to the accounts of its consoles."""
    from engine.fork import fork

    target = prepare_data_dir(start.directory(playhead.time))
    try:
        fork(playhead, target, new_epoch=secrets.token_hex(8), boot_id=boot_id())
    except JournalError as error:
        raise StartupError(str(error)) from error
    if (start.recorded / WALLET_FILE).exists():
        shutil.copy(start.recorded / WALLET_FILE, target / WALLET_FILE)
    return target


def _suffixes() -> Iterator[str]:
    yield ""
    number = 2
    while True:
        yield f"-{number}"
        number += 1
