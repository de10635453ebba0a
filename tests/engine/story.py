"""Tells a scenario to an exchange: a small language of orders and expectations, one line each.

Commands: ``alice buys 10 @ 100 post-only``, ``bob sells 5`` (a market order), ``alice cancels 1``, ``alice cancels all
buys``, ``alice changes 1 to 5``, ``alice changes 1 to 5 @ 99``, ``alice quotes 5@98 / 5@101``, ``alice arms 10`` (her
dead man's switch), ``alice disarms``, ``day ends``, ``time 10``, ``market halted|open|auction``, ``market auction 10``
(seconds). Instructions after the price: ``ioc fok day post-only reduce-only``, ``show 3``, ``stop 105``, ``until 10``.
Orders are numbered as they are accepted.

Expectations about the last command start with ``->``: ``trades 3@101 2@102``, ``no trades``, ``indicates 5@100``,
``refused would_cross``, ``canceled 1 expired``, ``triggered 1``, ``kept 1``, ``moved 1``, ``makers 2 1``, ``nothing``;
about the state: ``book 5@98 | 3@101``, ``alice 10`` (position), ``cash alice -400``, ``reserved alice 400``, ``fee
alice 3``, ``profit alice 200`` (realized), ``cost alice -600`` (all in ticks times lots).
"""

from __future__ import annotations

from typing import Any

from engine_world import ACME, MILLION, SECOND, TICK, World, only

from engine.commands import AdvanceTime, CancelAll, EndDay, MassQuote, Quote, SetCancelAfter, SetInstrumentStatus
from engine.events import (
    AnyEvent,
    AuctionIndication,
    OrderCanceled,
    OrderFilled,
    OrderReplaced,
    OrderTriggered,
    Rejected,
    Trade,
)
from engine.types import InstrumentStatus, Liquidity, OrderType, Side, TimeInForce

_SIDES = {"buys": Side.BUY, "sells": Side.SELL}


class Teller:
    """Runs a story line by line."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.events: list[AnyEvent] = []

    def tell(self, story: str) -> None:
        for line in story.strip().splitlines():
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "->":
                self._expect(words[1:], line)
            else:
                self.events = self._do(words)

    # --- commands -----------------------------------------------------------------------------------------------

    def _do(self, words: list[str]) -> list[AnyEvent]:
        who, verb, *rest = words
        if who == "day":
            return self.world.do(EndDay())
        if who == "time":
            self.world.now = int(verb) * SECOND
            return self.world.do(AdvanceTime())
        if who == "market":
            status = SetInstrumentStatus(
                symbol_id=ACME,
                status=InstrumentStatus(verb),
                duration_ns=int(rest[0]) * SECOND if rest else None,
            )
            return self.world.do(status)
        if verb == "cancels":
            return self._cancel(who, rest)
        if verb == "changes":
            return self._change(who, rest)
        if verb in ("arms", "disarms"):
            deadline = int(rest[0]) * SECOND if rest else None
            return self.world.do(SetCancelAfter(account=who, deadline=deadline))
        if verb == "quotes":
            slash = rest.index("/")
            bids, asks = _quotes(rest[:slash]), _quotes(rest[slash + 1 :])
            return self.world.do(MassQuote(account=who, symbol_id=ACME, bids=bids, asks=asks))
        return self._order(who, _SIDES[verb], rest)

    def _order(self, who: str, side: Side, words: list[str]) -> list[AnyEvent]:
        qty = int(words.pop(0))
        price = None
        if words and words[0] == "@":
            words.pop(0)
            price = int(words.pop(0))
        fields: dict[str, Any] = {}
        while words:
            word = words.pop(0)
            if word in ("ioc", "fok", "day"):
                fields["tif"] = TimeInForce(word.upper())
            elif word in ("post-only", "reduce-only"):
                fields[word.replace("-", "_")] = True
            elif word == "show":
                fields["display_qty"] = int(words.pop(0))
            elif word == "stop":
                fields["stop_price"] = int(words.pop(0))
                fields["type"] = OrderType.STOP if price is None else OrderType.STOP_LIMIT
            elif word == "until":
                fields.update(tif=TimeInForce.GTD, expires_at=int(words.pop(0)) * SECOND)
            else:
                raise ValueError(word)
        return self.world.order(who, side, qty, price, **fields)

    def _cancel(self, who: str, words: list[str]) -> list[AnyEvent]:
        if words[0] != "all":
            return self.world.cancel(who, int(words[0]))
        side = _SIDES[words[1]] if len(words) > 1 else None
        return self.world.do(CancelAll(account=who, symbol_id=ACME, side=side))

    def _change(self, who: str, words: list[str]) -> list[AnyEvent]:
        number, _, qty, *rest = words
        fields = {{"@": "price", "stop": "stop_price"}[rest[0]]: int(rest[1])} if rest else {}
        return self.world.replace(who, int(number), qty=int(qty), **fields)

    # --- expectations -------------------------------------------------------------------------------------------

    def _expect(self, words: list[str], line: str) -> None:
        what, rest = words[0], words[1:]
        handler = getattr(self, f"_expect_{what}", None)
        if handler is not None:
            found = handler()
        elif what in ("cash", "reserved", "fee", "profit", "cost"):
            found, rest = self._money(what, rest[0]), rest[1:]
        else:
            found = [str(self.world.position(what))]
        assert found == rest, f"{line.strip()}: found {' '.join(found)} after {self.events}"

    def _money(self, what: str, who: str) -> list[str]:
        account = self.world.account(who)
        amounts = {
            "cash": account.cash - MILLION,
            "reserved": account.reserved,
            "fee": account.fees_paid,
            "profit": account.realized_pnl,
            "cost": sum(position.cost for position in account.positions),
        }
        assert amounts[what] % TICK == 0
        return [str(amounts[what] // TICK)]

    def _expect_trades(self) -> list[str]:
        return [f"{trade.qty}@{trade.price}" for trade in only(Trade, self.events)]

    def _expect_no(self) -> list[str]:
        return ["trades"] if not only(Trade, self.events) else []

    def _expect_nothing(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def _expect_refused(self) -> list[str]:
        return [event.code.value for event in only(Rejected, self.events)]

    def _expect_canceled(self) -> list[str]:
        return [word for e in only(OrderCanceled, self.events) for word in (str(e.order_id), e.reason.value)]

    def _expect_triggered(self) -> list[str]:
        return [str(event.order_id) for event in only(OrderTriggered, self.events)]

    def _expect_kept(self) -> list[str]:
        return [str(event.order_id) for event in only(OrderReplaced, self.events) if event.priority_kept]

    def _expect_moved(self) -> list[str]:
        return [str(event.order_id) for event in only(OrderReplaced, self.events) if not event.priority_kept]

    def _expect_makers(self) -> list[str]:
        fills = only(OrderFilled, self.events)
        return [str(fill.order_id) for fill in fills if fill.liquidity is Liquidity.MAKER]

    def _expect_indicates(self) -> list[str]:
        return [f"{e.qty}@{e.price}" for e in only(AuctionIndication, self.events)]

    def _expect_book(self) -> list[str]:
        return self.world.book().split()


def _quotes(words: list[str]) -> tuple[Quote, ...]:
    return tuple(Quote(price=int(word.split("@")[1]), qty=int(word.split("@")[0])) for word in words)
