from pathlib import Path

import pytest
from pyarrow import parquet
from small_market import small_market

from agents.scenario import ScenarioError, load_scenario
from agents.simulation import simulate
from agents.sweep import SweepRow, sweep, write_parquet


def test_seeds_over_processes_come_out_as_they_do_alone(tmp_path: Path) -> None:
    scenario = small_market(tmp_path)
    told: list[SweepRow] = []
    summary = sweep(scenario, (3, 1, 2), hours=0.02, bins_s=(10,), jobs=2, progress=told.append)
    assert [row.seed for row in summary.rows] == [1, 2, 3]
    assert {row.seed for row in told} == {1, 2, 3}
    assert summary.rows[0].event_hash == simulate(load_scenario(scenario), seed=1, hours=0.02).event_hash
    assert summary.all_sane
    assert 0 < summary.mean_passed(10) <= 18


def test_a_mistake_in_the_scenario_is_told_before_anything_starts() -> None:
    with pytest.raises(ScenarioError):
        sweep("defalt", (1,))


def test_a_table_of_a_sweep_has_a_row_for_each_seed_and_bin(tmp_path: Path) -> None:
    summary = sweep(small_market(tmp_path), (1, 2), hours=0.02, jobs=1)
    write_parquet(summary, tmp_path / "new" / "sweep.parquet")
    rows = parquet.read_table(tmp_path / "new" / "sweep.parquet").to_pylist()
    assert [(row["seed"], row["bin_s"]) for row in rows] == [(1, 10), (1, 60), (2, 10), (2, 60)]
    assert rows[0]["event_hash"] == summary.rows[0].event_hash
    assert rows[0]["ticker"] == "ACME"
    assert rows[0]["variance ratio VR(20)"] is None  # too little data
    assert isinstance(rows[0]["bid-ask bounce: ACF of price changes, lag 1"], float)


@pytest.mark.timeout(120)
def test_a_cluster_brings_what_this_process_would(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    scenario = small_market(tmp_path)
    there = sweep(scenario, (1, 2), hours=0.02, jobs=1, backend="dask")
    here = sweep(scenario, (1, 2), hours=0.02, jobs=1)
    assert [row.event_hash for row in there.rows] == [row.event_hash for row in here.rows]
    assert [row.sheets for row in there.rows] == [row.sheets for row in here.rows]


def test_an_interrupt_keeps_the_seeds_that_are_done(tmp_path: Path) -> None:
    def interrupt(row: SweepRow) -> None:
        raise KeyboardInterrupt

    summary = sweep(small_market(tmp_path), (1, 2, 3), hours=0.005, jobs=1, progress=interrupt)
    assert [row.seed for row in summary.rows] == [1]
