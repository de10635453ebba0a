"""Folds the engine's events into what the venue shows: markets, and its users' orders, fills and wallets."""

from __future__ import annotations

from typing import Final, Protocol

from engine import events as e
from engine.types import CancelReason, Liquidity, OrderType, Side, TimeInForce
from net.engine_protocol import EventBatch
from net.hyperliquid import wire
from net.hyperliquid.decimals import to_wire
from net.hyperliquid.venue.listing import Listed, Listing
from net.hyperliquid.venue.markets import Market, event_hash, print_of, side_letter
from net.hyperliquid.venue.orders import CANCELED, FILLED, OPEN, Order, Tif, named, read_tag
from net.hyperliquid.venue.users import Purse, User, Users, Wallet, direction, public_address, signed, user_of

NS_PER_MS: Final = 1_000_000

STATUS_OF: Final = {
    CancelReason.SELF_TRADE: "selfTradeCanceled",
    CancelReason.REDUCE_ONLY: "reduceOnlyCanceled",
    CancelReason.DEAD_MAN: "scheduledCancel",
    CancelReason.INSTRUMENT_REMOVED: "delistedCanceled",
}


class Listener(Protocol):
    """Who wants to hear what changed, once a batch."""

    def printed(self, market: Market, print_: wire.Print) -> None:
        """A public trade."""

    def moved(self, market: Market) -> None:
        """A book or a mark changed."""

    def updated(self, user: User, orders: list[Order]) -> None:
        """Orders of a user changed their status, size or price."""

    def filled(self, user: User, fills: list[wire.Fill]) -> None:
        """Orders of a user traded."""

    def transferred(self, user: User, entry: dict[str, object]) -> None:
        """Money of a user moved; ``entry`` is its line in the user's ledger."""

    def listed(self) -> None:
        """The listing changed."""


