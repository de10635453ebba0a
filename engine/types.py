"""The words of the exchange: sides, order types, instructions, reasons.

Numbers inside the engine are integers everywhere:

* prices are **ticks** of their instrument, quantities are **lots**;
* cash is in **minor units**, ``CASH_SCALE`` of them to one currency unit;
* times are **nanoseconds** since the Unix epoch (or since the start of a virtual session).
"""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias

SymbolId: TypeAlias = int
AccountId: TypeAlias = str
OrderId: TypeAlias = int
TradeId: TypeAlias = int

DECIMAL_SCALE: Final = 10**8
"""Sizes of ticks and lots are integers in units of 1 / DECIMAL_SCALE (so eight decimals are exact)."""

CASH_SCALE: Final = 10**8
"""Minor units of cash in one currency unit."""


class Side(Enum):
    """Side of an order, or the aggressor's side of a trade."""

    BUY = "buy"
    SELL = "sell"


class OrderType(Enum):
    """How an order finds its price."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"


class TimeInForce(Enum):
    """How long an order may work."""

    GTC = "GTC"
    DAY = "DAY"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"


class OrderStatus(Enum):
    """Where an order stands in its life."""

    PENDING_TRIGGER = "PENDING_TRIGGER"
    """A stop that waits for its trigger price; not in the book."""
    WORKING = "WORKING"
    FILLED = "FILLED"
    CANCELED = "CANCELED"


class Liquidity(Enum):
    """Whether a fill added (maker) or removed (taker) liquidity; AUCTION does neither."""

    MAKER = "maker"
    TAKER = "taker"
    AUCTION = "auction"


class SelfTradePrevention(Enum):
    """What happens when an account's order would meet its own resting order."""

    CANCEL_RESTING = "cancel_resting"
    CANCEL_TAKER = "cancel_taker"
    DECREMENT = "decrement"


class InstrumentStatus(Enum):
    """Trading phase of an instrument."""

    OPEN = "open"
    HALTED = "halted"
    """Cancels are taken, new orders are refused."""
    AUCTION = "auction"
    """Orders collect without matching until the uncross."""
    REMOVED = "removed"


class CancelReason(Enum):
    """Why an order left without being filled."""

    REQUESTED = "requested"
    IOC_REMAINDER = "ioc_remainder"
    """What an IOC or market order could not fill at once."""
    PRICE_BAND = "price_band"
    """The remainder of a market order whose next price lay outside the band."""
    EXPIRED = "expired"
    SELF_TRADE = "self_trade"
    REDUCE_ONLY = "reduce_only"
    DISCONNECTED = "disconnected"
    DEAD_MAN = "dead_man"
    """The account's cancel_after deadline passed."""
    INSTRUMENT_REMOVED = "instrument_removed"
    ACCOUNT_CLOSED = "account_closed"
    MASS_CANCEL = "mass_cancel"
    REPLACED = "replaced"
    """A quote that a newer mass quote replaced."""
    TRIGGER_REJECTED = "trigger_rejected"
    """A triggered stop that failed the checks every new order must pass."""


class RejectCode(Enum):
    """Why a command was refused. These are the codes seen on every wire."""

    INVALID_JSON = "invalid_json"
    INVALID_MESSAGE = "invalid_message"
    UNKNOWN_INSTRUMENT = "unknown_instrument"
    PRICE_OFF_TICK = "price_off_tick"
    QUANTITY_OFF_LOT = "quantity_off_lot"
    PRICE_OUT_OF_BAND = "price_out_of_band"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    POSITION_LIMIT = "position_limit"
    ORDER_LIMIT = "order_limit"
    """Quantity, notional or the number of working orders is over the account's limit."""
    WOULD_CROSS = "would_cross"
    WOULD_NOT_FILL = "would_not_fill"
    WOULD_NOT_REDUCE = "would_not_reduce"
    NO_LIQUIDITY = "no_liquidity"
    SELF_TRADE = "self_trade"
    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_OUTCOME = "unknown_outcome"
    TOO_SLOW = "too_slow"
    NOT_OWNER = "not_owner"
    NOT_REGISTERED = "not_registered"
    NOT_ALLOWED = "not_allowed"
    """The session's role does not permit this (a spectator's order, a trader's admin action)."""
    BAD_TOKEN = "bad_token"  # noqa: S105 - a reason, not a secret
    DUPLICATE_ORDER = "duplicate_order"
    DUPLICATE_TICKER = "duplicate_ticker"
    DUPLICATE_ACCOUNT = "duplicate_account"
    RATE_LIMITED = "rate_limited"
    QUEUE_FULL = "queue_full"
    ENGINE_UNAVAILABLE = "engine_unavailable"
    INSTRUMENT_HALTED = "instrument_halted"
    INTERNAL_ERROR = "internal_error"


class Durability(Enum):
    """What an acknowledged command survives."""

    NONE = "none"
    """No journal: simulations and benchmarks."""
    PROCESS = "process"
    """``kill -9`` of any process."""
    POWER = "power"
    """A power cut."""
