"""When requests leave for the engine: in company, but never kept waiting for company that did not come before."""

from __future__ import annotations

import asyncio
from typing import cast

import msgspec

from net.engine_link import FEW, EngineLink
from net.engine_protocol import Ping, Reply


class Wire:
    """Notes the ids of the requests of each write."""

    def __init__(self) -> None:
        self.writes: list[list[int]] = []

    def write(self, data: bytes) -> None:
        self.writes.append([msgspec.json.decode(line)["id"] for line in data.splitlines()])

    def is_closing(self) -> bool:
        return False


class Market:
    """A link to an engine that answers when it is told to."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.answered: list[int] = []
        self.link = EngineLink(5.0, lambda _: None)
        self.link.connection_made(cast("asyncio.Transport", self.wire))

    def ask(self, count: int = 1) -> None:
        for _ in range(count):
            self.link.ask(Ping(id=self.link.next_id()), lambda reply: self.answered.append(cast("Reply", reply).id))

    def answer_all(self) -> None:
        lines = [msgspec.json.encode(Reply(id=number)) + b"\n" for number in self.link.pending]
        self.link.data_received(b"".join(lines))


async def end_of_turn() -> None:
    await asyncio.sleep(0)


async def test_requests_of_one_turn_leave_together() -> None:
    market = Market()
    market.ask(2)
    assert market.wire.writes == []
    await end_of_turn()
    assert market.wire.writes == [[1, 2]]


async def test_an_idle_engine_gets_the_first_few_at_once() -> None:
    market = Market()
    market.ask(FEW + 2)
    assert market.wire.writes == [list(range(1, FEW + 1))]
    await end_of_turn()
    assert market.wire.writes[1:] == [[FEW + 1, FEW + 2]]


async def test_after_a_lonely_request_the_next_one_does_not_wait_for_company() -> None:
    market = Market()
    market.ask()
    await end_of_turn()
    market.answer_all()
    market.ask()
    assert market.wire.writes == [[1], [2]]
    market.answer_all()
    assert market.answered == [1, 2]


async def test_when_company_came_after_all_the_next_one_waits_again() -> None:
    market = Market()
    market.ask()
    await end_of_turn()
    market.answer_all()
    market.ask(3)
    assert market.wire.writes[1:] == [[2]]
    await end_of_turn()
    assert market.wire.writes[2:] == [[3, 4]]
    market.answer_all()
    market.ask()
    assert len(market.wire.writes) == 3
    await end_of_turn()
    assert market.wire.writes[3:] == [[5]]
