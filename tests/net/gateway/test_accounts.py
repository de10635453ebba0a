"""What is kept for clients that come back: bounded for each account, in all, and in memory."""

from __future__ import annotations

from engine.events import OrderCanceled
from engine.types import CancelReason, Side
from net.gateway.accounts import Accounts


def canceled(account: str, order_id: int) -> OrderCanceled:
    return OrderCanceled(
        order_id=order_id, account=account, symbol_id=1, side=Side.BUY, leaves_qty=1, cum_qty=0,
        reason=CancelReason.REQUESTED,
    )  # fmt: skip


def kept_of(accounts: Accounts, name: str) -> list[int]:
    account = accounts.get(name)
    assert account is not None
    return [sequence for sequence, _, _ in account.history]


def test_a_busy_account_keeps_its_newest_and_takes_no_memory_for_the_others() -> None:
    accounts = Accounts(history=3, history_total=100_000, orders_per_second=1)
    for name in ("busy", "calm"):
        accounts.opened(name, name, "", "")
    accounts.keep(canceled("calm", 1), 1, 0)
    for sequence in range(2, 10_000):
        accounts.keep(canceled("busy", sequence), sequence, 0)
    assert (kept_of(accounts, "calm"), kept_of(accounts, "busy")) == ([1], [9_997, 9_998, 9_999])
    assert len(accounts._owners) < 1_100


def test_past_the_bound_of_all_the_oldest_is_forgotten_whose_ever_it_is() -> None:
    accounts = Accounts(history=3, history_total=4, orders_per_second=1)
    for name in ("busy", "calm"):
        accounts.opened(name, name, "", "")
    accounts.keep(canceled("calm", 1), 1, 0)
    for sequence in range(2, 8):
        accounts.keep(canceled("busy", sequence), sequence, 0)
    accounts.keep(canceled("calm", 8), 8, 0)
    assert (kept_of(accounts, "calm"), kept_of(accounts, "busy")) == ([8], [5, 6, 7])
