"""Everything that is not trading: accounts, instruments and their phases, news, the passing of time."""

from __future__ import annotations

from typing import Final

from engine.auction import enter, enter_for, resume
from engine.commands import (
    LEVERAGE_MAX,
    ORDERS_PER_SECOND_MAX,
    AddInstrument,
    CloseAccount,
    OpenAccount,
    PublishNews,
    RemoveInstrument,
    SetCancelAfter,
    SetInstrumentStatus,
    TransferCash,
)
from engine.events import (
    AccountClosed,
    AccountOpened,
    CancelAfterSet,
    CashTransferred,
    DayEnded,
    InstrumentAdded,
    InstrumentRemoved,
    NewsPublished,
    Rejected,
    TimeAdvanced,
)
from engine.exchange import Exchange
from engine.instruments import Instrument
from engine.ledger import Account
from engine.market import Market
from engine.marketdata import MarketData
from engine.risk import PRICE_MAX
from engine.service import NewsView
from engine.types import (
    CASH_SCALE,
    DECIMAL_SCALE,
    AccountId,
    CancelReason,
    InstrumentStatus,
    RejectCode,
    Side,
    SymbolId,
    TimeInForce,
)

CASH_MAX: Final = 10**18
"""Minor units that one account may be opened with; what all are worth stays far inside 64 bits."""
ISSUE_MAX: Final = 4 * 10**18
FEE_MAX_PPM: Final = 100_000
BAND_MAX_PPM: Final = 1_000_000
AUCTION_MAX_NS: Final = 86_400 * 10**9
SENTIMENT_MAX: Final = 1_000


def _refused(
    code: RejectCode,
    message: str,
    field: str | None = None,
    account: AccountId | None = None,
    symbol_id: SymbolId | None = None,
) -> Rejected:
    return Rejected(code=code, message=message, field=field, account=account, symbol_id=symbol_id)


# --- accounts -----------------------------------------------------------------------------------------------------


def open_account(x: Exchange, command: OpenAccount) -> Rejected | None:
    """Open an account and issue it cash and shares."""
    refused = _check_opening(x, command)
    if refused is not None:
        return refused
    account = x.ledger.add(command.account, command.limits, command.stp)
    account.name = command.name
    account.personality = command.personality
    account.credential = command.credential
    x.ledger.issue_cash(account, command.cash)
    for symbol_id, lots in sorted(command.positions.items()):
        x.ledger.issue_shares(account, x.markets[symbol_id], lots)
    account.initial_equity = account.equity
    x.events.append(
        AccountOpened(
            account=command.account,
            name=command.name,
            personality=command.personality,
            cash=command.cash,
            positions=command.positions,
            credential=command.credential,
        )
    )
    return None


def _check_opening(x: Exchange, command: OpenAccount) -> Rejected | None:
    def refused(code: RejectCode, message: str, field: str) -> Rejected:
        return _refused(code, message, field, command.account)

    limits = command.limits
    if command.account in x.ledger.accounts:
        return refused(RejectCode.DUPLICATE_ACCOUNT, "there is an account of this id", "account")
    if not command.account:
        return refused(RejectCode.INVALID_MESSAGE, "an account needs an id", "account")
    if not 0 <= command.cash <= CASH_MAX:
        return refused(RejectCode.INVALID_MESSAGE, f"cash must be from 0 to {CASH_MAX} minor units", "cash")
    if x.ledger.issued_cash + command.cash > ISSUE_MAX:
        left = ISSUE_MAX - x.ledger.issued_cash
        return refused(RejectCode.NOT_ALLOWED, f"the exchange can issue no more than {left} minor units", "cash")
    if not 1 <= limits.leverage <= LEVERAGE_MAX:
        return refused(RejectCode.INVALID_MESSAGE, f"leverage must be from 1 to {LEVERAGE_MAX}", "limits")
    if limits.max_orders_per_second is not None and not 1 <= limits.max_orders_per_second <= ORDERS_PER_SECOND_MAX:
        rates = f"max_orders_per_second must be from 1 to {ORDERS_PER_SECOND_MAX}"
        return refused(RejectCode.INVALID_MESSAGE, rates, "limits")
    for symbol_id, lots in command.positions.items():
        market = x.markets.get(symbol_id)
        if market is None:
            return refused(RejectCode.UNKNOWN_INSTRUMENT, f"there is no instrument {symbol_id}", "positions")
        most = CASH_MAX // (market.mark * market.tick_value)
        if not 0 <= lots <= most:
            bounds = f"a position in instrument {symbol_id} must be from 0 to {most} lots"
            return refused(RejectCode.INVALID_MESSAGE, bounds, "positions")
    return None


def close_account(x: Exchange, command: CloseAccount) -> Rejected | None:
    """Cancel an account's orders and refuse it from now on."""
    account = x.ledger.accounts.get(command.account)
    if account is None or account.closed:
        return _refused(RejectCode.UNKNOWN_ACCOUNT, "no such account is open", "account", command.account)
    cancel_all(x, account, None, None, CancelReason.ACCOUNT_CLOSED)
    disarm(x, account)
    account.closed = True
    x.events.append(AccountClosed(account=command.account))
    return None


