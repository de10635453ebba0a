"""Each client message and its answer, over a real socket and a real engine."""

from __future__ import annotations

from gateway_world import World


async def test_an_order_is_answered_with_what_was_done_at_once(world: World) -> None:
    maker, taker = await world.trader(), await world.trader()
    await maker.order("sell", 2, 100.5)
    await maker.order("sell", 2, 100.6)
    answer = await taker.order("buy", 5, 100.6, client_order_id="mine")
    assert answer["client_order_id"] == "mine"
    assert (answer["filled_quantity"], answer["leaves_quantity"], answer["average_price"]) == (4.0, 1.0, 100.55)


async def test_without_a_price_an_order_is_a_market_order(world: World) -> None:
    maker, taker = await world.trader(), await world.trader()
    await maker.order("sell", 2, 100.5)
    assert (await taker.order("buy", 2))["average_price"] == 100.5


async def test_sending_an_order_twice_places_it_once(world: World) -> None:
    client = await world.trader()
    first = await client.order("buy", 5, 99.0, client_order_id="once")
    again = await client.order("buy", 5, 99.0, client_order_id="once")
    assert again["order_id"] == first["order_id"]
    assert (again["status"], again["leaves_quantity"]) == ("success", 5.0)
    orders = await client.ask("get_orders", "orders")
    assert len(orders["data"]["orders"]) == 1


async def test_an_order_is_canceled_by_either_id(world: World) -> None:
    client = await world.trader()
    order_id = (await client.order("buy", 5, 99.0))["order_id"]
    await client.order("buy", 5, 98.0, client_order_id="second")
    by_id = await client.ask("cancel_order", "cancel_response", symbol_id=1, orderId=order_id)
    by_name = await client.ask("cancel_order", "cancel_response", symbol_id=1, client_order_id="second")
    assert [answer["data"]["status"] for answer in (by_id, by_name)] == ["success", "success"]
    again = await client.ask("cancel_order", "cancel_response", symbol_id=1, orderId=order_id)
    assert again["data"]["code"] == "unknown_order"


async def test_the_update_of_a_cancel_says_which_order_at_which_price(world: World) -> None:
    client = await world.trader()
    await client.order("buy", 5, 99.25, client_order_id="gone")
    await client.send("cancel_order", symbol_id=1, client_order_id="gone")
    update = await client.wait_for("order_update", lambda m: m["data"]["event"] == "canceled")
    data = update["data"]
    assert (data["client_order_id"], data["price"], data["reason"]) == ("gone", 99.25, "requested")


async def test_a_cancel_that_names_no_order_is_refused(world: World) -> None:
    client = await world.trader()
    answer = await client.ask("cancel_order", "cancel_response", symbol_id=1)
    assert (answer["data"]["code"], answer["data"]["field"]) == ("invalid_message", "orderId")


async def test_an_order_is_modified(world: World) -> None:
    client = await world.trader()
    order_id = (await client.order("buy", 5, 99.0))["order_id"]
    answer = await client.ask("modify_order", "modify_response", symbol_id=1, orderId=order_id, price=98.5, quantity=7)
    assert (answer["data"]["status"], answer["data"]["leaves_quantity"]) == ("success", 7.0)
    update = await client.wait_for("order_update", lambda m: m["data"]["event"] == "replaced")
    assert (update["data"]["price"], update["data"]["leaves_quantity"]) == (98.5, 7.0)


async def test_all_orders_or_those_of_one_side_are_canceled(world: World) -> None:
    client = await world.trader()
    bid = (await client.order("buy", 5, 99.0))["order_id"]
    ask = (await client.order("sell", 5, 101.0))["order_id"]
    one = await client.ask("cancel_all", "cancel_all_response", side="buy")
    rest = await client.ask("cancel_all", "cancel_all_response")
    assert (one["data"]["order_ids"], rest["data"]["order_ids"]) == ([bid], [ask])


async def test_quotes_are_placed_and_replaced_in_one_message(world: World) -> None:
    client = await world.trader()
    level = {"price": 99.0, "quantity": 1}
    first = await client.ask("mass_quote", "mass_quote_response", symbol_id=1, bids=[level], asks=[])
    assert len(first["data"]["order_ids"]) == 1
    moved = {"price": 99.5, "quantity": 1}
    await client.ask("mass_quote", "mass_quote_response", symbol_id=1, bids=[moved], asks=[])
    orders = (await client.ask("get_orders", "orders"))["data"]["orders"]
    assert [order["price"] for order in orders] == [99.5]


async def test_a_quote_off_the_tick_names_the_level(world: World) -> None:
    client = await world.trader()
    levels = [{"price": 99.0, "quantity": 1}, {"price": 98.995, "quantity": 1}]
    answer = await client.ask("mass_quote", "mass_quote_response", symbol_id=1, bids=levels)
    assert (answer["data"]["code"], answer["data"]["field"]) == ("price_off_tick", "bids[1].price")


async def test_the_dead_mans_switch_is_armed_and_disarmed(world: World) -> None:
    client = await world.trader()
    armed = await client.ask("cancel_after", "cancel_after_response", seconds=30)
    assert (armed["data"]["status"], armed["data"]["deadline"] > 0) == ("success", True)
    disarmed = await client.ask("cancel_after", "cancel_after_response", seconds=None)
    assert (disarmed["data"]["status"], disarmed["data"]["deadline"]) == ("success", None)


