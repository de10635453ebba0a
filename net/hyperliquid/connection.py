"""One connection to the venue, without its socket: what to send when, what is late, what is stale.

The registry of subscriptions outlives connections: after each reconnect everything in it is subscribed again. The venue
may hang up without a word on a name it dislikes, so after a quick death a connection is careful: it asks for a pong
first, then subscribes one name at a time; what was under way at the second such death is set aside as unknown. Times
are seconds of a monotonic clock, passed in.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Final

import msgspec

from net.hyperliquid import subscriptions as subs
from net.hyperliquid import wire
from net.hyperliquid.pacing import TokenBucket
from net.hyperliquid.subscriptions import AnySubscription


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one connection, in seconds. Live cadences: fast books 0.5, whole books 5.4, contexts 1."""

    ack: float = 5.0
    ping_every: float = 20.0
    pong: float = 10.0
    fast_book: float = 3.0
    whole_book: float = 15.0
    context: float = 5.0
    patience: float = 3.0
    """A stream stale for this many times its limit ends the connection."""
    quick_death: float = 1.0
    """A socket that dies this soon after a subscription died of it."""
    messages_burst: int = 100
    messages_per_second: float = 25.0
    """The venue takes 2,000 messages a minute."""

    def silence(self, subscription: AnySubscription) -> float | None:
        """How long a stream may be silent; None for those that speak only when something happens."""
        match subscription:
            case subs.L2Book(fast=True):
                return self.fast_book
            case subs.L2Book():
                return self.whole_book
            case subs.ActiveAssetCtx():
                return self.context
            case _:
                return None


class Standing(Enum):
    """Where a subscription stands."""

    WANTED = "wanted"
    SENT = "sent"
    LIVE = "live"
    STALE = "stale"
    REFUSED = "refused"
    """The venue does not know it; it is not sent again."""


STRIKES_MAX: Final = 2

_decoder: msgspec.json.Decoder[AnySubscription] = msgspec.json.Decoder(AnySubscription)


class Registry:
    """Every stream that is wanted, in the order it was asked for, and what became of it."""

    def __init__(self) -> None:
        self._standing: dict[AnySubscription, Standing] = {}
        self._strikes: dict[AnySubscription, int] = {}
        self.given_up: deque[AnySubscription] = deque()
        """To be unsubscribed on the connection that is up."""

    def __contains__(self, subscription: AnySubscription) -> bool:
        return subscription in self._standing

    def add(self, subscription: AnySubscription) -> bool:
        """Want a stream; False when it was wanted already."""
        if subscription in self._standing:
            return False
        self._standing[subscription] = Standing.WANTED
        return True

    def remove(self, subscription: AnySubscription) -> None:
        """Want a stream no more."""
        standing = self._standing.pop(subscription, None)
        self._strikes.pop(subscription, None)
        if standing in (Standing.SENT, Standing.LIVE, Standing.STALE):
            self.given_up.append(subscription)

    def standing(self, subscription: AnySubscription) -> Standing | None:
        """Where a stream stands, None when nobody wants it."""
        return self._standing.get(subscription)

    def mark(self, subscription: AnySubscription, standing: Standing) -> None:
        """Note where a wanted stream stands now."""
        if subscription in self._standing:
            self._standing[subscription] = standing

    def among(self, *standings: Standing) -> list[AnySubscription]:
        """The streams that stand so."""
        return [subscription for subscription, standing in self._standing.items() if standing in standings]

    def start_over(self) -> None:
        """The connection is gone: everything that is not refused has to be sent again."""
        self.given_up.clear()
        for subscription, standing in self._standing.items():
            if standing is not Standing.REFUSED:
                self._standing[subscription] = Standing.WANTED

    def strike(self, subscription: AnySubscription) -> bool:
        """Count a connection that died of this stream; True when that was one too many."""
        strikes = self._strikes[subscription] = self._strikes.get(subscription, 0) + 1
        return strikes >= STRIKES_MAX


