"""What happened on an exchange as tables, for those who study it: trades, orders and quotes, as CSV or Parquet.

Prices and quantities are in the instrument's units, fees in currency units, times in nanoseconds since the epoch. In
CSV they are exact decimals; in Parquet, which is for computing, they are doubles.
"""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, TypeAlias

from engine.events import (
    AnyEvent,
    DepthChanged,
    InstrumentAdded,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderReplaced,
    OrderTriggered,
    Trade,
)
from engine.instruments import Instrument
from engine.recovery import OnLoss, refuse, replay_events
from engine.service import OrderBookService
from engine.types import CASH_SCALE, DECIMAL_SCALE, Side, SymbolId

Cell: TypeAlias = int | str | Decimal | None

TABLES: dict[str, dict[str, type]] = {
    "trades": {
        "time": int,
        "trade_id": int,
        "ticker": str,
        "price": Decimal,
        "quantity": Decimal,
        "aggressor": str,
        "buyer": str,
        "buy_order_id": int,
        "seller": str,
        "sell_order_id": int,
    },
    "orders": {
        "time": int,
        "event": str,
        "order_id": int,
        "account": str,
        "ticker": str,
        "side": str,
        "order_type": str,
        "price": Decimal,
        "stop_price": Decimal,
        "quantity": Decimal,
        "leaves_quantity": Decimal,
        "filled_quantity": Decimal,
        "trade_id": int,
        "liquidity": str,
        "fee": Decimal,
        "reason": str,
        "client_order_id": str,
    },
    "quotes": {
        "time": int,
        "ticker": str,
        "bid_price": Decimal,
        "bid_quantity": Decimal,
        "ask_price": Decimal,
        "ask_quantity": Decimal,
    },
}
"""Columns of each table with their types. A trade names the accounts and orders of both sides, and no aggressor when an
auction made it; an order has a row for everything that happened to it; a quote is a best bid and offer, with a row
whenever it changed."""

_BATCH_ROWS = 20_000


class ExportFormat(Enum):
    """File formats."""

    CSV = "csv"
    PARQUET = "parquet"


class ExportError(Exception):
    """The tables cannot be written; the message is one line for a person."""


class TableWriter(Protocol):
    """Writes the rows of one table."""

    def write(self, rows: Sequence[dict[str, Cell]]) -> None:
        """Append rows; a column that a row lacks is empty."""

    def close(self) -> None:
        """Finish the file."""


class MarketTables:
    """Turns events into rows of the tables and writes them. A context manager.

    The tables get their names when it ends well; until then, and if it does not, those of an earlier export stay.

    Args:
        service: the exchange that the events come from, in the state just after them: it knows the books.
    """

    def __init__(self, service: OrderBookService, out: Path, file_format: ExportFormat) -> None:
        self.rows = dict.fromkeys(TABLES, 0)
        """Rows written to each table."""
        self._service = service
        self._instruments: dict[SymbolId, Instrument] = {i.symbol_id: i for i in service.instruments()}
        self._quotes: dict[SymbolId, dict[str, Cell]] = {}
        self._waiting: dict[str, list[dict[str, Cell]]] = {table: [] for table in TABLES}
        self._files = {table: out / f"{table}.{file_format.value}" for table in TABLES}
        self._writers: dict[str, TableWriter] = {}
        try:
            out.mkdir(parents=True, exist_ok=True)
            make: Callable[[Path, dict[str, type]], TableWriter]
            make = _parquet_writer if file_format is ExportFormat.PARQUET else _CsvWriter
            for table, columns in TABLES.items():
                self._writers[table] = make(_draft(self._files[table]), columns)
        except OSError as error:
            self._discard()
            raise ExportError(f"{out} cannot be written to: {error.strerror or error}") from error

    def record(self, time: int, events: Sequence[AnyEvent]) -> None:
        """Add everything that one command led to; its events name both sides of each of its trades."""
        sides = {(event.trade_id, event.side): event for event in events if isinstance(event, OrderFilled)}
        for event in events:
            if isinstance(event, InstrumentAdded):
                self._instruments[event.instrument.symbol_id] = event.instrument
            elif isinstance(event, Trade):
                bought, sold = sides[event.trade_id, Side.BUY], sides[event.trade_id, Side.SELL]
                row = _trade_row(self._instruments[event.symbol_id], event, bought, sold)
                self._add("trades", time, event.symbol_id, row)
            elif isinstance(event, DepthChanged):
                self._quote(time, event.symbol_id)
            elif isinstance(event, _ORDER_EVENTS):
                self._add("orders", time, event.symbol_id, _order_row(self._instruments[event.symbol_id], event))

    def _quote(self, time: int, symbol_id: SymbolId) -> None:
        depth = self._service.depth(symbol_id, 1)
        if depth is None:
            return
        instrument = self._instruments[symbol_id]
        row: dict[str, Cell] = {}
        for side, levels in (("bid", depth.bids), ("ask", depth.asks)):
            if levels:
                row[f"{side}_price"] = _price(instrument, levels[0].price)
                row[f"{side}_quantity"] = _quantity(instrument, levels[0].qty)
        if self._quotes.get(symbol_id) != row:
            self._quotes[symbol_id] = row
            self._add("quotes", time, symbol_id, dict(row))

    def _add(self, table: str, time: int, symbol_id: SymbolId, row: dict[str, Cell]) -> None:
        row["time"] = time
        row["ticker"] = self._instruments[symbol_id].ticker
        waiting = self._waiting[table]
        waiting.append(row)
        self.rows[table] += 1
        if len(waiting) >= _BATCH_ROWS:
            self._flush(table)

    def _flush(self, table: str) -> None:
        with _telling(self._files[table]):
            self._writers[table].write(self._waiting[table])
        self._waiting[table].clear()

    def _finish(self) -> None:
        """Write what is left, and give the tables their names when all of them are whole."""
        for table, writer in self._writers.items():
            self._flush(table)
            with _telling(self._files[table]):
                writer.close()
        for file in self._files.values():
            with _telling(file):
                _draft(file).replace(file)

    def _discard(self) -> None:
        """Leave nothing unfinished behind."""
        for writer in self._writers.values():
            with contextlib.suppress(OSError):
                writer.close()
        for file in self._files.values():
            with contextlib.suppress(OSError):
                _draft(file).unlink(missing_ok=True)

    def __enter__(self) -> MarketTables:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._discard()


