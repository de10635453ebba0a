"""Orders as the venue's clients know them: ids, client ids, statuses, and how each shows on the wire.

A working order lives in the engine under its own id, which is also its ``oid``. What never reaches the engine (an
order that waits for its trigger, a refused one) gets an ``oid`` from the clock, far above the engine's. The client
order id that the engine keeps carries the rest, so that nothing has to be remembered here over a restart:
``{cloid}@{request}.{place in the batch}{mark}``, where the request is the nonce in hex and the end of the signer's
address, and the mark is ``m`` for a market order of the web page, or ``t{oid}`` for a triggered order that keeps the
oid it had while it waited.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

import msgspec

from engine.types import OrderId, Side
from net.hyperliquid import wire
from net.hyperliquid.decimals import to_wire
from net.hyperliquid.venue.listing import Listed
from net.hyperliquid.venue.markets import side_letter

_TAG = re.compile(r"^(?P<cloid>0x[0-9a-f]{32})?@[0-9a-f]+(?:-[0-9a-f]+)?\.\d+(?P<market>m)?(?:t(?P<oid>\d+))?$")
OPEN: Final = "open"
FILLED: Final = "filled"
CANCELED: Final = "canceled"
TRIGGERED: Final = "triggered"


class Tif(Enum):
    """How long an order works, in the wire's words."""

    GTC = "Gtc"
    IOC = "Ioc"
    ALO = "Alo"
    FRONTEND_MARKET = "FrontendMarket"


class Tag(msgspec.Struct, frozen=True):
    """What an engine's client order id says of an order."""

    cloid: str | None = None
    from_page: bool = False
    oid: int | None = None


def request_name(nonce: int, signer: str) -> str:
    """What tells a signed request from every other one of its account."""
    return f"{nonce:x}-{signer[-6:]}"


_TWAP_MARK: Final = "7477617000"
"""Begins, after ``0x``, the client order id of a TWAP's slice."""
_LIQUIDATION_MARK: Final = "6c69717500"
"""The same of an order that closes a position for want of margin."""


def twap_cloid(twap_id: int, number: int) -> str:
    """The client order id of one slice of a TWAP."""
    return f"0x{_TWAP_MARK}{twap_id:016x}{number:06x}"


def liquidation_cloid(mark: int, number: int) -> str:
    """The client order id of an order that liquidates, at a mark price (e8)."""
    return f"0x{_LIQUIDATION_MARK}{mark:016x}{number % 2**24:06x}"


def named(shape: wire.Fill, cloid: str | None, user: str) -> wire.Fill:
    """A fill with its order's client order id, or with what that says of a TWAP or a liquidation."""
    if cloid is None:
        return shape
    if cloid.startswith(f"0x{_TWAP_MARK}"):
        return msgspec.structs.replace(shape, twap_id=int(cloid[12:28], 16))
    if cloid.startswith(f"0x{_LIQUIDATION_MARK}"):
        terms = wire.Liquidation(liquidated_user=user, mark_px=to_wire(int(cloid[12:28], 16)))
        return msgspec.structs.replace(shape, liquidation=terms)
    return wire.with_cloid(shape, cloid)


def make_tag(cloid: str | None, request: str, place: int, *, from_page: bool = False) -> str:
    """The client order id to give the engine; at most 64 characters."""
    return f"{cloid or ''}@{request}.{place}{'m' if from_page else ''}"


def triggered_tag(cloid: str | None, oid: int) -> str:
    """The same for a triggered order; its oid is unique by itself."""
    return f"{cloid or ''}@0.0t{oid}"


def read_tag(client_order_id: str | None) -> Tag:
    """What ``make_tag`` put in; an order of another door has no tag."""
    match = _TAG.match(client_order_id or "")
    if match is None:
        return Tag()
    oid = match["oid"]
    return Tag(match["cloid"], match["market"] is not None, None if oid is None else int(oid))


class TriggerTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a trigger order waits for."""

    price: int
    """Mark price in e8."""
    tpsl: str
    is_market: bool
    position: bool = False
    """Whether it belongs to the position rather than to an order."""

    def above(self, side: Side) -> bool:
        """Whether it fires at or above the price (else at or below)."""
        return (side is Side.SELL) is (self.tpsl == "tp")


class Order:
    """One order of a user. Prices and sizes are e8, times milliseconds."""

    __slots__ = (
        "account",
        "bracket",
        "cloid",
        "counted",
        "created",
        "engine_id",
        "filled",
        "limit",
        "listed",
        "oid",
        "parent",
        "reduce_only",
        "side",
        "size",
        "status",
        "status_at",
        "tif",
        "trigger",
    )

    def __init__(
        self,
        *,
        oid: int,
        account: str,
        listed: Listed,
        side: Side,
        limit: int,
        size: int,
        tif: Tif,
        created: int,
        reduce_only: bool = False,
        cloid: str | None = None,
        engine_id: OrderId | None = None,
        trigger: TriggerTerms | None = None,
    ) -> None:
        self.oid = oid
        self.account = account
        """The engine's account that it trades for."""
        self.listed = listed
        self.side = side
        self.limit = limit
        self.size = size
        """Original size."""
        self.filled = 0
        self.counted = 0
        """Limit times size (e16) that the user's ``resting`` holds of it."""
        self.tif = tif
        self.created = created
        self.reduce_only = reduce_only
        self.cloid = cloid
        self.engine_id = engine_id
        self.trigger = trigger
        self.status = OPEN
        self.status_at = created
        self.parent: int | None = None
        """Oid of the order whose fill wakes this one."""
        self.bracket: int | None = None
        """Oid of the order that it is an exit of; the fill of one exit cancels the others."""

    @property
    def remaining(self) -> int:
        """Size that is still open, or was when the order ended."""
        return self.size - self.filled

    @property
    def waiting(self) -> bool:
        """Whether it is a trigger order that did not fire yet."""
        return self.trigger is not None and self.status == OPEN and self.engine_id is None

    @property
    def open(self) -> bool:
        """Whether it may still trade."""
        return self.status == OPEN or (self.status == TRIGGERED and self.engine_id is not None)

    @property
    def ended(self) -> bool:
        """Whether nothing more can come of it."""
        return not self.open and self.status != TRIGGERED

    def stand(self, status: str, at: int) -> None:
        """Change the status."""
        self.status = status
        self.status_at = at

    # --- how it shows -----------------------------------------------------------------------------------------------

    def basic(self) -> wire.BasicOrder:
        """As openOrders and orderUpdates show it; ``cloid`` and ``reduceOnly`` only when there is something to say."""
        extra: dict[str, object] = {}
        if self.cloid is not None:
            extra["cloid"] = self.cloid
        if self.reduce_only:
            extra["reduce_only"] = True
        return msgspec.structs.replace(
            wire.BasicOrder(
                coin=self.listed.coin,
                side=side_letter(self.side),
                limit_px=to_wire(self.limit),
                sz=to_wire(self.remaining),
                oid=self.oid,
                timestamp=self.created,
                orig_sz=to_wire(self.size),
            ),
            **extra,
        )

    def update(self) -> wire.OrderUpdate:
        """As orderUpdates tells its present status."""
        return wire.OrderUpdate(order=self.basic(), status=self.status, status_timestamp=self.status_at)

    def frontend(self, children: list[wire.FrontendOrder] | None = None) -> wire.FrontendOrder:
        """With everything a screen shows."""
        trigger = self.trigger
        return wire.FrontendOrder(
            coin=self.listed.coin,
            side=side_letter(self.side),
            limit_px=to_wire(self.limit),
            sz=to_wire(self.remaining),
            oid=self.oid,
            timestamp=self.created,
            orig_sz=to_wire(self.size),
            trigger_condition=self._condition(),
            is_trigger=trigger is not None,
            trigger_px=to_wire(trigger.price) if trigger else "0.0",
            children=children or [],
            is_position_tpsl=trigger.position if trigger else False,
            reduce_only=self.reduce_only,
            order_type=self._type(),
            tif=None if trigger is not None else self.tif.value,
            cloid=self.cloid,
        )

    def record(self) -> wire.OrderRecord:
        """With its status, as orderStatus and historicalOrders show it."""
        return wire.OrderRecord(order=self.frontend(), status=self.status, status_timestamp=self.status_at)

    def _condition(self) -> str:
        if self.trigger is None:
            return "N/A"
        where = "above" if self.trigger.above(self.side) else "below"
        return f"Price {where} {to_wire(self.trigger.price).removesuffix('.0')}"

    def _type(self) -> str:
        if self.trigger is None:
            return "Market" if self.tif is Tif.FRONTEND_MARKET else "Limit"
        kind = "Take Profit" if self.trigger.tpsl == "tp" else "Stop"
        return f"{kind} {'Market' if self.trigger.is_market else 'Limit'}"
