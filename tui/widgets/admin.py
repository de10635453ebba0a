"""Admin: what may be done to the exchange, and the instruments it is done to."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from textual.binding import Binding

from engine.types import InstrumentStatus
from net.messages import FASTEST, SLOWEST
from tui import keys
from tui.drawing.cells import Row, fill_row
from tui.drawing.table import Cells, Column
from tui.messages import AdminAsked, PickInstrument
from tui.view import Market, short_number
from tui.widgets.pane import LIST_HINTS, Pane
from tui.widgets.table import TablePane

SPEEDS = (SLOWEST, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, FASTEST)
TABLE = keys.ADMIN + tuple(key for key in keys.AGENTS if key.id in ("agents.pause", "agents.kill"))


class AdminKeys(Pane):
    """What can be done, and by which key."""

    NAME = "actions"
    LETTER = "s"

    def stamp(self) -> Hashable:
        return self.context.config.admin is None, self.context.view.simulation_speed

    def note(self) -> Row:
        return (("simulation ", "dim"), (f"×{self.context.view.simulation_speed:g}", "bright"))

    def draw(self, width: int, height: int) -> Sequence[Row]:
        rows = [fill_row(((f" {key.shown:<4}", "key"), (key.does, "text")), width) for key in TABLE]
        if self.context.config.admin is None:
            rows.insert(0, fill_row(((" no admin token: looking only", "warn"),), width))
        return rows


class Listing(TablePane[Market]):
    """Instruments with their rules and trading phase."""

    NAME = "instruments"
    LETTER = "i"
    EMPTY = "no instruments: i lists one"
    KEYS = keys.LIST + keys.ADMIN
    BINDINGS = [Binding(key.keys, key.action, key.does, id=key.id, show=False) for key in keys.ADMIN]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("id", 3, right=True),
        Column("sym", 7, fits=True),
        Column("description", 20, grow=2, drop=2),
        Column("industry", 16, grow=1, drop=6),
        Column("began at", 10, right=True, drop=5),
        Column("tick", 7, right=True),
        Column("lot", 6, right=True, drop=1),
        Column("last", 10, right=True),
        Column("volume", 8, right=True, drop=4),
        Column("phase", 7),
        Column("source", 9, drop=3),
    )
    HINTS = (
        ("i", "list"),
        ("h", "halt/open"),
        ("D", "delist"),
        ("e", "agent"),
        ("w", "news"),
        ("+ -", "speed"),
        *LIST_HINTS,
    )

    asked: tuple[float, float] | None = None
    """Speed that was told when another one was asked for, and that one."""

    def data_stamp(self) -> Hashable:
        return tuple(market.version for market in self.context.view.markets.values())

    def records(self) -> Sequence[Market]:
        return self.context.view.ordered()

    def identity(self, record: Market) -> Hashable:
        return record.instrument.symbol_id

    def cells(self, record: Market) -> Cells:
        shape = record.instrument
        phase_style = "good" if shape.status is InstrumentStatus.OPEN else "bad"
        last = record.scale.text(record.mark) if record.mark is not None else "-"
        return (
            (str(shape.symbol_id), "dim"), (shape.ticker, "bright"), (shape.description, "text"),
            (shape.industry, "dim"), (record.scale.text(record.scale.ticks(shape.initial_price)), "dim"),
            (f"{shape.tick_size:g}", "text"), (f"{shape.lot_size:g}", "text"), (last, "text"),
            (short_number(record.volume) if record.volume else "", "text"),
            (shape.status.value, phase_style), (shape.source, "dim"),
        )  # fmt: skip

    def opened(self, record: Market) -> None:
        self.post_message(PickInstrument(record.instrument.symbol_id))

    def action_create(self, what: str) -> None:
        """Open a form."""
        self.post_message(AdminAsked(f"{what}.create"))

    def action_halt(self) -> None:
        """Halt the instrument, or open it."""
        market = self.current()
        if market is not None:
            verb = "halt" if market.instrument.status is InstrumentStatus.OPEN else "open"
            self.post_message(AdminAsked(f"instrument.{verb}", market.instrument))

    def action_speed(self, step: int) -> None:
        """Next faster or slower of the usual speeds."""
        now = told = self.context.view.simulation_speed
        if self.asked is not None and self.asked[0] == told:
            now = self.asked[1]  # the answer to the key before is still under way
        faster = [speed for speed in SPEEDS if speed > now]
        slower = [speed for speed in SPEEDS if speed < now]
        wanted = faster[:1] if step > 0 else slower[-1:]
        if wanted:
            self.asked = (told, wanted[0])
            self.post_message(AdminAsked("simulation.speed", wanted[0]))

    def action_delist(self) -> None:
        """Delist the instrument, after y."""
        market = self.current()
        if market is not None:
            self.post_message(AdminAsked("instrument.remove", market.instrument))
