"""The client against a tiny exchange on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tiny_gateway import ACME, TinyGateway, send
from websockets.asyncio.server import ServerConnection

from engine.types import RejectCode, Side
from net import messages as m
from net.client import AccountLost, Client, ConnectionChanged, ConnectionState, Push
from net.errors import DeadlineExceeded, HandshakeRefused, NotConnected, RequestRefused, UnknownOutcome


@pytest.fixture
async def exchange() -> AsyncIterator[TinyGateway]:
    async with TinyGateway() as tiny:
        yield tiny


def client_of(exchange: TinyGateway, **changes: object) -> Client:
    settings: dict[str, object] = {"deadline_s": 10.0, "backoff_max_s": 0.05, **changes}
    return Client(exchange.url, **settings)  # type: ignore[arg-type]


async def next_of(messages: AsyncIterator[Push], kind: type) -> Push:
    """The next push of a kind, skipping others."""
    async with asyncio.timeout(20):
        async for message in messages:
            if isinstance(message, kind):
                return message
    raise AssertionError(f"the stream ended without a {kind.__name__}")


async def next_state(messages: AsyncIterator[Push], state: ConnectionState) -> ConnectionChanged:
    while True:
        change = await next_of(messages, ConnectionChanged)
        assert isinstance(change, ConnectionChanged)
        if change.state is state:
            return change


async def trade_ids(messages: AsyncIterator[Push], count: int) -> list[int]:
    found = []
    while len(found) < count:
        execution = await next_of(messages, m.Execution)
        assert isinstance(execution, m.Execution)
        found.append(execution.data.trade_id)
    return found


async def test_a_connected_client_knows_the_exchange_and_its_instruments(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        assert client.state is ConnectionState.LIVE
        assert client.hello.epoch == "epoch-1"
        assert client.instruments == {1: ACME}
        assert client.instrument("ACME") == ACME
    assert client.state is ConnectionState.CLOSED


async def test_an_order_is_answered_with_its_result_and_its_fill_is_pushed(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        registered = await client.register("ann")
        result = await client.add_order(1, "buy", 3, price=100)
        assert (result.status, result.filled_quantity) == (m.Status.SUCCESS, 3)
        execution = await next_of(client.messages(), m.Execution)
        assert isinstance(execution, m.Execution)
        assert execution.data.agent_id == registered.agent_id


async def test_a_refused_order_is_a_result_not_an_exception(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        result = await client.add_order(1, Side.BUY, 3, price=100)
        assert (result.status, result.code) == (m.Status.ERROR, RejectCode.NOT_REGISTERED)


async def test_an_error_that_answers_an_order_becomes_its_result(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        modified = await client.modify_order(1, 5, price=100)
        assert (modified.status, modified.code) == (m.Status.ERROR, RejectCode.NOT_ALLOWED)
        canceled = await client.cancel_all()
        assert (canceled.status, canceled.code) == (m.Status.ERROR, RejectCode.NOT_ALLOWED)


async def test_a_refused_question_raises_with_its_code(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        with pytest.raises(RequestRefused) as caught:
            await client.get_portfolio()
        assert caught.value.code is RejectCode.NOT_ALLOWED


async def test_many_requests_at_once_each_get_their_own_answer(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        await client.register("ann")
        results = await asyncio.gather(*(client.add_order(1, "buy", quantity) for quantity in range(1, 101)))
        assert [result.filled_quantity for result in results] == list(range(1, 101))


async def test_answers_to_own_requests_are_not_pushed(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        await client.register("ann")
        await client.ping()
        await client.subscribe("trades")
        await client.add_order(1, "buy", 1)
    kinds = [type(message).__name__ async for message in client.messages()]
    assert kinds == ["Hello", "Instruments", "ConnectionChanged", "Execution", "ConnectionChanged"]


async def test_an_order_whose_link_died_before_its_answer_is_sent_again_and_placed_once(exchange: TinyGateway) -> None:
    def cut_once(link: ServerConnection, message: m.AnyClientMessage) -> bool:
        if isinstance(message, m.AddOrder) and exchange.orders_placed == 3:
            exchange.before_answer = lambda _link, _message: True
            link.transport.abort()
            return False
        return True

    exchange.before_answer = cut_once
    async with client_of(exchange) as client:
        await client.register("ann")
        results = [await client.add_order(1, "buy", 1) for _ in range(5)]
        assert [result.order_id for result in results] == [1, 2, 3, 4, 5]
        assert exchange.orders_placed == 5
        assert sum(isinstance(message, m.AddOrder) for message in exchange.heard) == 6
        assert await trade_ids(client.messages(), 5) == [1, 2, 3, 4, 5]


async def test_what_cannot_be_repeated_ends_with_unknown_outcome_when_the_link_dies(exchange: TinyGateway) -> None:
    def cut(link: ServerConnection, message: m.AnyClientMessage) -> bool:
        link.transport.abort()
        return False

    async with client_of(exchange, deadline_s=30.0) as client:
        messages = client.messages()
        await next_state(messages, ConnectionState.LIVE)
        exchange.before_answer = cut
        with pytest.raises(UnknownOutcome):
            async with asyncio.timeout(20):
                await client.modify_order(1, 5, price=100)
        await next_state(messages, ConnectionState.LIVE)
        assert sum(isinstance(message, m.ModifyOrder) for message in exchange.heard) == 1


async def test_a_private_message_that_comes_twice_is_delivered_once(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        agent_id = (await client.register("ann")).agent_id
        exchange.fill(agent_id, 1)
        exchange.say_again(agent_id)
        exchange.fill(agent_id, 2)
        assert await trade_ids(client.messages(), 2) == [1, 2]


async def test_a_gateway_that_does_not_know_the_outcome_is_not_mistaken_for_a_refusal(exchange: TinyGateway) -> None:
    def forget(link: ServerConnection, message: m.AnyClientMessage) -> bool:
        result = m.OrderResult(
            status=m.Status.ERROR, code=RejectCode.UNKNOWN_OUTCOME, message="?", request_id=message.request_id
        )
        send(link, m.OrderResponse(data=result))
        return False

    async with client_of(exchange) as client:
        exchange.before_answer = forget
        with pytest.raises(UnknownOutcome) as caught:
            await client.add_order(1, "buy", 1, client_order_id="mine")
        assert caught.value.client_order_id == "mine"


async def test_executions_missed_while_away_come_once_and_in_order(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        agent_id = (await client.register("ann")).agent_id
        messages = client.messages()
        exchange.fill(agent_id, 1)
        assert await trade_ids(messages, 1) == [1]
        exchange.cut_all()
        await next_state(messages, ConnectionState.RECONNECTING)
        exchange.fill(agent_id, 2)
        exchange.fill(agent_id, 3)
        assert await trade_ids(messages, 2) == [2, 3]
        exchange.fill(agent_id, 4)
        assert await trade_ids(messages, 1) == [4]


async def test_every_execution_is_delivered_exactly_once_through_many_cuts(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        agent_id = (await client.register("ann")).agent_id
        messages = client.messages()
        seen: list[int] = []
        for round_number in range(10):
            for number in range(5):
                exchange.fill(agent_id, round_number * 5 + number)
                if number == 2:
                    exchange.cut_all()
            seen += await trade_ids(messages, 5)
        assert seen == list(range(50))


async def test_private_messages_that_overtake_the_resume_are_seen_once_and_in_order(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        agent_id = (await client.register("ann")).agent_id
        messages = client.messages()
        exchange.fill(agent_id, 1)
        assert await trade_ids(messages, 1) == [1]

        def fill_before_resumed(link: ServerConnection, message: m.AnyClientMessage) -> bool:
            if isinstance(message, m.AgentRegister):
                exchange.before_answer = lambda _link, _message: True
                exchange.fill(agent_id, 3)
            return True

        exchange.before_answer = fill_before_resumed
        exchange.cut_all()
        exchange.fill(agent_id, 2)
        assert await trade_ids(messages, 2) == [2, 3]


async def test_what_can_no_longer_be_resumed_is_replaced_by_the_full_state(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        agent_id = (await client.register("ann")).agent_id
        messages = client.messages()
        exchange.log_kept = False
        exchange.fill(agent_id, 1)
        exchange.cut_all()
        resumed = await next_of(messages, m.Resumed)
        assert isinstance(resumed, m.Resumed)
        assert not resumed.data.resumed
        assert isinstance(await next_of(messages, m.PortfolioUpdate), m.PortfolioUpdate)
        assert isinstance(await next_of(messages, m.Orders), m.Orders)
        exchange.fill(agent_id, 2)
        assert await trade_ids(messages, 1) == [2]


async def test_a_new_epoch_is_told_and_the_account_opened_again(exchange: TinyGateway) -> None:
    async with client_of(exchange, connect_timeout_s=5) as client:
        agent_id = (await client.register("ann")).agent_id
        messages = client.messages()
        await exchange.stop()
        exchange.epoch = "epoch-2"
        exchange.accounts.clear()
        await exchange.start()
        first = await next_state(messages, ConnectionState.LIVE)
        live = await next_state(messages, ConnectionState.LIVE)
        assert not first.new_epoch
        assert (live.epoch, live.new_epoch) == ("epoch-2", True)
        assert client.hello.epoch == "epoch-2"
        assert list(exchange.accounts) == [agent_id]
        exchange.fill(agent_id, 9)
        assert await trade_ids(messages, 1) == [9]


async def test_an_account_that_is_not_given_back_is_told_lost(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        agent_id = (await client.register("ann")).agent_id
        exchange.refuse_accounts = RejectCode.BAD_TOKEN
        exchange.cut_all()
        lost = await next_of(client.messages(), AccountLost)
        assert isinstance(lost, AccountLost)
        assert (lost.agent_id, lost.reason) == (agent_id, "bad_token: no")
        assert client.tokens == {}


async def test_channels_are_asked_for_again_after_a_reconnect(exchange: TinyGateway) -> None:
    async with client_of(exchange, channels=["trades"], rate_hz=10) as client:
        await client.subscribe("bbo:1")
        await client.unsubscribe("orderbooks")
        messages = client.messages()
        await next_state(messages, ConnectionState.LIVE)
        exchange.heard.clear()
        exchange.cut_all()
        await next_state(messages, ConnectionState.LIVE)
        asked = [(type(message).__name__, message.channels) for message in exchange.heard]  # type: ignore[union-attr]
        assert asked == [("Unsubscribe", ["orderbooks"]), ("Subscribe", ["trades", "bbo:1"])]
        assert exchange.heard[-1].rate_hz == 10  # type: ignore[union-attr]


async def test_a_request_made_while_the_link_is_down_is_sent_on_the_next_one(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        await client.register("ann")
        messages = client.messages()
        await next_state(messages, ConnectionState.LIVE)
        await exchange.stop()
        await next_state(messages, ConnectionState.RECONNECTING)
        order = asyncio.create_task(client.add_order(1, "buy", 1))
        await exchange.start()
        assert (await order).status is m.Status.SUCCESS


async def test_a_request_that_found_no_link_in_time_says_that_it_was_not_sent(exchange: TinyGateway) -> None:
    async with client_of(exchange, deadline_s=0.2) as client:
        messages = client.messages()
        await next_state(messages, ConnectionState.LIVE)
        await exchange.stop()
        await next_state(messages, ConnectionState.RECONNECTING)
        with pytest.raises(NotConnected):
            await client.add_order(1, "buy", 1)
        await exchange.start()


async def test_deadlines_tell_questions_from_commands(exchange: TinyGateway) -> None:
    async with client_of(exchange, deadline_s=0.2) as client:
        exchange.deaf = True
        with pytest.raises(DeadlineExceeded):
            await client.get_portfolio()
        with pytest.raises(UnknownOutcome) as caught:
            await client.add_order(1, "buy", 1, client_order_id="mine")
        assert caught.value.client_order_id == "mine"


async def test_a_consumer_that_fell_behind_is_cut_and_resumes_without_a_loss(exchange: TinyGateway) -> None:
    async with client_of(exchange, kept_limit=20, deadline_s=0.5) as client:
        agent_id = (await client.register("ann")).agent_id
        messages = client.messages()
        await next_state(messages, ConnectionState.LIVE)
        for number in range(200):
            exchange.fill(agent_id, number)
        with pytest.raises((DeadlineExceeded, NotConnected)):  # nothing is read, so the client stays away
            await client.ping()
        assert exchange.links_opened == 1
        change = await next_state(messages, ConnectionState.RECONNECTING)
        assert "too slow" in change.reason
        assert await trade_ids(messages, 180) == list(range(20, 200))


async def test_without_a_reader_old_messages_give_way_and_the_link_stays(exchange: TinyGateway) -> None:
    async with client_of(exchange, kept_limit=20) as client:
        await client.register("ann")
        for _ in range(50):
            await client.add_order(1, "buy", 1)
        assert client.state is ConnectionState.LIVE
        assert client.dropped > 0


async def test_a_client_that_nobody_reads_comes_back_however_much_it_was_told(exchange: TinyGateway) -> None:
    async with client_of(exchange, kept_limit=8) as client:
        ann = (await client.register("ann")).agent_id
        for trade_id in range(1, 9):
            exchange.fill(ann, trade_id)
        await client.ping()
        exchange.cut_all()
        assert (await client.ping()).server_time == 7
        assert exchange.links_opened == 2


async def test_nobody_there_raises_within_the_limit() -> None:
    client = Client("ws://127.0.0.1:1/ws", connect_timeout_s=0.3)
    with pytest.raises(NotConnected):
        await client.connect()
    assert client.state is ConnectionState.CLOSED


async def test_a_refused_handshake_is_not_tried_again() -> None:
    from websockets.asyncio.server import serve

    tries = 0

    def refuse(link: ServerConnection, request: object) -> object:
        nonlocal tries
        tries += 1
        return link.respond(403, "no")

    async def nothing(link: ServerConnection) -> None:
        await link.wait_closed()

    async with serve(nothing, "127.0.0.1", 0, process_request=refuse) as server:  # type: ignore[arg-type]
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(HandshakeRefused):
            await Client(f"ws://127.0.0.1:{port}/ws").connect()
    assert tries == 1


async def test_closing_ends_what_waits_and_the_stream(exchange: TinyGateway) -> None:
    client = client_of(exchange)
    await client.connect()
    exchange.deaf = True
    waiting = asyncio.create_task(client.ping())
    await exchange.something_heard.wait()
    await client.close()
    with pytest.raises(DeadlineExceeded):
        await waiting
    last = [message async for message in client.messages()][-1]
    assert isinstance(last, ConnectionChanged)
    assert last.state is ConnectionState.CLOSED
    with pytest.raises(NotConnected):
        await client.ping()


async def test_a_message_of_a_newer_exchange_is_passed_over(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        for link in exchange.links:
            await link.send('{"type":"weather","data":{"rain":true}}')
        assert (await client.ping()).server_time == 7


async def test_garbage_breaks_the_link_and_the_client_comes_back(exchange: TinyGateway) -> None:
    async with client_of(exchange) as client:
        messages = client.messages()
        await next_state(messages, ConnectionState.LIVE)
        for link in list(exchange.links):
            await link.send("{garbage")
        change = await next_state(messages, ConnectionState.RECONNECTING)
        assert "not JSON" in change.reason
        await next_state(messages, ConnectionState.LIVE)
