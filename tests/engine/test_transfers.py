from __future__ import annotations

import pytest
from engine_world import ACME, MILLION, World, refusal

from engine.commands import AccountLimits, CloseAccount, TransferCash
from engine.events import CashTransferred
from engine.types import RejectCode


def test_cash_moves_and_nobody_shows_a_profit() -> None:
    world = World("alice bob")
    events = world.do(TransferCash(account="alice", to="bob", amount=250))
    assert events == [CashTransferred(account="alice", to="bob", amount=250)]
    alice, bob = world.oms.account("alice"), world.oms.account("bob")
    assert alice is not None
    assert bob is not None
    assert (alice.cash, bob.cash) == (MILLION - 250, MILLION + 250)
    assert alice.equity - alice.initial_equity == bob.equity - bob.initial_equity == 0


def test_what_is_held_back_for_orders_stays() -> None:
    world = World("alice bob")
    world.buy("alice", 1_000, 100)
    alice = world.oms.account("alice")
    assert alice is not None
    free = alice.cash - alice.reserved
    refused = world.do(TransferCash(account="alice", to="bob", amount=free + 1))
    assert refusal(refused) is RejectCode.INSUFFICIENT_FUNDS
    world.do(TransferCash(account="alice", to="bob", amount=free))


def test_what_carries_a_borrowed_position_stays() -> None:
    world = World("bob")
    world.open("alice", cash=100 * MILLION // 100, limits=AccountLimits(leverage=2))
    world.sell("bob", 15_000, 100)
    world.buy("alice", 15_000, 100)
    free = MILLION - 15_000 * MILLION // 1_000_000 // 2
    assert refusal(world.do(TransferCash(account="alice", to="bob", amount=free + 1))) is RejectCode.INSUFFICIENT_FUNDS
    world.do(TransferCash(account="alice", to="bob", amount=free))


@pytest.mark.parametrize("amount", [0, -5, 10**19])
def test_amounts_that_are_none_are_refused(amount: int) -> None:
    world = World("alice bob")
    assert refusal(world.do(TransferCash(account="alice", to="bob", amount=amount))) is RejectCode.INVALID_MESSAGE


def test_accounts_that_are_not_open_neither_give_nor_take() -> None:
    world = World("alice bob")
    world.do(CloseAccount(account="bob"))
    for giver, taker in (("alice", "bob"), ("bob", "alice"), ("nobody", "alice"), ("exchange", "alice")):
        refused = world.do(TransferCash(account=giver, to=taker, amount=1))
        assert refusal(refused) is RejectCode.UNKNOWN_ACCOUNT


def test_an_account_gives_nothing_to_itself() -> None:
    world = World("alice", shares=ACME)
    assert refusal(world.do(TransferCash(account="alice", to="alice", amount=1))) is RejectCode.INVALID_MESSAGE
