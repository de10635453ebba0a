"""Commands on a recorded session: the journal in a data directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.export import ExportError, ExportFormat, export_journal
from engine.journal_errors import JournalCorrupt, JournalError
from net.errors import StartupError

if TYPE_CHECKING:
    from engine.recovery import Verification

RecordedDir = Annotated[Path, typer.Argument(metavar="DATA_DIR", help="Data directory of the session.")]

EXIT_DAMAGED = 1


def verify(data_dir: RecordedDir) -> None:
    """Replay a recorded session from nothing and check that it leads to every state that was noted in it.

    Exit status 0 when it does, 1 when it does not or the journal is damaged. An exchange may go on running meanwhile.
    """
    from rich.console import Console

    from engine.oms import OrderManagementSystem
    from engine.recovery import verify as verify_journal

    try:
        with Console(stderr=True).status(f"replaying {data_dir}"):
            found = verify_journal(data_dir, OrderManagementSystem)
    except JournalCorrupt as error:
        typer.echo(f"DAMAGED     {error}")
        raise typer.Exit(EXIT_DAMAGED) from error
    except JournalError as error:
        raise StartupError(str(error)) from error
    typer.echo(_verdict(found))
    if not found.ok:
        raise typer.Exit(EXIT_DAMAGED)


def export(
    data_dir: RecordedDir,
    out: Annotated[Path, typer.Option("--out", help="Directory for the tables; made if it is missing.")] = Path(
        "export"
    ),
    file_format: Annotated[
        ExportFormat, typer.Option("--format", help="Parquet needs the extra: pip install 'tradesim-tui[parquet]'.")
    ] = ExportFormat.CSV,
) -> None:
    """Write the trades (with both sides), orders and quotes of a recorded session as tables.

    Exit status 1 when the end of the session is damaged: the tables then end before it. An exchange may go on running
    meanwhile.
    """
    from rich.console import Console

    from engine.oms import OrderManagementSystem

    losses: list[str] = []
    try:
        with Console(stderr=True).status(f"replaying {data_dir}"):
            rows = export_journal(data_dir, out, file_format, OrderManagementSystem, losses.append)
    except (JournalError, ExportError) as error:
        raise StartupError(str(error)) from error
    for table, count in rows.items():
        typer.echo(f"{out / table}.{file_format.value}  {count:,} rows")
    _tell(losses)


def report(
    data_dir: RecordedDir,
    out: Annotated[Path, typer.Option("--out", help="Folder for the page; made if it is missing.")] = Path("report"),
) -> None:
    """Write a page about a recorded session: plots, stylized facts, and how everybody who traded did.

    It is the page that `simulate --out` writes. Exit status 1 when the end of the session is damaged: the page then
    ends before it. An exchange may go on running meanwhile.
    """
    from rich.console import Console

    from agents.recorded import read_session
    from agents.report import write_session_report

    losses: list[str] = []
    try:
        with Console(stderr=True).status(f"replaying {data_dir}"):
            session = read_session(data_dir, losses.append)
            page = write_session_report(session, f"Session {data_dir.resolve().name}", out)
    except JournalError as error:
        raise StartupError(str(error)) from error
    except OSError as error:
        raise StartupError(f"{out} cannot be written: {error.strerror or error}") from error
    typer.echo(f"wrote {page}")
    _tell(losses)


def _tell(losses: list[str]) -> None:
    """Say what a session lacks at its end, and exit with a status that says so."""
    for loss in losses:
        typer.echo(f"DAMAGED     {loss}: what was written ends before it", err=True)
    if losses:
        raise typer.Exit(EXIT_DAMAGED)


def _verdict(found: Verification) -> str:
    lines = [
        f"epoch       {found.epoch}",
        f"commands    {found.commands:,}",
        f"events      {found.sequence:,}",
        f"state hash  {found.state_hash}",
    ]
    if found.mismatches:
        first = found.mismatches[0]
        lines.append(
            f"DIFFERS     {len(found.mismatches)} of {found.marks} noted states, first after command {first:,}"
        )
    else:
        lines.append(f"agrees      with all {found.marks} noted states")
    if found.snapshots_damaged:
        lines.append(
            f"DAMAGED     {found.snapshots_damaged} of the kept states; a start takes an older one, and loses nothing"
        )
    if found.loss:
        lines.append(f"DAMAGED     {found.loss}: the next start goes on without it, in a new epoch")
    return "\n".join(lines)