def transfer_cash(x: Exchange, command: TransferCash) -> Rejected | None:
    """Move free cash between two accounts; what they were opened with moves along, so that nobody shows a profit."""

    def refused(code: RejectCode, message: str, field: str) -> Rejected:
        return _refused(code, message, field, command.account)

    giver = x.ledger.accounts.get(command.account)
    taker = x.ledger.accounts.get(command.to)
    for account, field in ((giver, "account"), (taker, "to")):
        if account is None or account.closed:
            return refused(RejectCode.UNKNOWN_ACCOUNT, "no such account is open", field)
    assert giver is not None  # noqa: S101 - checked above
    assert taker is not None  # noqa: S101 - checked above
    if giver is taker:
        return refused(RejectCode.INVALID_MESSAGE, "cash is transferred to another account", "to")
    if not 0 < command.amount <= CASH_MAX:
        return refused(RejectCode.INVALID_MESSAGE, f"amount must be from 1 to {CASH_MAX} minor units", "amount")
    if command.amount > giver.free:
        return refused(RejectCode.INSUFFICIENT_FUNDS, f"no more than {giver.free} minor units are free", "amount")
    for account, amount in ((giver, -command.amount), (taker, command.amount)):
        account.cash += amount
        account.initial_cash += amount
        account.initial_equity += amount
    x.events.append(CashTransferred(account=command.account, to=command.to, amount=command.amount))
    return None


def cancel_all(
    x: Exchange, account: Account, symbol_id: SymbolId | None, side: Side | None, reason: CancelReason
) -> None:
    """Cancel all working orders of an account, or those of one instrument or side, oldest first."""
    for order in [*account.orders.values()]:
        if (symbol_id is None or order.entry.symbol_id == symbol_id) and (side is None or order.entry.side is side):
            x.cancel(order, reason)


def set_cancel_after(x: Exchange, command: SetCancelAfter) -> Rejected | None:
    """Arm or disarm an account's dead man's switch."""
    account = x.ledger.accounts.get(command.account)
    if account is None or account.closed:
        return _refused(RejectCode.UNKNOWN_ACCOUNT, "no such account is open", "account", command.account)
    if command.deadline is not None and command.deadline <= x.now:
        return _refused(RejectCode.INVALID_MESSAGE, "the deadline has passed", "deadline", command.account)
    disarm(x, account)
    if command.deadline is not None:
        account.cancel_after = command.deadline
        x.timers.arm_account(command.deadline, account.id)
    x.events.append(CancelAfterSet(account=command.account, deadline=command.deadline))
    return None


def disarm(x: Exchange, account: Account) -> None:
    """Switch an account's dead man's switch off."""
    if account.cancel_after is not None:
        x.timers.disarm_account(account.cancel_after, account.id)
        account.cancel_after = None


# --- instruments --------------------------------------------------------------------------------------------------


def add_instrument(x: Exchange, command: AddInstrument) -> Rejected | None:
    """List an instrument."""
    instrument = command.instrument
    refused = _check_listing(x, instrument)
    if refused is not None:
        return refused
    if not instrument.symbol_id:
        fields = {name: getattr(instrument, name) for name in instrument.__struct_fields__}
        instrument = Instrument(**{**fields, "symbol_id": x.next_symbol_id})
    x.next_symbol_id = max(x.next_symbol_id, instrument.symbol_id + 1)
    x.markets[instrument.symbol_id] = Market(instrument)
    x.events.append(InstrumentAdded(instrument=instrument))
    return None


def _check_listing(x: Exchange, instrument: Instrument) -> Rejected | None:
    def refused(message: str, field: str, code: RejectCode = RejectCode.INVALID_MESSAGE) -> Rejected:
        return _refused(code, message, field, symbol_id=instrument.symbol_id)

    if not instrument.ticker:
        return refused("an instrument needs a ticker", "ticker")
    if any(market.instrument.ticker == instrument.ticker for market in x.markets.values()):
        return refused(f"{instrument.ticker} is listed", "ticker", RejectCode.DUPLICATE_TICKER)
    if instrument.symbol_id < 0 or 0 < instrument.symbol_id < x.next_symbol_id:
        return refused("this symbol_id is, or was, another instrument's", "symbol_id")
    if not 0 < instrument.initial_price <= PRICE_MAX:
        return refused(f"initial_price must be from 1 to {PRICE_MAX} ticks", "initial_price")
    exact = instrument.tick_size_e8 * instrument.lot_size_e8 * CASH_SCALE
    if instrument.tick_size_e8 <= 0 or instrument.lot_size_e8 <= 0 or exact % (DECIMAL_SCALE * DECIMAL_SCALE):
        return refused("one lot for one tick must be a whole number of minor units of cash", "tick_size_e8")
    for fee in (instrument.fees.maker_ppm, instrument.fees.taker_ppm):
        if abs(fee) > FEE_MAX_PPM:
            return refused(f"a fee must be from {-FEE_MAX_PPM} to {FEE_MAX_PPM} ppm", "fees")
    for field, ppm in (("price_band_ppm", instrument.price_band_ppm), ("halt_band_ppm", instrument.halt_band_ppm)):
        if not 0 <= ppm <= BAND_MAX_PPM:
            return refused(f"{field} must be from 0 to {BAND_MAX_PPM}", field)
    if instrument.status is InstrumentStatus.REMOVED:
        return refused("an instrument cannot be listed as removed", "status")
    if instrument.halt_band_ppm and instrument.halt_duration_ns <= 0:
        return refused("halt_duration_ns must be 1 at least where there is a halt_band_ppm", "halt_duration_ns")
    return None