def export_journal(
    data_dir: Path,
    out: Path,
    file_format: ExportFormat,
    new_service: Callable[[], OrderBookService],
    on_loss: OnLoss = refuse,
) -> dict[str, int]:
    """Write the tables of everything in a journal; returns the rows of each. ``on_loss`` is that of ``replay``.

    Raises:
        JournalError: the journal cannot be read.
        ExportError: the tables cannot be written.
    """
    service = new_service()
    with MarketTables(service, out, file_format) as tables:
        for time, events in replay_events(data_dir, service, on_loss):
            tables.record(time, events)
    return tables.rows


def _draft(file: Path) -> Path:
    return file.with_name(f"{file.name}.unfinished")


@contextlib.contextmanager
def _telling(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportError(f"{file} cannot be written: {error.strerror or error}") from error


_ORDER_EVENTS = (OrderAccepted, OrderFilled, OrderCanceled, OrderReplaced, OrderTriggered)


def _trade_row(instrument: Instrument, trade: Trade, bought: OrderFilled, sold: OrderFilled) -> dict[str, Cell]:
    return {
        "trade_id": trade.trade_id,
        "price": _price(instrument, trade.price),
        "quantity": _quantity(instrument, trade.qty),
        "aggressor": trade.side.value if trade.side is not None else None,
        "buyer": bought.account,
        "buy_order_id": bought.order_id,
        "seller": sold.account,
        "sell_order_id": sold.order_id,
    }


def _order_row(
    instrument: Instrument, event: OrderAccepted | OrderFilled | OrderCanceled | OrderReplaced | OrderTriggered
) -> dict[str, Cell]:
    row: dict[str, Cell] = {"order_id": event.order_id, "account": event.account}
    if not isinstance(event, OrderTriggered):
        row["side"] = event.side.value
        row["client_order_id"] = event.client_order_id
    match event:
        case OrderAccepted():
            row |= {
                "event": "accepted",
                "order_type": event.order_type.value,
                "price": _price(instrument, event.price),
                "stop_price": _price(instrument, event.stop_price),
                "quantity": _quantity(instrument, event.qty),
            }
        case OrderFilled():
            row |= {
                "event": "filled",
                "price": _price(instrument, event.price),
                "quantity": _quantity(instrument, event.qty),
                "trade_id": event.trade_id,
                "liquidity": event.liquidity.value,
                "fee": Decimal(event.fee) / CASH_SCALE,
            }
        case OrderCanceled():
            row |= {"event": "canceled", "reason": event.reason.value}
        case OrderReplaced():
            row |= {
                "event": "replaced",
                "price": _price(instrument, event.price),
                "stop_price": _price(instrument, event.stop_price),
            }
        case OrderTriggered():
            row["event"] = "triggered"
    if isinstance(event, (OrderFilled, OrderCanceled, OrderReplaced)):
        row["leaves_quantity"] = _quantity(instrument, event.leaves_qty)
        row["filled_quantity"] = _quantity(instrument, event.cum_qty)
    return row


def _price(instrument: Instrument, ticks: int | None) -> Decimal | None:
    return None if ticks is None else Decimal(ticks * instrument.tick_size_e8) / DECIMAL_SCALE


def _quantity(instrument: Instrument, lots: int) -> Decimal:
    return Decimal(lots * instrument.lot_size_e8) / DECIMAL_SCALE


class _CsvWriter:
    def __init__(self, path: Path, columns: dict[str, type]) -> None:
        self._columns = tuple(columns)
        self._file: IO[str] = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(self._columns)

    def write(self, rows: Sequence[dict[str, Cell]]) -> None:
        self._writer.writerows([_text(row.get(column)) for column in self._columns] for row in rows)

    def close(self) -> None:
        self._file.close()


def _text(cell: Cell) -> Cell:
    return format(cell, "f") if isinstance(cell, Decimal) else cell


def _parquet_writer(path: Path, columns: dict[str, type]) -> TableWriter:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ExportError("Parquet needs pyarrow: pip install 'tradesim-tui[parquet]'") from error
    return _ParquetWriter(pyarrow, path, columns)


class _ParquetWriter:
    def __init__(self, pyarrow: Any, path: Path, columns: dict[str, type]) -> None:
        kinds = {int: pyarrow.int64(), str: pyarrow.string(), Decimal: pyarrow.float64()}
        self._pyarrow = pyarrow
        self._columns = columns
        self._schema = pyarrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, rows: Sequence[dict[str, Cell]]) -> None:
        cells = {name: [_double(row.get(name)) for row in rows] for name in self._columns}
        self._writer.write_table(self._pyarrow.table(cells, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


def _double(cell: Cell) -> int | str | float | None:
    return float(cell) if isinstance(cell, Decimal) else cell
