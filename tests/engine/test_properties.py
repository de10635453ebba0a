"""The real exchange against the obvious one, and against its own invariants, on whatever Hypothesis thinks of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine_world import ACME, MILLION, SECOND, TICK, World, only, restarted
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from oracle import Books, Oracle, OracleOrder, Refused

from engine.commands import (
    AccountLimits,
    AdvanceTime,
    AnyCommand,
    CancelAll,
    CancelOrder,
    EndDay,
    MassQuote,
    NewOrder,
    Quote,
    ReplaceOrder,
    SetCancelAfter,
    SetInstrumentStatus,
    TransferCash,
)
from engine.events import (
    AnyEvent,
    AuctionIndication,
    InstrumentStatusChanged,
    OrderCanceled,
    OrderFilled,
    OrderTriggered,
    Rejected,
    Trade,
)
from engine.instruments import FeeSchedule
from engine.types import (
    CancelReason,
    InstrumentStatus,
    Liquidity,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

ACCOUNTS = ("alice", "bob", "carol")
accounts = st.sampled_from(ACCOUNTS)
sides = st.sampled_from(Side)
prices = st.integers(95, 105)
lots = st.integers(1, 12)


_KINDS = {
    (True, False): OrderType.LIMIT,
    (False, False): OrderType.MARKET,
    (False, True): OrderType.STOP,
    (True, True): OrderType.STOP_LIMIT,
}


@st.composite
def new_orders(draw: st.DrawFn) -> OracleOrder:
    """Plain limit orders mostly, and every legal mixture of instructions now and then."""
    price = draw(st.one_of(prices, prices, prices, st.none()))
    stop = draw(st.one_of(st.none(), st.none(), st.none(), prices))
    tif = draw(st.sampled_from([TimeInForce.GTC] * 4 + list(TimeInForce)))
    if stop is not None and tif in (TimeInForce.IOC, TimeInForce.FOK):
        tif = TimeInForce.GTC
    order = OracleOrder(0, draw(accounts), draw(sides), price, draw(lots), stop=stop, tif=tif)
    flag = draw(st.sampled_from(["", "", "", "post_only", "reduce_only", "display"]))
    if flag == "reduce_only":
        order.reduce_only = True
    elif price is not None and tif not in (TimeInForce.IOC, TimeInForce.FOK):
        order.post_only = flag == "post_only"
        order.display = draw(st.integers(1, order.leaves)) if flag == "display" else None
    return order


entries = new_orders()


def command_of(order: OracleOrder, now: int) -> NewOrder:
    """The command that places it; one that is good till a date gets five seconds."""
    if order.tif is TimeInForce.GTD:
        order.expires_at = now + 5 * SECOND
    return NewOrder(
        account=order.account,
        symbol_id=ACME,
        side=order.side,
        qty=order.leaves,
        type=_KINDS[order.price is not None, order.stop is not None],
        price=order.price,
        stop_price=order.stop,
        tif=order.tif,
        expires_at=order.expires_at,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        display_qty=order.display,
        client_order_id=str(order.number),
    )


class MatchingMachine(RuleBasedStateMachine):
    """Every order type, with money enough that only the book decides; the oracle says what must happen."""

    orders: Bundle[OracleOrder] = Bundle("orders")

    @initialize()
    def start(self) -> None:
        self.world = World("", cash=1)
        policies = dict(zip(ACCOUNTS, SelfTradePrevention, strict=True))
        for name, stp in policies.items():
            self.world.open(name, stp=stp, cash=1_000 * MILLION)
        self.oracle = Oracle(policies)
        self.books = Books(self.world, *ACCOUNTS)
        self.next_number = 1

    def number(self) -> int:
        self.next_number += 1
        return self.next_number - 1

    @rule(target=orders, entries=st.lists(entries, min_size=1, max_size=6))
    def place(self, entries: list[OracleOrder]) -> MultipleResults[OracleOrder]:
        return multiple(*[self._place(replace(entry)) for entry in entries])

    @rule(
        target=orders,
        stops=st.lists(st.tuples(accounts, sides, st.integers(1, 4), lots), min_size=2, max_size=6),
        resting=st.lists(st.tuples(accounts, sides, st.integers(2, 6), lots), max_size=6),
        taker=accounts,
        maker=accounts,
    )
    def shake(
        self,
        stops: list[tuple[str, Side, int, int]],
        resting: list[tuple[str, Side, int, int]],
        taker: str,
        maker: str,
    ) -> MultipleResults[OracleOrder]:
        """Trade on both sides of the last price in one command, where stops wait on both sides."""
        mark = self.oracle.mark
        orders = [
            OracleOrder(0, account, side, None, qty, stop=mark + away if side is Side.BUY else mark - away)
            for account, side, away, qty in stops
        ]
        orders += [
            OracleOrder(0, account, side, mark - away if side is Side.BUY else mark + away, qty)
            for account, side, away, qty in resting
        ]
        orders.append(OracleOrder(0, maker, Side.SELL, mark - 1, 1))
        orders.append(OracleOrder(0, taker, Side.BUY, mark + 2, 3, tif=TimeInForce.IOC))
        return multiple(*[self._place(order) for order in orders])

    def _place(self, order: OracleOrder) -> OracleOrder:
        order.number = self.next_number
        command = command_of(order, self.world.now)
        if self.compare(command, lambda: self.oracle.place(order)):
            self.number()
        return order

    @rule(order=consumes(orders))
    def cancel(self, order: OracleOrder) -> None:
        if order in self.oracle.working():
            command = CancelOrder(account=order.account, symbol_id=ACME, order_id=order.number)
            self.compare(command, lambda: self.oracle.cancel(order))

    @rule(order=orders, price=st.none() | prices, stop=st.none() | prices, qty=st.none() | lots)
    def change(self, order: OracleOrder, price: int | None, stop: int | None, qty: int | None) -> None:
        if order not in self.oracle.working():
            return
        if order.price is None:
            price = None
        if order.stop is None:
            stop = None
        command = ReplaceOrder(
            account=order.account, symbol_id=ACME, order_id=order.number, price=price, stop_price=stop, qty=qty
        )
        self.compare(
            command,
            lambda: self.oracle.replace(order, price or order.price, stop or order.stop, qty or order.leaves),
        )

    @rule(
        account=accounts,
        mid=prices,
        bids=st.dictionaries(st.integers(1, 4), lots, max_size=3),
        asks=st.dictionaries(st.integers(0, 4), lots, max_size=3),
    )
    def quote(self, account: str, mid: int, bids: dict[int, int], asks: dict[int, int]) -> None:
        levels = {(Side.BUY, mid - distance): qty for distance, qty in bids.items()}
        levels |= {(Side.SELL, mid + distance): qty for distance, qty in asks.items()}
        command = MassQuote(
            account=account,
            symbol_id=ACME,
            bids=tuple(Quote(mid - distance, qty) for distance, qty in bids.items()),
            asks=tuple(Quote(mid + distance, qty) for distance, qty in asks.items()),
        )
        self.compare(command, lambda: self.oracle.quote(account, levels, self.number))

    @rule(chore=st.sampled_from(["cancel_all", "wait", "end_day"]), account=accounts, side=st.none() | sides)
    def housekeeping(self, chore: str, account: str, side: Side | None) -> None:
        if chore == "cancel_all":
            self.world.do(CancelAll(account=account, side=side))
            gone = [o for o in self.oracle.working() if o.account == account and side in (None, o.side)]
        elif chore == "end_day":
            self.world.do(EndDay())
            gone = [o for o in self.oracle.working() if o.tif is TimeInForce.DAY]
        else:
            self.world.now += 2 * SECOND
            self.world.do(AdvanceTime())
            gone = [o for o in self.oracle.working() if o.expires_at is not None and o.expires_at <= self.world.now]
        for order in gone:
            self.oracle.cancel(order)

    @precondition(lambda self: self.world.oms.sequence % 3 == 0)
    @rule()
    def restart(self) -> None:
        """A restart from a snapshot changes nothing."""
        self.world.oms = restarted(self.world.oms)

    def compare(self, command: AnyCommand, expected: Any) -> bool:
        """Do the same on both sides; whether it was accepted."""
        events = self.world.do(command)
        refused = [event.code for event in events if isinstance(event, Rejected)]
        try:
            expected()
            expected_refusal = []
        except Refused as error:
            expected_refusal = [error.code]
        assert refused == expected_refusal
        assert refused or _trades(events) == self.oracle.trades
        assert refused or [event.order_id for event in only(OrderTriggered, events)] == self.oracle.triggered
        self.books.book(events)
        return not refused

    @invariant()
    def same_book(self) -> None:
        if not hasattr(self, "oracle"):
            return
        depth = self.world.oms.depth(ACME)
        assert depth is not None
        levels = {(Side.BUY, level.price): (level.qty, level.orders) for level in depth.bids}
        levels |= {(Side.SELL, level.price): (level.qty, level.orders) for level in depth.asks}
        assert levels == self.oracle.depth()
        found = [order for name in ACCOUNTS for order in self.world.oms.orders(name)]
        assert sorted(
            (o.order_id, o.leaves_qty, o.price, o.stop_price if o.status is OrderStatus.PENDING_TRIGGER else None)
            for o in found
        ) == [(o.number, o.leaves, o.price, o.stop) for o in self.oracle.working()]
        for name in ACCOUNTS:
            assert self.world.position(name) == self.oracle.positions.get(name, 0)
        self.books.check(self.world)


def _trades(events: list[AnyEvent]) -> list[tuple[int, int, int, int]]:
    fills = only(OrderFilled, events)
    takers = {fill.trade_id: fill.order_id for fill in fills if fill.liquidity is Liquidity.TAKER}
    return [
        (takers[fill.trade_id], fill.order_id, fill.qty, fill.price)
        for fill in fills
        if fill.liquidity is Liquidity.MAKER
    ]


class LedgerMachine(RuleBasedStateMachine):
    """Poor accounts under every limit and fee; the ledger's invariants must hold, and nobody may spend twice."""

    @initialize(
        maker=st.integers(-500, 2_000),
        taker=st.integers(500, 3_000),
        leverage=st.integers(1, 3),
    )
    def start(self, maker: int, taker: int, leverage: int) -> None:
        halts = {"halt_band_ppm": 30_000, "halt_duration_ns": 2 * SECOND}
        self.world = World("", fees=FeeSchedule(maker, taker), **halts)
        self.number = 0
        funds = {"cash": 4_000 * TICK, "positions": {ACME: 10}}
        self.world.open("alice", limits=AccountLimits(short_selling=False), **funds)
        self.world.open("bob", limits=AccountLimits(leverage=leverage), **funds)
        self.world.open("carol", limits=AccountLimits(max_position=15, max_orders_per_second=8), **funds)
        self.restored = restarted(self.world.oms)
        self.books = Books(self.world, *ACCOUNTS)
        self.indication: tuple[int, int | None] = (0, None)

    def do(self, command: AnyCommand) -> list[AnyEvent]:
        """Submit a command, also to the restored exchange; an auction that it ends must trade as indicated last."""
        self.number += 1
        events = self.world.do(command)
        assert self.restored.submit(command, self.world.now) == events
        self.books.book(events)
        auctioned = [trade for trade in only(Trade, events) if trade.side is None]
        assert len({trade.price for trade in auctioned}) <= 1
        due = (CancelReason.EXPIRED, CancelReason.DEAD_MAN)
        if any(canceled.reason in due for canceled in only(OrderCanceled, events)):
            pass  # the orders that went before the auction ended are not in what was indicated
        elif auctioned:
            assert self.indication == (sum(trade.qty for trade in auctioned), auctioned[0].price)
        elif only(InstrumentStatusChanged, events):
            assert self.indication[0] == 0 or self.status is not InstrumentStatus.OPEN
        for event in events:
            if isinstance(event, InstrumentStatusChanged):
                self.indication = (0, None)
            elif isinstance(event, AuctionIndication):
                self.indication = (event.qty, event.price)
        return events

    @property
    def status(self) -> InstrumentStatus:
        return self.world.oms.instruments()[0].status

    @rule(entries=st.lists(entries, min_size=1, max_size=8))
    def place(self, entries: list[OracleOrder]) -> None:
        for entry in entries:
            self.do(command_of(replace(entry, number=self.number), self.world.now))

    @rule(deals=st.lists(st.tuples(st.permutations(ACCOUNTS), prices, lots, lots), min_size=1, max_size=5))
    def deal(self, deals: list[tuple[list[str], int, int, int]]) -> None:
        """Trade again and again, at prices that may halt the market."""
        for (seller, buyer, _), price, offered, wanted in deals:
            for account, side, qty in ((seller, Side.SELL, offered), (buyer, Side.BUY, wanted)):
                order = OracleOrder(self.number, account, side, price, qty)
                self.do(command_of(order, self.world.now))

    @rule(account=accounts, pick=st.integers(0, 30), price=prices, qty=lots)
    def replace(self, account: str, pick: int, price: int, qty: int) -> None:
        orders = [o for o in self.world.oms.orders(account) if o.price is not None]
        if orders:
            order_id = orders[pick % len(orders)].order_id
            self.do(ReplaceOrder(account=account, symbol_id=ACME, order_id=order_id, price=price, qty=qty))

    @rule(account=accounts, mid=prices, width=st.integers(1, 3), qty=lots)
    def quote(self, account: str, mid: int, width: int, qty: int) -> None:
        bids, asks = (Quote(mid - width, qty), Quote(mid - width - 1, qty)), (Quote(mid + width, qty),)
        self.do(MassQuote(account=account, symbol_id=ACME, bids=bids, asks=asks))

    @rule(giver=accounts, taker=accounts, ticks=st.integers(1, 500))
    def transfer(self, giver: str, taker: str, ticks: int) -> None:
        self.do(TransferCash(account=giver, to=taker, amount=ticks * TICK))

    @rule(account=accounts, seconds=st.none() | st.integers(1, 3))
    def set_cancel_after(self, account: str, seconds: int | None) -> None:
        deadline = None if seconds is None else self.world.now + seconds * SECOND
        self.do(SetCancelAfter(account=account, deadline=deadline))

    @rule(account=accounts)
    def cancel_all(self, account: str) -> None:
        self.do(CancelAll(account=account))

    @rule(seconds=st.integers(1, 2))
    def wait(self, seconds: int) -> None:
        self.world.now += seconds * SECOND
        self.do(AdvanceTime())

    @rule(status=st.sampled_from([InstrumentStatus.AUCTION, *[InstrumentStatus.OPEN] * 5]))
    def phase(self, status: InstrumentStatus) -> None:
        self.do(SetInstrumentStatus(symbol_id=ACME, status=status))

    @rule()
    def restart(self) -> None:
        """From here on an exchange restored from the snapshot must do what the one that was never restarted does."""
        self.restored = restarted(self.restored)
        self.restored.check()

    @invariant()
    def nobody_spends_what_he_has_not(self) -> None:
        if hasattr(self, "world") and self.world.oms.account("alice") is not None:
            alice = self.world.account("alice")
            assert alice.cash >= alice.reserved >= 0
            assert self.world.position("alice") >= 0
            assert abs(self.world.position("carol")) <= 15

    @invariant()
    def cash_and_profit_are_those_of_the_fills(self) -> None:
        if hasattr(self, "books"):
            self.books.check(self.world)

    def teardown(self) -> None:
        if hasattr(self, "restored"):
            assert self.restored.state_hash() == self.world.oms.state_hash()


MatchingMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
LedgerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

TestMatching = MatchingMachine.TestCase
TestLedger = LedgerMachine.TestCase