class Connection:
    """State of one connection from its opening to its end."""

    def __init__(self, registry: Registry, timing: Timing, opened_at: float, *, careful: bool = False) -> None:
        self._registry = registry
        self._timing = timing
        self._careful = careful
        self._bucket = TokenBucket(timing.messages_burst, timing.messages_per_second)
        self._sent_at: dict[AnySubscription, float] = {}
        self._heard_at: dict[AnySubscription, float] = {}
        self._answers = not careful
        """Whether the venue has answered anything, so that a death is no fault of the line."""
        self._ping_at = opened_at + (0.0 if careful else timing.ping_every)
        self._pong_due: float | None = None
        self.opened_at = opened_at
        self.last_sent: tuple[float, tuple[AnySubscription, ...]] = (opened_at, ())
        """When subscriptions were last sent, and which: told to whoever wonders why the socket died."""

    def outgoing(self, now: float) -> list[bytes]:
        """Frames to send now, within the venue's limits."""
        frames: list[bytes] = []
        if now >= self._ping_at:
            self._ping_at = now + self._timing.ping_every
            if self._pong_due is None:
                self._pong_due = now + self._timing.pong
            frames.append(wire.encode(wire.Ping()))
        given_up = self._registry.given_up
        while given_up and self._bucket.take(now):
            frames.append(wire.encode(wire.Unsubscribe(subscription=given_up.popleft())))
        sent = []
        for subscription in self._registry.among(Standing.WANTED) if self._answers else ():
            if (self._careful and self._sent_at) or not self._bucket.take(now):
                break
            self._registry.mark(subscription, Standing.SENT)
            self._sent_at[subscription] = now
            sent.append(subscription)
            frames.append(wire.encode(wire.Subscribe(subscription=subscription)))
        if sent:
            self.last_sent = (now, tuple(sent))
        return frames

    def received(self, frame: wire.ServerFrame, now: float) -> AnySubscription | None:
        """Take note of a frame; returns a subscription that it refuses."""
        match frame:
            case wire.PongFrame():
                self._pong_due = None
                self._answers = True
            case wire.AckFrame(data=ack) if ack.method == "subscribe":
                self._acknowledged(ack.subscription, now)
            case wire.ErrorFrame(data=text):
                return self._complained(text, now)
            case wire.BookFrame(data=book):
                fast = book.fast is True
                self._heard(subs.L2Book(coin=book.coin, fast=fast), now)
        return None

    def unread(self, now: float) -> None:
        """What the venue sent lies unread, because we are slow: everything that is waited for is waited for anew."""
        self._heard_at = dict.fromkeys(self._heard_at, now)
        self._sent_at = dict.fromkeys(self._sent_at, now)
        if self._pong_due is not None:
            self._pong_due = now + self._timing.pong

    def overdue(self, now: float) -> str | None:
        """Why the connection must be given up, or None while it is well."""
        if self._pong_due is not None and now >= self._pong_due:
            return "no pong"
        for subscription, sent_at in self._sent_at.items():
            if now >= sent_at + self._timing.ack:
                return f"no acknowledgement of {name_of(subscription)}"
        for subscription, limit, silent in self._silences(now):
            if silent >= limit * self._timing.patience:
                return f"{name_of(subscription)} silent for {silent:.1f} s"
        return None

    def newly_stale(self, now: float) -> list[AnySubscription]:
        """Streams that fell silent for longer than they may, each told once."""
        stale = []
        for subscription, limit, silent in self._silences(now):
            if silent >= limit and self._registry.standing(subscription) is Standing.LIVE:
                self._registry.mark(subscription, Standing.STALE)
                stale.append(subscription)
        return stale

    def next_look(self, now: float) -> float:
        """Seconds until ``outgoing``, ``overdue`` or ``newly_stale`` may say something new by the clock alone."""
        moments = [self._ping_at]
        if self._pong_due is not None:
            moments.append(self._pong_due)
        moments += [sent_at + self._timing.ack for sent_at in self._sent_at.values()]
        for subscription, limit, silent in self._silences(now):
            stale = self._registry.standing(subscription) is Standing.STALE
            moments.append(now - silent + limit * (self._timing.patience if stale else 1.0))
        if self._registry.given_up or (self._registry.among(Standing.WANTED) and not self._careful):
            moments.append(now + self._bucket.wait(now))
        return max(0.001, min(moments) - now)

    def died(self, now: float) -> AnySubscription | None:
        """The socket closed; returns the one subscription that it must have died of, if that is now certain.

        Call before the registry starts over.
        """
        suspects = list(self._sent_at)
        if not self._careful or len(suspects) != 1 or not self.died_quickly(now):
            return None
        return suspects[0] if self._registry.strike(suspects[0]) else None

    def died_quickly(self, now: float) -> bool:
        """Whether the socket closed right after subscriptions that it had not acknowledged."""
        return bool(self._sent_at) and now - self.last_sent[0] <= self._timing.quick_death

    def _acknowledged(self, subscription: AnySubscription, now: float) -> None:
        if self._sent_at.pop(subscription, None) is not None:
            self._registry.mark(subscription, Standing.LIVE)
            self._heard_at.setdefault(subscription, now)

    def _heard(self, subscription: AnySubscription, now: float) -> None:
        self._heard_at[subscription] = now
        if self._registry.standing(subscription) is Standing.STALE:
            self._registry.mark(subscription, Standing.LIVE)

    def _complained(self, text: str, now: float) -> AnySubscription | None:
        subscription = _subscription_in(text)
        if subscription is None or subscription not in self._sent_at:
            return None
        if text.startswith("Already subscribed"):
            self._acknowledged(subscription, now)
            return None
        del self._sent_at[subscription]
        self._registry.mark(subscription, Standing.REFUSED)
        return subscription

    def _silences(self, now: float) -> list[tuple[AnySubscription, float, float]]:
        silences = []
        for subscription, heard_at in self._heard_at.items():
            limit = self._timing.silence(subscription)
            if limit is not None and subscription in self._registry:
                silences.append((subscription, limit, now - heard_at))
        return silences


def name_of(subscription: AnySubscription) -> str:
    """A subscription as people read it in a log."""
    return wire.encode(subscription).decode()


def _subscription_in(text: str) -> AnySubscription | None:
    """The subscription that an error of the venue quotes, if it quotes one."""
    start = text.find("{")
    if start < 0:
        return None
    try:
        return _decoder.decode(text[start:])
    except msgspec.DecodeError:
        return None
