"""Commands for experiments over many seeds: sweep, grade, train."""

from __future__ import annotations

import math
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from net.errors import StartupError

if TYPE_CHECKING:
    from agents.grade import GradeReport, RunGrade
    from agents.ml.training import Fold
    from agents.sweep import SweepRow, SweepSummary

Seeds = Annotated[str, typer.Option("--seeds", help="Seeds: a range like 1-10, or numbers with commas.")]
Hours = Annotated[
    float | None, typer.Option("--hours", min=0.001, max=10_000, help="Virtual hours; else the scenario's own.")
]
MAX_SEEDS = 100_000


def sweep(
    scenario: Annotated[str, typer.Argument(help="A built-in scenario's name, or a TOML file.")] = "default",
    seeds: Seeds = "1-10",
    hours: Hours = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Processes at once; as many as there are cores.")
    ] = None,
    backend: Annotated[
        str,
        typer.Option(
            "--backend",
            help="processes; or, for more than one machine, ray or dask: pip install 'tradesim-tui\\[cluster]'.",
        ),
    ] = "processes",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Parquet file for what was measured: pip install 'tradesim-tui\\[parquet]'."),
    ] = None,
) -> None:
    """Run a scenario for many seeds and say how many stylized facts each shows. Ctrl-C keeps what is done.

    A cluster that runs already is named by DASK_SCHEDULER_ADDRESS or RAY_ADDRESS.
    """
    from agents.scenario import ScenarioError
    from agents.sweep import sweep as run_sweep

    if backend not in ("processes", "ray", "dask"):
        raise StartupError(f"--backend {backend}: choose processes, ray or dask")
    if out is not None:
        _prepare(out)
    try:
        summary = run_sweep(
            scenario,
            seeds_of(seeds),
            hours=hours,
            jobs=jobs,
            backend=backend,  # type: ignore[arg-type]
            progress=_tell_row,
        )
    except ScenarioError as error:
        raise StartupError(str(error)) from error
    except ModuleNotFoundError as error:
        raise StartupError(f"--backend {backend}: {error}") from error
    if out is not None:
        _write_rows(summary, out)
    means = ", ".join(f"{summary.mean_passed(bin_s):.1f} of 18 at {bin_s} s" for bin_s in (10, 60))
    sane = "" if summary.all_sane else "; in some a price ran away or a side of the book died"
    typer.echo(f"{len(summary.rows)} seeds, mean {means}{sane}")


def _prepare(out: Path) -> None:
    """Find out before hours of work whether their outcome can be written."""
    if find_spec("pyarrow") is None:
        raise StartupError("--out: Parquet needs pyarrow: pip install 'tradesim-tui[parquet]'")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartupError(f"--out: {out} cannot be written: {error.strerror or error}") from error
    if out.is_dir() or not os.access(out.parent, os.W_OK):
        raise StartupError(f"--out: {out} cannot be written: it is no file in a folder of yours")


def _write_rows(summary: SweepSummary, out: Path) -> None:
    from agents.sweep import write_parquet

    try:
        write_parquet(summary, out)
    except OSError as error:
        raise StartupError(f"--out: {out} cannot be written: {error.strerror or error}") from error
    typer.echo(f"wrote {out}")


def grade(
    bot: Annotated[Path, typer.Argument(help="A Python file with a class Bot (docs/MARKET.md).")],
    scenarios: Annotated[str, typer.Option("--scenarios", help="Names or files, with commas.")] = "calm,volatile",
    seeds: Seeds = "1-3",
    hours: Hours = None,
) -> None:
    """Run a bot in simulated markets, beside the same markets without it. Ctrl-C keeps what is done."""
    from agents.grade import BotError
    from agents.grade import grade as run_grade
    from agents.scenario import ScenarioError

    try:
        report = run_grade(
            bot, [name.strip() for name in scenarios.split(",")], seeds_of(seeds), hours=hours, progress=_tell_run
        )
    except (BotError, ScenarioError) as error:
        raise StartupError(str(error)) from error
    typer.echo(_grade_table(report))


