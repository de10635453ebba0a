"""When what was gathered for clients is written: at the end of a turn, or in company."""

from __future__ import annotations

import asyncio

from net.gateway.outgoing import COMPANY_S, FEW, Outgoing


class Client:
    """Notes when it was written to."""

    def __init__(self) -> None:
        self.written: list[float] = []

    def write_out(self) -> None:
        self.written.append(asyncio.get_running_loop().time())


async def end_of_turn() -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_answers_leave_once_a_client_at_the_end_of_the_turn() -> None:
    outgoing, client = Outgoing(), Client()
    outgoing.now(client)
    outgoing.now(client)
    assert client.written == []
    await end_of_turn()
    assert len(client.written) == 1


async def test_answers_to_what_came_together_leave_when_all_of_it_is_answered() -> None:
    outgoing, client = Outgoing(), Client()
    with outgoing:
        outgoing.now(client)
        outgoing.now(client)
        assert client.written == []
    assert len(client.written) == 1
    outgoing.now(client)
    await end_of_turn()
    assert len(client.written) == 2


async def test_pushes_to_few_clients_do_not_wait() -> None:
    outgoing, clients = Outgoing(), [Client() for _ in range(FEW)]
    for client in clients:
        outgoing.soon(client)
    await end_of_turn()
    assert [len(client.written) for client in clients] == [1] * FEW


async def test_pushes_to_many_wait_for_an_answer_to_go_with_but_not_long() -> None:
    outgoing, clients = Outgoing(), [Client() for _ in range(FEW + 2)]
    for client in clients:
        outgoing.soon(client)
    await end_of_turn()
    assert all(not client.written for client in clients)
    outgoing.now(clients[0])
    await end_of_turn()
    assert len(clients[0].written) == 1
    begun = asyncio.get_running_loop().time()
    while not all(client.written for client in clients):
        await asyncio.sleep(COMPANY_S / 4)
        assert asyncio.get_running_loop().time() < begun + 1
    assert len(clients[0].written) == 1
