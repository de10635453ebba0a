"""How fast clients may send orders, and open accounts."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import Final

from net.process import is_loopback

PEERS_KEPT: Final = 10_000
"""Addresses whose openings are counted; past it the one that opened nothing for longest is forgotten."""
_V6_SITE_BITS: Final = 64


class TokenBucket:
    """Permits ``rate_per_s`` on average, and at once ``burst``: by default as many as come in one second."""

    __slots__ = ("_at_s", "_burst", "_left", "_rate_per_s")

    def __init__(self, rate_per_s: float, now_s: float, burst: float | None = None) -> None:
        self._rate_per_s = rate_per_s
        self._burst = self._left = rate_per_s if burst is None else burst
        self._at_s = now_s

    def take(self, now_s: float) -> bool:
        """Whether one more is permitted now; if so it counts."""
        left = self._left + (now_s - self._at_s) * self._rate_per_s
        if left > self._burst:
            left = self._burst
        self._at_s = now_s
        permitted = left >= 1
        self._left = left - 1 if permitted else left
        return permitted


class Openings:
    """Counts the accounts that strangers open, by the address they come from. This machine's own are not counted."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._by_peer: OrderedDict[str, TokenBucket] = OrderedDict()

    def take(self, host: str, now_s: float) -> bool:
        """Whether somebody at ``host`` may open one more account now; if so it counts."""
        peer = _site(host)
        if is_loopback(peer):
            return True
        bucket = self._by_peer.pop(peer, None)
        if bucket is None:
            bucket = TokenBucket(self._per_minute / 60, now_s, self._per_minute)
        self._by_peer[peer] = bucket
        if len(self._by_peer) > PEERS_KEPT:
            self._by_peer.popitem(last=False)
        return bucket.take(now_s)


def _site(host: str) -> str:
    """The address, of IPv6 only the part that names the site: its owner has all the others behind it."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address) or address.is_loopback:
        return host
    if address.ipv4_mapped is not None:  # a listener for both protocols names IPv4 clients so
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address), _V6_SITE_BITS), strict=False))
