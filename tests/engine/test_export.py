import contextlib
import csv
import resource
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.commands import (
    AddInstrument,
    AnyCommand,
    CancelOrder,
    NewOrder,
    OpenAccount,
    ReplaceOrder,
    SetInstrumentStatus,
)
from engine.export import TABLES, ExportError, ExportFormat, MarketTables, export_journal
from engine.instruments import FeeSchedule, Instrument
from engine.journal import Journal
from engine.journal_errors import JournalError
from engine.oms import OrderManagementSystem
from engine.recovery import recover, replay_events
from engine.types import Durability, InstrumentStatus, Side

SECOND = 1_000_000_000
HALF = Instrument(
    symbol_id=1,
    ticker="HALF",
    initial_price=2_000,
    tick_size_e8=500_000,
    lot_size_e8=10_000_000,
    fees=FeeSchedule(maker_ppm=0, taker_ppm=1_000),
)
STORY: list[AnyCommand] = [
    AddInstrument(instrument=HALF),
    OpenAccount(account="alice", cash=10**12),
    OpenAccount(account="bob", cash=10**12, positions={1: 1_000}),
    NewOrder(account="bob", symbol_id=1, side=Side.SELL, qty=30, price=2_003, client_order_id="b1"),
    NewOrder(account="alice", symbol_id=1, side=Side.BUY, qty=10, price=2_003),
    ReplaceOrder(account="bob", symbol_id=1, order_id=1, qty=5),
    CancelOrder(account="bob", symbol_id=1, order_id=1),
]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return journaled(tmp_path, STORY)


def journaled(folder: Path, story: list[AnyCommand]) -> Path:
    """A data directory in which a command a second was journaled."""
    journal = Journal.open(folder, Durability.PROCESS, new_epoch="e1", boot_id="boot")
    service, _ = recover(journal, OrderManagementSystem)
    for number, command in enumerate(story, start=1):
        journal.writer.append(number * SECOND, command)
        service.submit(command, number * SECOND)
    journal.commit(service.sequence)
    journal.close(clean=True)
    return folder


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return [{name: cell for name, cell in row.items() if cell} for row in csv.DictReader(file)]


