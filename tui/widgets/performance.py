"""How the exchange and the console itself are doing."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from net.messages import LatencyShape
from tui.drawing.cells import Row, centred, fill_row, fit_right
from tui.drawing.curves import framed_curve
from tui.drawing.histogram import draw_histogram
from tui.drawing.table import Cells, Column
from tui.view import short_number
from tui.widgets.pane import Pane
from tui.widgets.table import TablePane

WAITING = "waiting for the first figures…"
NOT_RECORDED = "how the exchange did was not recorded"


def pairs(lines: Sequence[tuple[str, str]], width: int, name_width: int = 16) -> list[Row]:
    """Names and values, one pair a row."""
    return [fill_row(((f" {name:<{name_width}}", "dim"), (value, "bright")), width) for name, value in lines]


class Throughput(Pane):
    """Orders and trades a second, totals, queue, clients."""

    NAME = "exchange"
    LETTER = "x"
    EVERY = 5

    def stamp(self) -> Hashable:
        return self.context.view.performance

    def draw(self, width: int, height: int) -> Sequence[Row]:
        p = self.context.view.performance
        if p is None:
            return centred(WAITING if self.context.replay is None else NOT_RECORDED, width, height)
        hours, rest = divmod(int(p.uptime_seconds), 3600)
        return pairs(
            [
                ("orders/s", f"{p.orders_per_second:,.0f}"), ("trades/s", f"{p.trades_per_second:,.0f}"),
                ("orders", f"{p.total_orders:,}"), ("trades", f"{p.total_trades:,}"),
                ("volume", short_number(p.total_volume)),
                ("queue", f"{p.queue_usage_pct:.2f} % of {p.queue_capacity:,}" if p.queue_capacity else "-"),
                ("queue full", f"{p.queue_full_count:,} times"), ("clients", f"{p.clients_connected}"),
                ("messages sent", f"{p.messages_sent:,}"), ("conflated", f"{p.messages_conflated:,}"),
                ("too slow", f"{p.clients_too_slow} clients"), ("order size", f"{p.average_order_size:,.1f}"),
                ("trade size", f"{p.average_trade_size:,.1f}"),
                ("up", f"{hours}:{rest // 60:02d}:{rest % 60:02d}"),
                ("engine", "connected" if p.engine_connected else "AWAY"),
            ],
            width,
        )  # fmt: skip


class OrderRate(Pane):
    """Orders a second over the last minutes."""

    NAME = "orders/s"
    LETTER = "o"
    EVERY = 5

    def values(self) -> list[float]:
        """One a second, oldest first."""
        return self.context.view.orders_per_second

    def stamp(self) -> Hashable:
        return tuple(self.values()[-2:]), len(self.values())

    def draw(self, width: int, height: int) -> Sequence[Row]:
        values = self.values()
        if len(values) < 2:
            return centred(WAITING if self.context.replay is None else NOT_RECORDED, width, height)
        return framed_curve(values, width, height, self.look.glyphs, "curve", decimals=0)


class TradeRate(OrderRate):
    """Trades a second over the last minutes."""

    NAME = "trades/s"
    LETTER = "t"

    def values(self) -> list[float]:
        return self.context.view.trades_per_second


class Latency(TablePane[LatencyShape]):
    """Percentiles of each stage; the selected one's histogram is beside it."""

    NAME = "latency"
    LETTER = "y"
    EVERY = 5
    EMPTY = WAITING
    EMPTY_REPLAY = NOT_RECORDED
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("stage", 12, grow=1),
        Column("p50 ms", 9, right=True),
        Column("p99 ms", 9, right=True),
        Column("p99.9 ms", 9, right=True, drop=1),
        Column("max ms", 9, right=True, drop=2),
        Column("count", 8, right=True, drop=3),
    )

    def data_stamp(self) -> Hashable:
        return self.context.view.performance

    def records(self) -> Sequence[LatencyShape]:
        performance = self.context.view.performance
        return performance.latency if performance is not None else []

    def identity(self, record: LatencyShape) -> Hashable:
        return record.stage

    def cells(self, record: LatencyShape) -> Cells:
        figures = [(f"{value:.3f}", "text") for value in (record.p50_ms, record.p99_ms, record.p999_ms, record.max_ms)]
        return ((record.stage, "bright"), *figures, (short_number(record.count), "dim"))


class Histogram(Pane):
    """Counts per power of two of microseconds of the selected stage."""

    NAME = "histogram"
    LETTER = "h"
    EVERY = 5

    def _stage(self) -> LatencyShape | None:
        found = self.screen.query(Latency)
        return found.first().current() if found else None

    def stamp(self) -> Hashable:
        stage = self._stage()
        return (stage.stage, tuple(stage.buckets)) if stage is not None else None

    def title(self) -> Row:
        stage = self._stage()
        return ((f"{stage.stage} ", "bright"),) if stage is not None else ()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        stage = self._stage()
        rows = draw_histogram(stage.buckets, width, height, self.look.glyphs) if stage is not None else []
        return rows or centred("nothing measured yet", width, height)


class OwnCost(Pane):
    """What the console itself costs."""

    NAME = "console"
    LETTER = "c"
    EVERY = 5

    def stamp(self) -> Hashable:
        return self.context.meter.version

    def draw(self, width: int, height: int) -> Sequence[Row]:
        meter, link = self.context.meter, self.context.view.link
        p50, p99 = meter.key_percentiles()
        latency = f"{link.latency_ms:.1f} ms" if link.latency_ms is not None else "-"
        return pairs(
            [
                ("processor", f"{meter.cpu_share:.1%} of a core" if meter.frames else "-"),
                ("memory", f"{meter.memory_mb:.0f} MB"),
                ("to terminal", f"{meter.bytes_per_second / 1000:.1f} kB/s"), ("loop lag", f"{meter.lag_ms:.1f} ms"),
                ("key to picture", f"p50 {p50:.0f}  p99 {p99:.0f} ms" if meter.key_ms else "-"),
                ("round trip", latency), ("gaps", str(link.gaps)), ("frames", f"{meter.frames:,}"),
            ],
            width,
        )  # fmt: skip


class EnginePane(Pane):
    """The few figures that fit beside the market."""

    NAME = "engine"
    LETTER = "e"
    EVERY = 5

    def stamp(self) -> Hashable:
        return self.context.view.performance, self.context.meter.version

    def draw(self, width: int, height: int) -> Sequence[Row]:
        p, meter = self.context.view.performance, self.context.meter
        if p is None:
            return centred(WAITING if self.context.replay is None else NOT_RECORDED, width, height)
        worst = max(p.latency, key=lambda stage: stage.p99_ms, default=None)
        lines = [("ord/s", f"{p.orders_per_second:,.0f}"), ("trd/s", f"{p.trades_per_second:,.0f}")]
        if worst is not None:
            lines.append(("p99", f"{worst.p99_ms:.2f} ms {worst.stage}"))
        if p.queue_capacity:
            lines.append(("queue", f"{p.queue_usage_pct:.2f} %"))
        lines += [
            ("clients", str(p.clients_connected)),
            ("ui", f"{meter.cpu_share:.1%}  lag {meter.lag_ms:.0f} ms" if meter.frames else "-"),
            ("out", f"{meter.bytes_per_second / 1000:.0f} kB/s" if meter.frames else "-"),
        ]  # fmt: skip
        return [fill_row(((fit_right(name, 8), "dim"), (f" {value}", "bright")), width) for name, value in lines]
