"""The accounts as the gateway knows them: who they are, how they stand, who listens, what they were told last."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

from engine.ledger import EXCHANGE
from engine.service import AccountView
from engine.types import AccountId
from net.gateway.limits import TokenBucket
from net.gateway.private import PrivateEvent, last_number
from net.gateway.track import EquityTrack, Pace

if TYPE_CHECKING:
    from net.gateway.session import Session


Kept: TypeAlias = tuple[int, PrivateEvent, int]
"""A private event kept for ``resume``, between its number and its time; encoded only when somebody asks for it."""

_FORGOTTEN_SPARE: Final = 1_000
"""Forgotten events beside as many as are kept, that are cleared away together."""


class Account:
    """One account."""

    __slots__ = (
        "agent_id",
        "closed",
        "credential",
        "floor_event",
        "forgotten",
        "history",
        "last_event",
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
        self,
        agent_id: AccountId,
        name: str,
        personality: str,
        credential: str,
        floor_event: int,
        orders_per_second: int,
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
        self.forgotten = 0
        """How many of its events are no longer in ``history``, but counted among all that are kept."""
        self.floor_event = floor_event
        """Number of the event up to which private events are not kept (any more)."""
        self.last_event = floor_event
        """Number of the last private event."""

    @property
    def status(self) -> str:
        """running, paused, disconnected or closed."""
        if self.closed:
            return "closed"
        if self.paused:
            return "paused"
        return "running" if self.sessions else "disconnected"

    @property
    def last(self) -> int:
        """Number of the last private message."""
        return last_number(self.last_event)

    def forget_oldest(self) -> None:
        """Keep one private event less."""
        self.floor_event, _, _ = self.history.popleft()

    def missed(self, number: int) -> list[Kept] | None:
        """The kept events with messages after ``number``; None when some of them are gone."""
        if number < last_number(self.floor_event):
            return None
        return [kept for kept in self.history if last_number(kept[0]) > number]


class Accounts:
    """All accounts by id. Private events kept for ``resume`` are bounded, for each account and in all."""

    def __init__(self, history: int, history_total: int, orders_per_second: int) -> None:
        self._orders_per_second = orders_per_second
        self._history = history
        self._history_total = history_total
        self._owners: deque[Account] = deque()
        """Whose each event is that is kept, oldest first, and some that are not any more."""
        self._forgotten = 0
        """How many those are: the sum over all accounts."""
        self._by_id: dict[AccountId, Account] = {}
        self.floor_event = 0
        """Number of the event up to which nothing is kept for anybody."""
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

    def load(self, views: Iterable[AccountView], floor_event: int) -> None:
        """Start over from all accounts; ``floor_event`` is the number of the last event that nobody keeps."""
        before, self._by_id = self._by_id, {}
        self.floor_event = floor_event
        self._owners.clear()
        self._forgotten = 0
        self.stale.clear()
        for view in views:
            if view.account == EXCHANGE:  # the house's own account: nobody's agent
                continue
            known = before.get(view.account)
            if known is not None and known.credential == view.credential:
                known.history.clear()
                known.forgotten = 0
                known.floor_event = known.last_event = floor_event
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
            account = Account(agent_id, name, personality, credential, self.floor_event, self._orders_per_second)
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
        history, owners = account.history, self._owners
        if len(history) == self._history:
            self._forget_oldest_of(account)
        history.append((sequence, event, time))
        account.last_event = sequence
        owners.append(account)
        if len(owners) > self._history_total:
            self._forget_oldest()
        self.stale[event.account] = None
        self.changed = True
        return account

    def _forget_oldest_of(self, account: Account) -> None:
        """Let an account that keeps as many events as it may forget one."""
        account.forget_oldest()
        account.forgotten += 1
        self._forgotten += 1
        if 2 * self._forgotten > len(self._owners) + _FORGOTTEN_SPARE:
            kept = [owner for owner in self._owners if not self._was_forgotten(owner)]
            self._owners.clear()
            self._owners.extend(kept)

    def _was_forgotten(self, owner: Account) -> bool:
        """Whether the oldest event that is counted for ``owner`` is kept no more; then it counts no more either."""
        if not owner.forgotten:
            return False
        owner.forgotten -= 1
        self._forgotten -= 1
        return True

    def _forget_oldest(self) -> None:
        """Count the oldest event no more, nor keep it if its owner still does."""
        owner = self._owners.popleft()
        if not self._was_forgotten(owner):
            owner.forget_oldest()