def test_trades_orders_and_quotes_are_exact_decimals_in_the_instruments_units(data_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert export_journal(data_dir, out, ExportFormat.CSV, OrderManagementSystem) == {
        "trades": 1,
        "orders": 6,
        "quotes": 4,
    }
    (trade,) = read(out / "trades.csv")
    assert trade == {
        "time": str(5 * SECOND),
        "trade_id": "1",
        "ticker": "HALF",
        "price": "10.015",
        "quantity": "1",
        "aggressor": "buy",
        "buyer": "alice",
        "buy_order_id": "2",
        "seller": "bob",
        "sell_order_id": "1",
    }
    orders = read(out / "orders.csv")
    told = [(row["event"], row["account"], row.get("leaves_quantity"), row.get("fee")) for row in orders]
    assert sorted(told[2:4]) == [("filled", "alice", "0", "0.010015"), ("filled", "bob", "2", "0")]
    assert [told[place] for place in (0, 1, 4, 5)] == [
        ("accepted", "bob", None, None),
        ("accepted", "alice", None, None),
        ("replaced", "bob", "0.5", None),
        ("canceled", "bob", "0.5", None),
    ]
    assert orders[0]["client_order_id"] == "b1"
    quotes = read(out / "quotes.csv")
    assert [quote.get("ask_quantity") for quote in quotes] == ["3", "2", "0.5", None]
    assert quotes[0]["ask_price"] == "10.015"
    assert "bid_price" not in quotes[0]


def test_every_trade_of_a_sweep_and_of_an_auction_names_its_two_sides(tmp_path: Path) -> None:
    def order(account: str, side: Side, qty: int, price: int) -> NewOrder:
        return NewOrder(account=account, symbol_id=1, side=side, qty=qty, price=price)

    story = [
        *STORY[:3],
        OpenAccount(account="carol", cash=10**12, positions={1: 1_000}),
        order("bob", Side.SELL, 3, 2_000),
        order("carol", Side.SELL, 4, 2_001),
        order("alice", Side.BUY, 5, 2_001),
        SetInstrumentStatus(symbol_id=1, status=InstrumentStatus.AUCTION),
        order("alice", Side.BUY, 2, 2_002),
        order("bob", Side.BUY, 1, 2_002),
        SetInstrumentStatus(symbol_id=1, status=InstrumentStatus.OPEN),
    ]
    export_journal(journaled(tmp_path, story), tmp_path / "out", ExportFormat.CSV, OrderManagementSystem)
    rows = read(tmp_path / "out" / "trades.csv")
    columns = ("quantity", "aggressor", "buyer", "buy_order_id", "seller", "sell_order_id")
    assert [tuple(row.get(column) for column in columns) for row in rows] == [
        ("0.3", "buy", "alice", "3", "bob", "1"),
        ("0.2", "buy", "alice", "3", "carol", "2"),
        ("0.2", None, "alice", "4", "carol", "2"),
    ]


def test_parquet_has_the_same_rows_as_doubles(data_dir: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "out"
    rows = export_journal(data_dir, out, ExportFormat.PARQUET, OrderManagementSystem)
    tables = {table: parquet.read_table(out / f"{table}.parquet").to_pylist() for table in rows}
    assert {table: len(content) for table, content in tables.items()} == rows
    (trade,) = tables["trades"]
    assert trade["price"] == 10.015
    assert (trade["buyer"], trade["buy_order_id"], trade["seller"], trade["sell_order_id"]) == ("alice", 2, "bob", 1)
    assert tables["quotes"][0]["bid_price"] is None


def test_without_pyarrow_one_line_says_what_to_install(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExportError, match=r"tradesim-tui\[parquet\]"):
        export_journal(data_dir, tmp_path / "out", ExportFormat.PARQUET, OrderManagementSystem)


def test_a_place_that_cannot_be_written_is_one_line(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot be written to"):
        export_journal(data_dir, tmp_path / "file" / "out", ExportFormat.CSV, OrderManagementSystem)


@pytest.mark.parametrize("file_format", ExportFormat)
@pytest.mark.parametrize("room", [0, 100, 300])
def test_a_full_disk_is_one_line_and_leaves_the_tables_of_an_earlier_export(
    data_dir: Path, tmp_path: Path, file_format: ExportFormat, room: int
) -> None:
    pytest.importorskip("pyarrow")
    out = tmp_path / "out"
    out.mkdir()
    earlier = out / f"trades.{file_format.value}"
    earlier.write_text("an earlier export")
    service = OrderManagementSystem()
    story = list(replay_events(data_dir, service))
    full = pytest.raises(ExportError, match=r"cannot be written.*: .*File too large")
    with files_of_at_most(room), full, MarketTables(service, out, file_format) as tables:
        for time, events in story:
            tables.record(time, events)
    assert earlier.read_text() == "an earlier export"
    assert list(out.iterdir()) == [earlier]
    export_journal(data_dir, out, file_format, OrderManagementSystem)
    assert {path.stem for path in out.iterdir()} == set(TABLES)
    assert earlier.read_bytes() != b"an earlier export"


@contextlib.contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_export_that_breaks_off_leaves_nothing(data_dir: Path, tmp_path: Path) -> None:
    edit = sqlite3.connect(data_dir / "journal.sqlite")
    edit.execute("UPDATE meta SET value = '0' WHERE key = 'format'")
    edit.commit()
    edit.close()
    with pytest.raises(JournalError, match="format 0"):
        export_journal(data_dir, tmp_path / "out", ExportFormat.CSV, OrderManagementSystem)
    assert not list((tmp_path / "out").iterdir())


def test_without_a_journal_there_is_nothing_to_export(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no journal"):
        export_journal(tmp_path / "none", tmp_path / "out", ExportFormat.CSV, OrderManagementSystem)
