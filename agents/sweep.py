"""Many seeds of a scenario at once, over the machine's cores, or over a cluster with Ray or Dask.

Each seed is a task of its own that gives back plain numbers, so what travels is small. Ray and Dask are used when asked
for and installed; they bring no result that the local processes would not. ``DASK_SCHEDULER_ADDRESS`` and
``RAY_ADDRESS`` name a cluster that runs already; without them one is started on this machine for the sweep.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from statistics import fmean
from typing import Literal, TypeAlias

import msgspec

from agents.population import members
from agents.report import BINS_S, fact_sheets
from agents.scenario import load_scenario
from agents.simulation import simulate
from agents.stylized_facts import FactSheet

Backend: TypeAlias = Literal["processes", "ray", "dask"]


class SweepTask(msgspec.Struct, frozen=True):
    """One seed of a scenario."""

    scenario: str
    seed: int
    hours: float | None = None
    bins_s: tuple[int, ...] = BINS_S


class SheetRow(msgspec.Struct, frozen=True):
    """How many facts one market showed at one bin."""

    ticker: str
    bin_s: int
    passed: int
    of: int
    sane: bool
    values: dict[str, float | None]
    """What was measured, by the fact's name; None where there was too little data."""


class SweepRow(msgspec.Struct, frozen=True):
    """What came of one seed."""

    seed: int
    event_hash: str
    orders: int
    trades: int
    cpu_s: float
    sheets: list[SheetRow]
    pnl: dict[str, float]
    """Profit by personality, summed over its agents."""


class SweepSummary(msgspec.Struct, frozen=True):
    """All seeds together."""

    scenario: str
    rows: list[SweepRow]

    def mean_passed(self, bin_s: int) -> float:
        """Mean number of facts shown, over seeds and markets, at one bin; 0 without any."""
        passed = [sheet.passed for row in self.rows for sheet in row.sheets if sheet.bin_s == bin_s]
        return fmean(passed) if passed else 0.0

    @property
    def all_sane(self) -> bool:
        """No price ran away, no book was dead, in any seed."""
        return all(sheet.sane for row in self.rows for sheet in row.sheets)


def run_task(task: SweepTask) -> SweepRow:
    """Simulate one seed and measure it."""
    result = simulate(load_scenario(task.scenario), seed=task.seed, hours=task.hours)
    sheets = fact_sheets(result, task.bins_s)
    pnl: dict[str, float] = {}
    for agent in result.agents:
        pnl[agent.personality] = pnl.get(agent.personality, 0.0) + agent.pnl
    return SweepRow(
        task.seed,
        result.event_hash,
        result.orders,
        result.trades,
        result.cpu_s,
        [_row_of(sheet) for sheet in sheets],
        pnl,
    )


def _row_of(sheet: FactSheet) -> SheetRow:
    values = {found.name: None if math.isnan(found.value) else found.value for found in sheet.findings}
    return SheetRow(sheet.ticker, sheet.bin_s, sheet.passed, len(sheet.findings), sheet.sane, values)


def sweep(
    scenario: str,
    seeds: Sequence[int],
    *,
    hours: float | None = None,
    bins_s: Sequence[int] = BINS_S,
    jobs: int | None = None,
    backend: Backend = "processes",
    progress: Callable[[SweepRow], None] | None = None,
) -> SweepSummary:
    """Run a scenario (a built-in's name or a path) for many seeds; ``progress`` hears of each as it is done.

    ``jobs`` processes work at once, as many as there are cores when None. Ctrl-C keeps the seeds that are done.

    Raises:
        ModuleNotFoundError: the backend is not installed.
    """
    members(load_scenario(scenario))  # a mistake in the file is told once, before any process starts
    tasks = [SweepTask(scenario, seed, hours, tuple(bins_s)) for seed in seeds]
    run = {"processes": _run_processes, "ray": _run_ray, "dask": _run_dask}[backend]
    rows: list[SweepRow] = []
    try:
        for row in run(tasks, jobs or os.cpu_count() or 1):
            rows.append(row)
            if progress is not None:
                progress(row)
    except KeyboardInterrupt:
        pass
    return SweepSummary(scenario, sorted(rows, key=lambda row: row.seed))


def _run_processes(tasks: Sequence[SweepTask], jobs: int) -> Iterator[SweepRow]:
    if jobs == 1 or len(tasks) == 1:
        yield from map(run_task, tasks)
        return
    with ProcessPoolExecutor(jobs) as pool:
        try:
            for done in as_completed([pool.submit(run_task, task) for task in tasks]):
                yield done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def write_parquet(summary: SweepSummary, path: Path) -> None:
    """Write a row for each seed, market and bin, with every fact's value.

    Raises:
        ModuleNotFoundError: pyarrow is not installed (extra ``parquet``).
        OSError: the file cannot be written.
    """
    import pyarrow
    import pyarrow.parquet

    rows = [
        {
            "scenario": summary.scenario,
            "seed": row.seed,
            "event_hash": row.event_hash,
            "orders": row.orders,
            "trades": row.trades,
            "cpu_s": row.cpu_s,
            "ticker": sheet.ticker,
            "bin_s": sheet.bin_s,
            "facts_shown": sheet.passed,
            "facts": sheet.of,
            "sane": sheet.sane,
            **sheet.values,
        }
        for row in summary.rows
        for sheet in row.sheets
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)


def _run_ray(tasks: Sequence[SweepTask], jobs: int) -> Iterator[SweepRow]:
    import ray

    ray.init(num_cpus=jobs, ignore_reinit_error=True, include_dashboard=False, log_to_driver=False)
    waiting = [ray.remote(run_task).remote(task) for task in tasks]
    while waiting:
        done, waiting = ray.wait(waiting)
        for row in ray.get(done):
            yield msgspec.convert(row, SweepRow)


def _run_dask(tasks: Sequence[SweepTask], jobs: int) -> Iterator[SweepRow]:
    from dask import config
    from dask.distributed import Client, LocalCluster, as_completed

    with contextlib.ExitStack() as stack:
        address = config.get("scheduler-address", None)
        if address is None:
            address = stack.enter_context(LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None))
        client = stack.enter_context(Client(address))
        for _, row in as_completed(client.map(run_task, tasks, pure=False), with_results=True):
            yield msgspec.convert(row, SweepRow)
