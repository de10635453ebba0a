"""The accounts as the gateway knows them: who they are, how they stand, who listens, what they were told last."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from engine.ledger import EXCHANGE
from engine.service import AccountView
from engine.types import AccountId
from net.gateway.limits import TokenBucket
from net.gateway.private import PrivateEvent, last_number
from net.gateway.track import EquityTrack, Pace

if TYPE_CHECKING:
    from net.gateway.session import Session


_FORGOTTEN_SPARE: Final = 1_000
"""Forgotten events beside as many as are kept, that are cleared away together."""


class Kept:
    """One private event kept for ``resume``, encoded only when somebody asks for it."""

    __slots__ = ("account", "event", "forgotten", "sequence", "time")

    def __init__(self, account: Account, event: PrivateEvent, sequence: int, time: int) -> None:
        self.account = account
        self.event = event
        self.sequence = sequence
        self.time = time
        self.forgotten = False
        """Whether its account keeps it no more."""


class Account:
    """One account."""

    __slots__ = (
        "agent_id",
        "closed",
        "credential",
        "floor",
        "history",
        "last",
        "name",
        "pace",
        "paused",
        "personality",
        "rest_rate",
        "sent_equity",
        "sessions",
        "track",
        "view",
    )

    def __init__(
        self, agent_id: AccountId, name: str, personality: str, credential: str, floor: int, orders_per_second: int
    ) -> None:
        self.agent_id = agent_id
        self.name = name
        self.personality = personality
        self.credential = credential
        self.closed = False
        self.paused = False
        self.sessions: set[Session] = set()
        self.rest_rate = TokenBucket(orders_per_second, time.monotonic())
        """How fast it may send orders over REST, where there is no session to be limited."""
        self.view: AccountView | None = None
        self.sent_equity: int | None = None
        """What the owner was last told to be worth, in minor units."""
        self.track = EquityTrack()
        self.pace = Pace()
        """Of the orders that it placed or changed."""
        self.history: deque[Kept] = deque()
        self.floor = floor
        """Number up to which private messages are not kept (any more)."""
        self.last = floor
        """Number of the last private message."""

    @property
    def status(self) -> str:
        """running, paused, disconnected or closed."""
        if self.closed:
            return "closed"
        if self.paused:
            return "paused"
        return "running" if self.sessions else "disconnected"

    def forget_oldest(self) -> None:
        """Keep one private event less."""
        oldest = self.history.popleft()
        oldest.forgotten = True
        self.floor = last_number(oldest.sequence)

    def missed(self, number: int) -> list[Kept] | None:
        """The kept events with messages after ``number``; None when some of them are gone."""
        if number < self.floor:
            return None
        return [kept for kept in self.history if last_number(kept.sequence) > number]


class Accounts:
    """All accounts by id. Private events kept for ``resume`` are bounded, for each account and in all."""

    def __init__(self, history: int, history_total: int, orders_per_second: int) -> None:
        self._orders_per_second = orders_per_second
        self._history = history
        self._history_total = history_total
        self._kept: deque[Kept] = deque()
        """All that is kept, oldest first, and some that is not any more."""
        self._kept_count = 0
        """How much is kept."""
        self._by_id: dict[AccountId, Account] = {}
        self.floor = 0
        """Number up to which nothing is kept for anybody."""
        self.stale: dict[AccountId, None] = {}
        """Accounts whose view is older than their last event, in the order in which they became so."""
        self.changed = False
        """Whether anything that ``agents_snapshot`` shows may have changed since it was last made."""

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Account]:
        return iter(self._by_id.values())

    def get(self, agent_id: AccountId) -> Account | None:
        """One account, or None."""
        return self._by_id.get(agent_id)

    def load(self, views: Iterable[AccountView], floor: int) -> None:
        """Start over from all accounts; ``floor`` is the number of the last private message that nobody keeps."""
        before, self._by_id = self._by_id, {}
        self.floor = floor
        self._kept.clear()
        self._kept_count = 0
        self.stale.clear()
        for view in views:
            if view.account == EXCHANGE:  # the house's own account: nobody's agent
                continue
            known = before.get(view.account)
            if known is not None and known.credential == view.credential:
                known.history.clear()
                known.floor = known.last = floor
                self._by_id[view.account] = known
                del before[view.account]
            account = self.opened(view.account, view.name, view.personality, view.credential)
            account.closed = view.closed
            account.view = view
        for gone in before.values():
            gone.closed = True
        self.changed = True

    def opened(self, agent_id: AccountId, name: str, personality: str, credential: str) -> Account:
        """Know an account from now on."""
        account = self._by_id.get(agent_id)
        if account is None:
            account = Account(agent_id, name, personality, credential, self.floor, self._orders_per_second)
            self._by_id[agent_id] = account
            self.mark(account)
        return account

    def closed(self, agent_id: AccountId) -> Account | None:
        """The account trades no more."""
        account = self._by_id.get(agent_id)
        if account is not None:
            account.closed = True
            self.mark(account)
        return account

    def mark(self, account: Account) -> None:
        """The account's view is out of date."""
        self.stale[account.agent_id] = None
        self.changed = True

    def keep(self, event: PrivateEvent, sequence: int, time: int) -> Account | None:
        """Keep a private event for its owner, who is returned."""
        account = self._by_id.get(event.account)
        if account is None:
            return None
        kept = Kept(account, event, sequence, time)
        account.history.append(kept)
        account.last = last_number(sequence)
        self._kept.append(kept)
        if len(account.history) > self._history:
            account.forget_oldest()
        else:
            self._kept_count += 1
        if self._kept_count > self._history_total:
            self._forget_oldest()
        elif len(self._kept) > 2 * self._kept_count + _FORGOTTEN_SPARE:
            self._kept = deque(each for each in self._kept if not each.forgotten)
        self.stale[account.agent_id] = None
        self.changed = True
        return account

    def _forget_oldest(self) -> None:
        """Forget the oldest event that anybody keeps."""
        while True:
            oldest = self._kept.popleft()
            if not oldest.forgotten:  # then it is the oldest of its account, too
                oldest.account.forget_oldest()
                self._kept_count -= 1
                return
