"""Many seeds of a scenario at once, over the machine's cores, or over a cluster with Ray or Dask.

Each seed is a task of its own that gives back plain numbers, so what travels is small. Ray and Dask are used when asked
for and installed; they bring no result that the local processes would not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from statistics import fmean
from typing import Literal, TypeAlias

import msgspec

from agents.report import BINS_S, fact_sheets
from agents.scenario import load_scenario
from agents.simulation import simulate

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
        [SheetRow(sheet.ticker, sheet.bin_s, sheet.passed, len(sheet.findings), sheet.sane) for sheet in sheets],
        pnl,
    )


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
    load_scenario(scenario)  # a mistake in the file is told once, before any process starts
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


def _run_ray(tasks: Sequence[SweepTask], jobs: int) -> Iterator[SweepRow]:
    import ray

    ray.init(num_cpus=jobs, ignore_reinit_error=True, include_dashboard=False, log_to_driver=False)
    waiting = [ray.remote(run_task).remote(task) for task in tasks]
    while waiting:
        done, waiting = ray.wait(waiting)
        for row in ray.get(done):
            yield msgspec.convert(row, SweepRow)


def _run_dask(tasks: Sequence[SweepTask], jobs: int) -> Iterator[SweepRow]:
    import dask
    from dask.delayed import delayed

    rows = dask.compute(*[delayed(run_task)(task) for task in tasks], scheduler="processes", num_workers=jobs)
    for row in rows:
        yield msgspec.convert(row, SweepRow)