class Mirror:
    """Everything as of ``sequence``."""

    def __init__(self, listing: Listing, users: Users, listener: Listener) -> None:
        self.listing = listing
        self.users = users
        self.markets: dict[int, Market] = {}
        self.sequence = 0
        self.time = 0
        """Nanoseconds of the last batch."""
        self._listener = listener
        self._touched: dict[str, dict[int, Order]] = {}
        self._fills: dict[str, list[wire.Fill]] = {}
        self._moved: dict[int, Market] = {}
        self._parties: dict[int, dict[Side, str]] = {}

    @property
    def now_ms(self) -> int:
        """The engine's time, in the wire's milliseconds."""
        return self.time // NS_PER_MS

    def market(self, coin: str) -> Market | None:
        """The market of a wire name."""
        listed = self.listing.by_coin(coin)
        return None if listed is None else self.markets.get(listed.symbol_id)

    def apply(self, batch: EventBatch) -> None:
        """Take over the events of one command."""
        self.time = max(self.time, batch.time)
        for event in batch.events:
            if isinstance(event, e.OrderFilled):
                self._parties.setdefault(event.trade_id, {})[event.side] = public_address(event.account)
        for event in batch.events:
            self._apply(event)
        self.sequence = batch.first_sequence + len(batch.events) - 1
        self._tell()

    def _apply(self, event: e.AnyEvent) -> None:
        match event:
            case e.DepthChanged():
                market = self.markets.get(event.symbol_id)
                if market is not None:
                    market.apply(event, self.now_ms)
                    self._moved[event.symbol_id] = market
            case e.Trade():
                self._trade(event)
            case e.OrderAccepted():
                self._accepted(event)
            case e.OrderFilled():
                self._filled(event)
            case e.OrderCanceled():
                self._canceled(event)
            case e.OrderReplaced():
                self._replaced(event)
            case e.AccountOpened():
                self._opened(event)
            case e.CashTransferred():
                self._transferred(event)
            case e.InstrumentAdded():
                self.list(event.instrument.symbol_id, event)
            case e.InstrumentRemoved():
                self.listing.remove(event.symbol_id)
                self.markets.pop(event.symbol_id, None)
                self._listener.listed()
            case _:
                pass

    def list(self, symbol_id: int, event: e.InstrumentAdded) -> None:
        """A new instrument."""
        self.listing.add(event.instrument)
        listed = self.listing.by_symbol(symbol_id)
        if listed is not None:
            self.markets[symbol_id] = Market(listed, event.instrument.initial_price)
            self._listener.listed()

    # --- public -----------------------------------------------------------------------------------------------------

    def _trade(self, event: e.Trade) -> None:
        market = self.markets.get(event.symbol_id)
        parties = self._parties.pop(event.trade_id, {})
        if market is None:
            return
        users = (parties.get(Side.BUY, _NOBODY), parties.get(Side.SELL, _NOBODY))
        print_ = print_of(market.listed, event.trade_id, event.price, event.qty, event.side, self.now_ms, users)
        market.trade(print_, event.price, event.qty, self.time)
        self._moved[event.symbol_id] = market
        self._listener.printed(market, print_)

    # --- users ------------------------------------------------------------------------------------------------------

    def _opened(self, event: e.AccountOpened) -> None:
        found = user_of(event.account)
        if found is None:
            return
        address, wallet = found
        user = self.users.open(address)
        purse = user.purses[wallet]
        purse.cash = event.cash
        if event.cash:
            self._note_transfer(user, {"type": "deposit", "usdc": to_wire(event.cash)})
        for symbol_id, lots in event.positions.items():
            market = self.markets.get(symbol_id)
            if market is not None:
                purse.holding(symbol_id).trade(lots, market.last * market.listed.tick_value)

    def _transferred(self, event: e.CashTransferred) -> None:
        giver, taker = user_of(event.account), user_of(event.to)
        usdc = to_wire(event.amount)
        own = giver is not None and taker is not None and giver[0] == taker[0]
        for found, amount in ((giver, -event.amount), (taker, event.amount)):
            if found is None:
                continue
            user = self.users.open(found[0])
            user.purses[found[1]].cash += amount
            if not own:
                names = {"user": giver[0] if giver else _NOBODY, "destination": taker[0] if taker else _NOBODY}
                self._note_transfer(user, {"type": "internalTransfer", "usdc": usdc, **names, "fee": "0.0"})
            elif amount > 0:
                to_perp = found[1] is Wallet.PERP
                self._note_transfer(user, {"type": "accountClassTransfer", "usdc": usdc, "toPerp": to_perp})

    def _note_transfer(self, user: User, delta: dict[str, object]) -> None:
        number = len(user.transfers)
        hashed = event_hash("transfer", user.address, self.time, number)
        entry: dict[str, object] = {"time": self.now_ms, "hash": hashed, "delta": delta}
        user.transfers.append(entry)
        self._listener.transferred(user, entry)

    def _accepted(self, event: e.OrderAccepted) -> None:
        user = self.users.of(event.account)
        listed = self.listing.by_symbol(event.symbol_id)
        if user is None or listed is None or user.find_engine(event.order_id) is not None:
            return
        tag = read_tag(event.client_order_id)
        order = user.orders.get(tag.oid) if tag.oid is not None else None
        if order is not None:
            user.enter(order, event.order_id)
            order.stand(OPEN, self.now_ms)
        else:
            order = Order(
                oid=event.order_id if tag.oid is None else tag.oid,
                account=event.account,
                listed=listed,
                side=event.side,
                limit=listed.price(event.price or 0),
                size=listed.size(event.qty),
                tif=tif_of(event.order_type, event.tif, post_only=event.post_only, from_page=tag.from_page),
                created=self.now_ms,
                reduce_only=event.reduce_only,
                cloid=tag.cloid,
                engine_id=event.order_id,
            )
            user.add(order)
            user.note(order)
        self._touch(user, order)

    def _filled(self, event: e.OrderFilled) -> None:
        user = self.users.of(event.account)
        listed = self.listing.by_symbol(event.symbol_id)
        found = user_of(event.account)
        if user is None or listed is None or found is None:
            return
        purse = user.purses[found[1]]
        order = user.find_engine(event.order_id)
        if order is not None:
            order.filled = max(order.filled, listed.size(event.cum_qty))
            if not event.leaves_qty:
                order.stand(FILLED, self.now_ms)
            self._touch(user, order)
        if event.trade_id <= purse.last_trade:
            return
        fill = self._fill(event, listed, purse, order)
        purse.last_trade = max(purse.last_trade, event.trade_id)
        user.fills.append(fill)
        user.traded += event.price * event.qty * listed.tick_value
        self._fills.setdefault(user.address, []).append(fill)

    def _fill(self, event: e.OrderFilled, listed: Listed, purse: Purse, order: Order | None) -> wire.Fill:
        """Book a fill in its purse and write it down."""
        holding = purse.holding(event.symbol_id)
        before = holding.lots
        lots = signed(event.side, event.qty)
        unit = event.price * listed.tick_value
        profit = holding.trade(lots, unit)
        purse.cash -= lots * unit + event.fee
        shape = fill_shape(event, listed, before, self.now_ms, order.oid if order else event.order_id)
        return _with_profit(shape, profit)

    def _canceled(self, event: e.OrderCanceled) -> None:
        user = self.users.of(event.account)
        order = None if user is None else user.find_engine(event.order_id)
        if user is None or order is None or not order.open:
            return
        order.filled = max(order.filled, order.listed.size(event.cum_qty))
        status = STATUS_OF.get(event.reason, CANCELED)
        if event.reason is CancelReason.IOC_REMAINDER and not order.filled:
            status = "iocCancelRejected"
        order.stand(status, self.now_ms)
        self._touch(user, order)

    def _replaced(self, event: e.OrderReplaced) -> None:
        user = self.users.of(event.account)
        order = None if user is None else user.find_engine(event.order_id)
        if user is None or order is None:
            return
        order.size = order.listed.size(event.cum_qty + event.leaves_qty)
        if event.price is not None:
            order.limit = order.listed.price(event.price)
        self._touch(user, order)

    def _touch(self, user: User, order: Order) -> None:
        user.count(order)
        self._touched.setdefault(user.address, {})[order.oid] = order

    def _tell(self) -> None:
        """Tell the listener what the batch changed: each order once, as it stands now."""
        touched, self._touched = self._touched, {}
        fills, self._fills = self._fills, {}
        moved, self._moved = self._moved, {}
        self._parties.clear()
        for address, new in fills.items():
            user = self.users.get(address)
            if user is not None:
                self._listener.filled(user, new)
        for address, orders in touched.items():
            user = self.users.get(address)
            if user is not None:
                for order in orders.values():
                    if order.status != OPEN:
                        user.note(order)
                self._listener.updated(user, list(orders.values()))
        for market in moved.values():
            self._listener.moved(market)