def train(
    path: Annotated[Path, typer.Argument(help="Where to write the model.")],
    scenario: Annotated[str, typer.Option("--scenario", help="A built-in scenario's name, or a TOML file.")] = "calm",
    seeds: Seeds = "1-5",
    hours: Hours = None,
    kind: Annotated[
        str, typer.Option("--kind", help="softmax, or lightgbm where the extra ml is installed.")
    ] = "softmax",
) -> None:
    """Train a model of the next seconds on simulated markets, walk-forward, and say how good it is."""
    from agents.ml.training import train as run_train
    from agents.scenario import ScenarioError

    if kind not in ("softmax", "lightgbm"):
        raise StartupError(f"--kind {kind}: choose softmax or lightgbm")
    try:
        report = run_train(
            scenario,
            seeds_of(seeds),
            path,
            kind=kind,  # type: ignore[arg-type]
            hours=hours,
            progress=_tell_fold,
        )
    except ScenarioError as error:
        raise StartupError(str(error)) from error
    except ModuleNotFoundError as error:
        raise StartupError(f"--kind {kind}: {error}; pip install 'tradesim-tui[ml]'") from error
    except OSError as error:
        raise StartupError(f"{path} cannot be written: {error.strerror or error}") from error
    typer.echo(f"wrote {report.path}: {report.kind}, {report.examples:,} examples")


def seeds_of(text: str) -> list[int]:
    """Seeds as people write them: ``1-10`` or ``3,5,8``; ``StartupError`` for anything else."""
    seeds: list[int] = []
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        if not low.isdigit() or (dash and not high.isdigit()):
            raise StartupError(f"--seeds {text}: write a range like 1-10, or numbers with commas")
        last = int(high) if dash else int(low)
        if last < int(low):
            raise StartupError(f"--seeds {text}: {part.strip()} ends before it begins")
        if last - int(low) >= MAX_SEEDS:
            raise StartupError(f"--seeds {text}: more than {MAX_SEEDS:,} seeds")
        seeds.extend(range(int(low), last + 1))
    return seeds


def _tell_row(row: SweepRow) -> None:
    sheets = " ".join(
        f"{sheet.ticker}/{sheet.bin_s}s {sheet.passed}{'' if sheet.sane else '!'}" for sheet in row.sheets
    )
    typer.echo(f"seed {row.seed:<6} {row.trades:>8,} trades {row.cpu_s:>7.1f} CPU s  {sheets}")


def _tell_run(run: RunGrade) -> None:
    typer.echo(f"{run.scenario} seed {run.seed}: P&L {run.pnl:,.2f}, {run.fills:,} fills")
    if run.error:
        typer.echo(f"  stopped by {run.error}")


def _tell_fold(fold: Fold) -> None:
    typer.echo(
        f"seed {fold.seed}: {fold.examples:,} examples unseen, {fold.accuracy:.1%} right, "
        f"log loss {fold.log_loss:.3f} (always guessing the shares: {fold.baseline_log_loss:.3f})"
    )


GRADED = (
    "pnl", "spread_pnl", "adverse_selection", "inventory_pnl", "fees", "fill_ratio", "maker_share", "slippage_ticks",
    "queue_ahead", "max_drawdown", "volatility_impact", "spread_impact", "price_impact_ticks",
)  # fmt: skip


def _grade_table(report: GradeReport) -> str:
    lines = [
        f"{report.bot}, {len(report.runs)} runs beside the same without it",
        f"{'':<22}{'mean':>14}  95 % interval",
    ]
    for name in GRADED:
        mean = report.mean(lambda run, name=name: float(getattr(run, name)))  # type: ignore[misc]
        interval = "" if math.isnan(mean.plus_minus) else f"± {mean.plus_minus:,.3f}"
        lines.append(f"{name.replace('_', ' '):<22}{mean.value:>14,.3f}  {interval}")
    return "\n".join(lines)
