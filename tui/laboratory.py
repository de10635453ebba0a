"""Commands for experiments: markets in virtual time, and files to start an own one from."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.export import ExportFormat
from net.errors import StartupError
from tui.settings import config_path
from tui.tiers import read_scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from agents.simulation import Progress, SimulationResult

SAMPLE_CONFIG = """\
# Settings of tradesim-tui. Everything is optional; a flag or a TRADESIM_* variable goes before what stands here.
# A table for each command, a key for each of its flags:

# [serve]
# port = 8000
# scenario = "my-scenario.toml"

# The console:

# [console]
# name = "you"
# theme = "dark"
# sizes = [1, 5, 10, 25, 100]

# Keys by binding id (`?` in the console shows them):

# [keys]
# "order.buy" = "b"
"""


def simulate(
    scenario: Annotated[str, typer.Argument(help="A built-in scenario's name, or a TOML file.")] = "default",
    seed: Annotated[int | None, typer.Option("--seed", help="The scenario's own when left out.")] = None,
    hours: Annotated[
        float | None,
        typer.Option("--hours", min=0.001, max=10_000, help="Virtual hours; else the scenario's own."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for a report with plots (HTML), trades and quotes (CSV) and a summary."),
    ] = None,
    file_format: Annotated[
        ExportFormat,
        typer.Option("--format", help="With parquet also trades and quotes as Parquet; needs the extra of that name."),
    ] = ExportFormat.CSV,
) -> None:
    """Run a scenario in virtual time, far faster than real time, on the same engine and agents.

    The same scenario and seed give the same events, byte for byte; the event hash says so. Ctrl-C ends a run early and
    keeps what was computed.
    """
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from agents.scenario import ScenarioError
    from agents.simulation import simulate as run_simulation

    chosen = read_scenario(scenario)
    parquet = file_format is ExportFormat.PARQUET
    if parquet and find_spec("pyarrow") is None:
        raise StartupError("Parquet needs pyarrow: pip install 'tradesim-tui[parquet]'")
    if parquet and out is None:
        raise StartupError("--format needs a folder to write to: --out DIR")
    if out is not None:
        _make_folder(out)  # before hours of work, not after
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(scenario, total=1.0, state="")
        try:
            result = run_simulation(chosen, seed=seed, hours=hours, progress=_follow(bar.update, task))
        except ScenarioError as error:
            raise StartupError(str(error)) from error
    typer.echo(_summary(result))
    if out is not None:
        typer.echo(f"\nwrote {_write_report(result, out, parquet=parquet)}")


def init(
    directory: Annotated[Path, typer.Argument(help="Where to write the scenario.")] = Path(),
) -> None:
    """Write a scenario to start an own one from, and a configuration file where there is none yet."""
    from agents.scenario import DEFAULT_SCENARIO, scenario_text

    scenario, config = directory / "my-scenario.toml", config_path()
    _write_new(scenario, scenario_text(DEFAULT_SCENARIO))
    typer.echo(f"wrote {scenario}: try `tradesim-tui --scenario {scenario}`")
    if config.exists():
        typer.echo(f"kept {config}")
    else:
        _write_new(config, SAMPLE_CONFIG)
        typer.echo(f"wrote {config}")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartupError(f"--out: {folder} cannot be written: {error.strerror or error}") from error


def _write_report(result: SimulationResult, folder: Path, *, parquet: bool) -> Path:
    from agents.report import write_parquet, write_report

    try:
        page = write_report(result, folder)
        if parquet:
            write_parquet(result, folder)
        return page
    except OSError as error:
        raise StartupError(f"{folder} cannot be written: {error.strerror or error}") from error


def _write_new(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise StartupError(f"{path} is there already; move it away first") from error
    except OSError as error:
        raise StartupError(f"{path} cannot be written: {error.strerror or error}") from error


def _follow(update: Callable[..., None], task: int) -> Callable[[Progress], None]:
    def follow(progress: Progress) -> None:
        state = f"{progress.simulated_s / 3600:.1f} h, {progress.orders:,} orders, {progress.trades:,} trades"
        update(task, completed=progress.simulated_s / progress.total_s, state=state)

    return follow


def _summary(result: SimulationResult) -> str:
    speed = result.simulated_s / result.cpu_s if result.cpu_s else 0.0
    lines = [
        f"{result.scenario}, seed {result.seed}: {result.simulated_s / 3600:.2f} h"
        + (" (interrupted)" if result.interrupted else ""),
        f"{result.orders:,} orders, {result.trades:,} trades, {result.events:,} events"
        f" in {result.cpu_s:.1f} CPU s ({speed:,.0f} times real time)",
        f"event hash {result.event_hash}",
        "",
        *_facts(result),
        "",
        f"{'agent':<24}{'personality':<18}{'P&L':>16}{'fills':>8}",
    ]
    best_first = sorted(result.agents, key=lambda agent: -agent.pnl)
    lines += [f"{a.name:<24}{a.personality:<18}{a.pnl:>16,.2f}{a.fills:>8,}" for a in best_first[:12]]
    return "\n".join(lines)


def _facts(result: SimulationResult) -> list[str]:
    from agents.series import MarketSeries
    from agents.simulation import START_NS
    from agents.stylized_facts import fact_sheet

    lines = []
    for tape in result.recorder.tapes.values():
        sheet = fact_sheet(MarketSeries.of_tape(tape, START_NS, skip_s=result.warm_up_s))
        sane = "" if sheet.sane else "  (its price ran away, or a side of its book died)"
        lines.append(f"{sheet.ticker:<8}shows {sheet.passed} of {len(sheet.findings)} stylized facts{sane}")
    return lines