_NOBODY: Final = "0x" + "0" * 40


def tif_of(order_type: OrderType, tif: TimeInForce, *, post_only: bool, from_page: bool) -> Tif:
    """How long an engine's order works, in the wire's words."""
    if from_page:
        return Tif.FRONTEND_MARKET
    if post_only:
        return Tif.ALO
    at_once = tif in (TimeInForce.IOC, TimeInForce.FOK) or order_type is OrderType.MARKET
    return Tif.IOC if at_once else Tif.GTC


def fill_shape(event: e.OrderFilled, listed: Listed, before: int, time_ms: int, oid: int) -> wire.Fill:
    """A fill as the wire writes it, given the lots held before it."""
    tag = read_tag(event.client_order_id)
    shape = wire.Fill(
        coin=listed.coin,
        px=to_wire(listed.price(event.price)),
        sz=to_wire(listed.size(event.qty)),
        side=side_letter(event.side),
        time=time_ms,
        start_position=to_wire(listed.size(before)),
        dir=direction(before, signed(event.side, event.qty), spot=listed.asset.spot),
        closed_pnl="0.0",
        hash=event_hash("trade", event.trade_id),
        oid=oid,
        crossed=event.liquidity is Liquidity.TAKER,
        fee=to_wire(event.fee),
        tid=event.trade_id,
    )
    return named(shape, tag.cloid, public_address(event.account))


def _with_profit(shape: wire.Fill, profit: int) -> wire.Fill:
    return shape if not profit else wire.with_profit(shape, to_wire(profit))
