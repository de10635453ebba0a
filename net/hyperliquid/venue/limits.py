"""The venue's rate limits: actions of an address against what it traded, and request weight of an IP address."""

from __future__ import annotations

from typing import Final

from net.hyperliquid import actions as a
from net.hyperliquid.decimals import SCALE
from net.hyperliquid.pacing import TokenBucket
from net.hyperliquid.venue.users import User

FREE_ACTIONS: Final = 10_000
MORE_CANCELS: Final = 100_000
SPARE_ACTION_MS: Final = 10_000
"""How often an address may act that has used up its actions."""
WEIGHT_PER_MINUTE: Final = 1_200
SOCKETS_MAX: Final = 10
OPENS_PER_MINUTE: Final = 30
MESSAGES_PER_MINUTE: Final = 2_000
_CLIENTS_MAX: Final = 10_000

_LIGHT: Final = frozenset(
    {"l2Book", "allMids", "clearinghouseState", "orderStatus", "spotClearinghouseState", "exchangeStatus"}
)
_LONG: Final = frozenset(
    {"fundingHistory", "historicalOrders", "recentTrades", "userFills", "userFillsByTime", "userFunding"}
)


def weight_of(action: a.AnyAction) -> int:
    """How many actions a batch counts for."""
    match action:
        case a.Order(orders=batch):
            return len(batch)
        case a.Cancel(cancels=cancels):
            return len(cancels)
        case a.CancelByCloid(cancels=cloids):
            return len(cloids)
        case a.BatchModify(modifies=modifies):
            return len(modifies)
        case _:
            return 1


def action_cap(user: User, action: a.AnyAction | None = None) -> int:
    """How many actions an address may have sent by now: one more for each dollar traded, more still for cancels."""
    cap = FREE_ACTIONS + user.traded // SCALE
    if isinstance(action, a.Cancel | a.CancelByCloid):
        return min(cap + MORE_CANCELS, 2 * cap)
    return cap


def request_weight(path: str, kind: str, items: int = 1) -> int:
    """What one request costs its IP address."""
    if path == "exchange":
        return 1 + items // 40
    if kind in _LIGHT:
        return 2
    return 60 if kind == "userRole" else 20


def rows_weight(kind: str, rows: int) -> int:
    """What a long answer costs on top."""
    if kind == "candleSnapshot":
        return rows // 60
    return rows // 20 if kind in _LONG else 0


class IpLimits:
    """Weight that each IP address has left in its minute."""

    def __init__(self) -> None:
        self._buckets: dict[str, TokenBucket] = {}

    def allows(self, address: str, weight: int, now: float) -> bool:
        """Charge ``weight``; False when that is more than is left."""
        bucket = self._buckets.get(address)
        if bucket is None:
            if len(self._buckets) >= _CLIENTS_MAX:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[address] = TokenBucket(WEIGHT_PER_MINUTE, WEIGHT_PER_MINUTE / 60)
        return all(bucket.take(now) for _ in range(weight))


class _Peer:
    """What one IP address did by WebSocket."""

    def __init__(self) -> None:
        self.sockets = 0
        self.opens = TokenBucket(OPENS_PER_MINUTE, OPENS_PER_MINUTE / 60)
        self.messages = TokenBucket(MESSAGES_PER_MINUTE, MESSAGES_PER_MINUTE / 60)


class SocketLimits:
    """Connections and messages of each IP address."""

    def __init__(self) -> None:
        self._peers: dict[str, _Peer] = {}

    def opens(self, address: str, now: float) -> bool:
        """Whether an address may open one more connection; counts it when it may."""
        peer = self._peers.get(address)
        if peer is None:
            if len(self._peers) >= _CLIENTS_MAX:
                self._peers = {name: each for name, each in self._peers.items() if each.sockets}
            peer = self._peers[address] = _Peer()
        if peer.sockets >= SOCKETS_MAX or not peer.opens.take(now):
            return False
        peer.sockets += 1
        return True

    def closes(self, address: str) -> None:
        """A connection that was counted is gone."""
        self._peers[address].sockets -= 1

    def speaks(self, address: str, now: float) -> bool:
        """Whether an address that is connected may send one more message."""
        return self._peers[address].messages.take(now)
