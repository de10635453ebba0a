"""What a gateway may be told, and the limits that bound it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from engine.commands import AccountLimits
from net.hyperliquid.venue.config import VenueConfig


class SessionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one connection may do; ``hello`` tells it."""

    max_message_bytes: int = 1 << 16
    max_fragments: int = 1_024
    """Frames that one fragmented message may come in."""
    max_errors: int = 100
    """Messages that may be impossible to understand before the connection is closed."""
    max_in_flight: int = 16
    """Requests that may wait for their answers before reading stops."""
    orders_per_second: int = 10_000
    max_accounts: int = 1_000
    max_channels: int = 256
    private_buffer_bytes: int = 1 << 20
    """Unsent bytes past which a client that does not read is disconnected (``too_slow``)."""
    stream_buffer_bytes: int = 1 << 16
    """Unsent bytes past which streams (trades, deltas, quotes) skip a client until it has read on."""


class GatewayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How to run a gateway."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes any free port."""
    engine_host: str = "127.0.0.1"
    engine_port: int = 9999
    allowed_origins: tuple[str, ...] = ()
    """Origins of web pages that may connect, besides pages that the gateway serves itself."""
    allowed_hosts: tuple[str, ...] = ()
    """Names by which web pages, on loopback programs too, may address the gateway, besides localhost and addresses."""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    limits: SessionLimits = SessionLimits()
    account_limits: AccountLimits = AccountLimits()
    """Of accounts whose opener shows neither the service token nor the admin's."""
    starting_capital: float = 100_000.0
    """Cash of an account whose opener names no other amount."""
    max_starting_capital: float = 1e7
    """The same for an opener who shows neither the service token nor the admin's."""
    max_accounts: int = 20_000
    openings_per_minute: int = 30
    """Accounts that strangers at one address may open; this machine, and who shows a token, as many as they like."""
    max_connections: int = 10_000
    personalities: tuple[str, ...] = ()
    """What agents may be created over REST; anything, if none is named here."""
    book_levels: int = 25
    """Levels a side in ``orderbooks``; ``book_delta`` and ``get_orderbook`` publish the whole book."""
    rate_hz: float = 5.0
    """How often ``orderbooks`` comes to a client that asked for nothing else."""
    delta_interval_s: float = 0.02
    """Least time between two ``book_delta`` of one book; what changes meanwhile is told in one."""
    portfolio_interval_s: float = 0.2
    """Least time between two ``portfolio_update`` of one account."""
    agents_interval_s: float = 1.0
    """Least time between two ``agents_snapshot``."""
    agents_listed: int = 500
    """How many accounts, the best first, ``agents_snapshot`` shows."""
    news_history: int = 200
    tape_length: int = 1_000
    private_history: int = 1_000
    """Private messages kept for ``resume``, an account."""
    private_history_total: int = 100_000
    """The same, all accounts together."""
    heartbeat_s: float = 20.0
    """A client that has sent nothing for this long is pinged; after three times as long it is gone."""
    request_timeout_s: float = 10.0
    """How long a connection may take to send a whole HTTP request, or its first."""
    engine_timeout_s: float = 5.0
    """How long an order whose outcome is unknown is tried again for."""
    stop_timeout_s: float = 5.0
    """How long working answers and closing connections are waited for at the end."""
    hyperliquid: VenueConfig = VenueConfig()
    """The Hyperliquid venue below ``/hl``."""
    supervised: bool = False
    """Stop when standard input ends: the parent is gone."""
