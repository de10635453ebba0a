import csv
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from small_market import small_market

from agents.report import write_parquet, write_report
from agents.reporting.plots import Bars, Line, plot
from agents.scenario import load_scenario
from agents.simulation import SimulationResult, simulate
from agents.stylized_facts import FACTS


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> SimulationResult:
    return simulate(load_scenario(small_market(tmp_path_factory.mktemp("scenario"))))


def test_a_report_is_one_page_that_asks_for_nothing_else(result: SimulationResult, tmp_path: Path) -> None:
    page = write_report(result, tmp_path / "out").read_text()
    assert page.count("<svg") == 8
    assert not re.search(r"<script|src=|href=|url\(|@import", page)
    for fact in FACTS:
        assert page.count(fact.name.replace("|", "|")) >= 1
    assert result.event_hash[:16] in page
    assert "market-maker-1" in page


def test_trades_quotes_and_summary_are_written_beside_it(result: SimulationResult, tmp_path: Path) -> None:
    write_report(result, tmp_path)
    with (tmp_path / "trades.csv").open() as file:
        trades = list(csv.DictReader(file))
    assert len(trades) == result.trades
    assert trades[0]["ticker"] == "ACME"
    assert trades[0]["taker"] in ("buy", "sell")
    with (tmp_path / "quotes.csv").open() as file:
        quotes = list(csv.DictReader(file))
    assert len(quotes) == 361
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["event_hash"] == result.event_hash
    assert [sheet["bin_s"] for sheet in summary["facts"]] == [10, 60]
    assert {agent["name"] for agent in summary["agents"]} == {agent.name for agent in result.agents}


def test_parquet_holds_the_same_trades(result: SimulationResult, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    trades, _ = write_parquet(result, tmp_path)
    assert parquet.read_table(trades).num_rows == result.trades


def test_a_plot_is_well_formed_whatever_its_data() -> None:
    for shapes in (
        [],
        [Line("flat", [1.0, 2.0], [5.0, 5.0])],
        [Line("a<b", [0.0, 1e9], [-1e-9, 1e9]), Bars("bars", [1.0], [float("nan")], 0.5)],
    ):
        ElementTree.fromstring(plot("T & <t>", shapes, log_x=True))  # noqa: S314 - our own output
        ElementTree.fromstring(plot("T", shapes))  # noqa: S314