def remove_instrument(x: Exchange, command: RemoveInstrument) -> Rejected | None:
    """Delist an instrument; positions in it stay at their last mark."""
    market = x.markets.get(command.symbol_id)
    if market is None:
        message = "there is no such instrument"
        return _refused(RejectCode.UNKNOWN_INSTRUMENT, message, "symbol_id", symbol_id=command.symbol_id)
    for account in x.ledger.numbered:
        cancel_all(x, account, command.symbol_id, None, CancelReason.INSTRUMENT_REMOVED)
    if market.halted_until is not None:
        x.timers.keep_halt(market.halted_until, command.symbol_id)
        market.halted_until = None
    market.status = InstrumentStatus.REMOVED
    market.data = MarketData()
    x.delisted[command.symbol_id] = x.markets.pop(command.symbol_id)
    x.events.append(InstrumentRemoved(symbol_id=command.symbol_id))
    return None


def set_status(x: Exchange, command: SetInstrumentStatus) -> Rejected | None:
    """Halt or open an instrument, or start an auction."""
    market = x.markets.get(command.symbol_id)
    if market is None:
        message = "there is no such instrument"
        return _refused(RejectCode.UNKNOWN_INSTRUMENT, message, "symbol_id", symbol_id=command.symbol_id)
    if command.status is InstrumentStatus.REMOVED:
        message = "an instrument is delisted by a command of its own"
        return _refused(RejectCode.INVALID_MESSAGE, message, "status", symbol_id=command.symbol_id)
    if command.duration_ns is None:
        enter(x, market, command.status, command.reason)
    elif command.status is InstrumentStatus.AUCTION and 0 < command.duration_ns <= AUCTION_MAX_NS:
        enter_for(x, market, command.duration_ns, command.reason)
    else:
        message = f"only an auction ends by itself, after at most {AUCTION_MAX_NS} ns"
        return _refused(RejectCode.INVALID_MESSAGE, message, "duration_ns", symbol_id=command.symbol_id)
    return None


# --- news and time ------------------------------------------------------------------------------------------------


def publish_news(x: Exchange, command: PublishNews) -> Rejected | None:
    """Publish a headline."""
    if command.symbol_id is not None and command.symbol_id not in x.markets:
        message = "there is no such instrument"
        return _refused(RejectCode.UNKNOWN_INSTRUMENT, message, "symbol_id", symbol_id=command.symbol_id)
    if not command.headline:
        return _refused(RejectCode.INVALID_MESSAGE, "news need a headline", "headline")
    if not -SENTIMENT_MAX <= command.sentiment <= SENTIMENT_MAX:
        bounds = f"sentiment must be from {-SENTIMENT_MAX} to {SENTIMENT_MAX}"
        return _refused(RejectCode.INVALID_MESSAGE, bounds, "sentiment")
    news = NewsPublished(
        news_id=x.next_news_id,
        headline=command.headline,
        content=command.content,
        sentiment=command.sentiment,
        source=command.source,
        symbol_id=command.symbol_id,
        impact_type=command.impact_type,
    )
    x.next_news_id += 1
    x.news.append(NewsView(news=news, time=x.now))
    x.events.append(news)
    return None


def end_day(x: Exchange) -> None:
    """Cancel DAY orders, oldest first."""
    for order_id in sorted(x.orders):
        order = x.orders[order_id]
        if order.entry.tif is TimeInForce.DAY:
            x.cancel(order, CancelReason.EXPIRED)
    x.events.append(DayEnded())


def advance_time(x: Exchange) -> None:
    """Do all that is due, in the order in which it was."""
    while True:
        due = x.timers.pop(x.now)
        if due is None:
            break
        order_id, account_id, symbol_id = due
        if order_id is not None:
            x.cancel(x.orders[order_id], CancelReason.EXPIRED)
        elif account_id is not None:
            account = x.ledger.accounts[account_id]
            account.cancel_after = None
            cancel_all(x, account, None, None, CancelReason.DEAD_MAN)
        elif symbol_id is not None:
            resume(x, x.markets[symbol_id])
    x.events.append(TimeAdvanced())