async def test_the_dead_mans_switch_cancels(world: World) -> None:
    client = await world.trader()
    await client.order("buy", 5, 99.0)
    await client.ask("cancel_after", "cancel_after_response", seconds=0.05)
    update = await client.wait_for("order_update", lambda m: m["data"]["event"] == "canceled")
    assert update["data"]["reason"] == "dead_man"


async def test_a_portfolio_is_told_on_request(world: World) -> None:
    maker, taker = await world.trader(), await world.trader(starting_capital=1000)
    await maker.order("sell", 3, 100.5)
    await taker.order("buy", 3, 100.5)
    portfolio = await taker.ask("get_portfolio", "portfolio_update")
    assert (portfolio["cash"], portfolio["total_value"], portfolio["pnl"]) == (698.5, 1000.0, 0.0)
    assert portfolio["positions"]["1"]["avg_price"] == 100.5


async def test_own_fills_are_told_on_request(world: World) -> None:
    maker, taker = await world.trader(), await world.trader()
    await maker.order("sell", 3, 100.5)
    await taker.order("buy", 2, 100.5)
    trades = (await taker.ask("get_trades", "trades"))["data"]["trades"]
    assert [(trade["side"], trade["quantity"], trade["liquidity"]) for trade in trades] == [("buy", 2.0, "taker")]


async def test_tape_and_candles_are_told_on_request(world: World) -> None:
    maker, taker = await world.trader(), await world.trader()
    await maker.order("sell", 3, 100.5)
    await taker.order("buy", 2, 100.5)
    await taker.wait_for("execution")
    tape = (await taker.ask("get_tape", "tape", symbol_id=1))["data"]["trades"]
    assert [(trade["price"], trade["quantity"], trade["side"]) for trade in tape] == [(100.5, 2.0, "buy")]
    candles = (await taker.ask("get_candles", "candles", symbol_id=1, interval="1m"))["data"]["candles"]
    assert [(candle["close"], candle["volume"]) for candle in candles] == [(100.5, 2.0)]


async def test_questions_about_nothing_are_refused(world: World) -> None:
    client = await world.trader()
    unknown = await client.ask("get_candles", "error", symbol_id=77)
    interval = await client.ask("get_candles", "error", symbol_id=1, interval="7m")
    book = await client.ask("get_orderbook", "error", symbol_id=77)
    assert [answer["data"]["code"] for answer in (unknown, interval, book)] == [
        "unknown_instrument",
        "invalid_message",
        "unknown_instrument",
    ]


async def test_an_order_in_an_unknown_instrument_is_refused(world: World) -> None:
    client = await world.trader()
    answer = await client.ask("add_order", "order_response", symbol_id=77, side="buy", quantity=1, price=1)
    assert (answer["data"]["code"], answer["data"]["field"]) == ("unknown_instrument", "symbol_id")


async def test_what_the_engine_refuses_is_told_in_the_wires_words(world: World) -> None:
    client = await world.trader(starting_capital=100)
    answer = await client.order("buy", 50, 100.0)
    assert (answer["status"], answer["code"]) == ("error", "insufficient_funds")


async def test_an_instrument_with_small_lots_is_traded_in_its_units(world: World) -> None:
    client = await world.trader()
    answer = await client.ask("add_order", "order_response", symbol_id=2, side="buy", price=2500.1, quantity=0.0123)
    assert answer["data"]["leaves_quantity"] == 0.0123
    refused = await client.ask("add_order", "order_response", symbol_id=2, side="buy", price=2500.1, quantity=0.00001)
    assert (refused["data"]["code"], refused["data"]["field"]) == ("quantity_off_lot", "quantity")


async def test_a_decision_is_shown_to_those_who_subscribed_to_decisions(world: World) -> None:
    everything, of_acme, of_eth, nothing = [await world.connect() for _ in range(4)]
    await everything.ask("subscribe", "subscribed", channels=["decisions"])
    await of_acme.ask("subscribe", "subscribed", channels=["decisions:1"])
    await of_eth.ask("subscribe", "subscribed", channels=["decisions:2"])
    agent = await world.trader("Momo")
    await agent.send("report_decision", stage="heuristic", action="buy 10 ACME", why="it rises", symbol_id=1)
    for watcher in (everything, of_acme):
        decision = (await watcher.wait_for("decision"))["data"]
        assert (decision["stage"], decision["action"], decision["why"]) == ("heuristic", "buy 10 ACME", "it rises")
    for client in (of_eth, nothing):
        assert all(message["type"] != "decision" for message in await client.settle())


async def test_a_ping_is_answered_with_its_id_and_the_time(world: World) -> None:
    client = await world.connect()
    await client.send("ping", id="x1")
    pong = (await client.wait_for("pong"))["data"]
    assert (pong["id"], pong["server_time"] > 1_600_000_000_000) == ("x1", True)


async def test_unknown_fields_are_ignored(world: World) -> None:
    client = await world.trader()
    assert (await client.order("buy", 1, 99.0, colour="blue"))["status"] == "success"
