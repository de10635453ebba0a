"""Each REST route."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_world import World

from net.gateway.mirror import Mirror


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def opened(world: World, **fields: Any) -> tuple[str, dict[str, str]]:
    """A new account and the headers of its owner."""
    created = await world.http.post("/api/agents", json={"name": "Mo", **fields}, headers=world.admin)
    assert created.status_code == 201
    return created.json()["agent_id"], bearer(created.json()["token"])


async def test_health_says_what_is_behind_the_gateway(world: World) -> None:
    health = (await world.http.get("/health")).json()
    assert (health["status"], health["engine_connected"], health["epoch"]) == ("ok", True, "first")


async def test_instruments_are_listed_created_and_removed(world: World) -> None:
    body = {"ticker": "NEW", "initial_price": 5.5, "tick_size": 0.5, "lot_size": 0.1, "industry": "tests"}
    created = await world.http.post("/api/instruments", json=body, headers=world.admin)
    assert created.status_code == 201
    assert {key: created.json()[key] for key in body} == body
    symbol_id = created.json()["symbol_id"]
    listed = (await world.http.get("/api/instruments")).json()
    assert [instrument["ticker"] for instrument in listed] == ["ACME", "ETH", "NEW"]
    removed = await world.http.delete(f"/api/instruments/{symbol_id}", headers=world.admin)
    assert (removed.status_code, removed.json()["status"]) == (200, "removed")
    again = await world.http.delete(f"/api/instruments/{symbol_id}", headers=world.admin)
    assert (again.status_code, again.json()["code"]) == (404, "unknown_instrument")


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"ticker": "ACME"}, 409, "duplicate_ticker", "ticker"),
        ({"ticker": "acme"}, 400, "invalid_message", "ticker"),
        ({"ticker": None}, 400, "invalid_message", "ticker"),
        ({"initial_price": 5.55}, 422, "price_off_tick", "initial_price"),
        ({"initial_price": "5"}, 400, "invalid_message", "initial_price"),
        ({"tick_size": 1e-9}, 422, "invalid_message", "tick_size"),
        ({"tick_size": 1e-8, "initial_price": 1e-8, "lot_size": 0.1}, 422, "quantity_off_lot", "lot_size"),
    ],
)
async def test_an_instrument_that_can_not_be_is_refused(
    world: World, change: dict[str, Any], status: int, code: str, field: str
) -> None:
    body = {"ticker": "NEW", "initial_price": 5.5, "tick_size": 0.5, **change}
    refused = await world.http.post("/api/instruments", json=body, headers=world.admin)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (status, code, field)


async def test_an_instrument_is_halted_and_opened(world: World) -> None:
    client = await world.trader()
    halted = await world.http.post("/api/instruments/1/halt", headers=world.admin)
    assert halted.json()["status"] == "halted"
    assert (await client.order("buy", 1, 99.0))["code"] == "instrument_halted"
    assert (await world.http.post("/api/instruments/1/open", headers=world.admin)).json()["status"] == "open"
    assert (await client.order("buy", 1, 99.0))["status"] == "success"
    assert (await world.http.post("/api/instruments/1/burn", headers=world.admin)).status_code == 400


async def test_an_auction_says_in_every_book_where_it_would_trade_until_it_does(world: World) -> None:
    maker, taker = await world.trader(), await world.trader()
    await world.http.post("/api/instruments/1/auction", headers=world.admin)
    await maker.order("buy", 5, 101.0)
    await taker.order("sell", 3, 99.0)
    book = (await world.http.get("/api/orderbooks/1")).json()
    assert (book["indicative_price"], book["indicative_quantity"]) == (101.0, 3.0)
    snapshot = (await maker.ask("get_orderbook", "orderbook", symbol_id=1))["data"]
    assert (snapshot["indicative_price"], snapshot["indicative_quantity"]) == (101.0, 3.0)
    later = Mirror(10, 10)
    later.load(await world.gateway.engine.snapshot())
    mirrored = later.books.get(1)
    assert mirrored is not None
    assert mirrored.shape().indicative_price == 101.0
    await world.http.post("/api/instruments/1/open", headers=world.admin)
    assert "indicative_price" not in (await world.http.get("/api/orderbooks/1")).json()


async def test_an_auction_of_a_set_length_opens_by_itself(world: World) -> None:
    client = await world.connect()
    for query, status in (("auction?seconds=0", 400), ("auction?seconds=86401", 400), ("halt?seconds=5", 422)):
        refused = await world.http.post(f"/api/instruments/1/{query}", headers=world.admin)
        assert (refused.status_code, refused.json()["field"]) == (status, "seconds")
    assert (await world.http.post("/api/instruments/1/auction?seconds=1", headers=world.admin)).status_code == 200
    await client.wait_for("instrument_status", lambda m: m["data"]["status"] == "auction")
    opened = await client.wait_for("instrument_status", lambda m: m["data"]["status"] == "open")
    assert opened["reason"] == "auction over"


async def test_everybody_hears_of_a_new_simulation_speed_and_who_comes_later_is_told_at_once(world: World) -> None:
    client = await world.connect()
    assert client.seen[0]["data"].get("simulation_speed", 1.0) == 1.0
    answer = await world.http.post("/api/simulation", json={"speed": 4}, headers=world.admin)
    assert (answer.status_code, answer.json()) == (200, {"speed": 4.0})
    assert (await client.wait_for("simulation"))["data"] == {"speed": 4.0}
    assert (await world.connect()).seen[0]["data"]["simulation_speed"] == 4.0
    assert (await world.http.get("/api/simulation")).json() == {"speed": 4.0}


@pytest.mark.parametrize("speed", [0.0, 0.05, 20.5, -1, "4", None])
async def test_a_simulation_speed_out_of_bounds_is_refused_with_the_bound(world: World, speed: object) -> None:
    refused = await world.http.post("/api/simulation", json={"speed": speed}, headers=world.admin)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (400, "invalid_message", "speed")
    if isinstance(speed, int | float):
        assert ("0.1" if speed < 1 else "20") in refused.json()["message"]
    assert (await world.http.get("/api/simulation")).json() == {"speed": 1.0}


async def test_an_agent_is_created_listed_and_closed(world: World) -> None:
    agent_id, _ = await opened(world, personality="value", starting_capital=5000)
    agent = (await world.http.get(f"/api/agents/{agent_id}")).json()
    assert (agent["name"], agent["personality"], agent["cash"], agent["status"]) == (
        "Mo",
        "value",
        5000.0,
        "disconnected",
    )
    assert [entry["agent_id"] for entry in (await world.http.get("/api/agents")).json()] == [agent_id]
    closed = await world.http.delete(f"/api/agents/{agent_id}", headers=world.admin)
    assert closed.json()["status"] == "closed"
    assert (await world.http.get("/api/agents")).json() == []
    assert (await world.http.delete("/api/agents/nobody", headers=world.admin)).status_code == 404


async def test_an_agent_with_a_control_character_in_a_text_is_refused(world: World) -> None:
    for field in ("name", "personality"):
        body = {"name": "Mo", field: "\x1b]0;mine\x07"}
        refused = await world.http.post("/api/agents", json=body, headers=world.admin)
        assert (refused.status_code, refused.json()["field"]) == (400, field)


@pytest.mark.parametrize("action", ["pause", "resume", "restart"])
async def test_an_agent_is_controlled(world: World, action: str) -> None:
    agent_id, _ = await opened(world)
    answer = await world.http.post(f"/api/agents/{agent_id}/{action}", headers=world.admin)
    assert (answer.status_code, answer.json()["agent_id"]) == (200, agent_id)


async def test_orders_are_placed_read_and_canceled(world: World) -> None:
    agent_id, owner = await opened(world)
    body = {"agent_id": agent_id, "symbol_id": 1, "side": "buy", "price": 99.5, "quantity": 3}
    placed = await world.http.post("/api/orders", json=body, headers=owner)
    assert (placed.status_code, placed.json()["leaves_quantity"]) == (201, 3.0)
    orders = (await world.http.get(f"/api/agents/{agent_id}/orders", headers=owner)).json()
    assert [(order["price"], order["status"]) for order in orders] == [(99.5, "WORKING")]
    named = {"agent_id": agent_id, "symbol_id": 1, "order_id": placed.json()["order_id"]}
    canceled = await world.http.request("DELETE", "/api/orders", params=named, headers=owner)
    assert (canceled.status_code, canceled.json()["status"]) == (200, "success")
    again = await world.http.request("DELETE", "/api/orders", params=named, headers=owner)
    assert (again.status_code, again.json()["code"]) == (404, "unknown_order")


async def test_portfolio_and_fills_are_read_by_their_owner(world: World) -> None:
    agent_id, owner = await opened(world, starting_capital=1000)
    maker = await world.trader()
    await maker.order("sell", 2, 100.0)
    body = {"agent_id": agent_id, "symbol_id": 1, "side": "buy", "quantity": 2}
    assert (await world.http.post("/api/orders", json=body, headers=owner)).json()["average_price"] == 100.0
    portfolio = (await world.http.get(f"/api/agents/{agent_id}/portfolio", headers=owner)).json()
    assert (portfolio["cash"], portfolio["positions"]["1"]["quantity"]) == (800.0, 2.0)
    trades = (await world.http.get(f"/api/agents/{agent_id}/trades", headers=owner)).json()
    assert [(trade["side"], trade["quantity"]) for trade in trades] == [("buy", 2.0)]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"price": 99.555}, 422, "price_off_tick"),
        ({"symbol_id": 9}, 404, "unknown_instrument"),
        ({"quantity": 1e8}, 422, None),
        ({"agent_id": None}, 400, "invalid_message"),
        ({"agent_id": "somebody"}, 401, "bad_token"),
        ({"side": "both"}, 400, "invalid_message"),
        ({"type": "cancel_order"}, 400, "invalid_message"),
    ],
)
async def test_a_refused_order_is_refused_with_a_status(
    world: World, change: dict[str, Any], status: int, code: str | None
) -> None:
    agent_id, owner = await opened(world)
    body = {"agent_id": agent_id, "symbol_id": 1, "side": "buy", "price": 99.5, "quantity": 3, **change}
    refused = await world.http.post("/api/orders", json=body, headers=owner)
    assert refused.status_code == status
    assert code in (None, refused.json()["code"])


@pytest.mark.parametrize("what", ["portfolio", "orders", "trades"])
async def test_what_is_private_needs_the_owners_token(world: World, what: str) -> None:
    agent_id, owner = await opened(world)
    _, other = await opened(world)
    path = f"/api/agents/{agent_id}/{what}"
    statuses = [
        (await world.http.get(path, headers=headers)).status_code for headers in ({}, other, owner, world.admin)
    ]
    assert statuses == [401, 401, 200, 200]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/instruments"),
        ("DELETE", "/api/instruments/1"),
        ("POST", "/api/instruments/1/halt"),
        ("POST", "/api/agents"),
        ("DELETE", "/api/agents/x"),
        ("POST", "/api/agents/x/pause"),
        ("POST", "/api/news"),
        ("POST", "/api/simulation"),
    ],
)
async def test_administration_needs_the_admin_token(world: World, method: str, path: str) -> None:
    _, owner = await opened(world)
    nobody = await world.http.request(method, path)
    somebody = await world.http.request(method, path, headers=owner)
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    assert (somebody.status_code, somebody.json()["code"]) == (401, "bad_token")


async def test_news_get_a_headline_and_a_sentiment_where_they_have_none(world: World) -> None:
    good = await world.http.post("/api/news", json={"content": "Great success, profits soar!"}, headers=world.admin)
    bad = await world.http.post("/api/news", json={"content": "A terrible disaster.\nMore below."}, headers=world.admin)
    assert (good.status_code, good.json()["headline"], good.json()["source"]) == (
        201,
        "Great success, profits soar!",
        "newsroom",
    )
    assert bad.json()["headline"] == "A terrible disaster."
    assert bad.json()["sentiment"] < 0 < good.json()["sentiment"]
    listed = (await world.http.get("/api/news")).json()
    assert [item["id"] for item in listed] == [2, 1]
    unknown = await world.http.post("/api/news", json={"content": "x", "instrument_id": 77}, headers=world.admin)
    assert (unknown.status_code, unknown.json()["field"]) == (404, "instrument_id")


async def test_the_market_is_read(world: World) -> None:
    maker, taker = await world.trader("Maker"), await world.trader("Taker")
    await maker.order("sell", 3, 100.5)
    await taker.order("buy", 2, 100.5)
    await taker.wait_for("execution")
    book = (await world.http.get("/api/orderbooks/1")).json()
    assert (book["bids"], book["asks"]) == ([], [{"price": 100.5, "quantity": 1.0, "orders": 1}])
    assert [trade["price"] for trade in (await world.http.get("/api/trades/1")).json()] == [100.5]
    candles = (await world.http.get("/api/candles/1", params={"interval": "5s"})).json()
    assert [(candle["open"], candle["volume"]) for candle in candles] == [(100.5, 2.0)]
    best = (await world.http.get("/api/leaderboard", params={"limit": 1})).json()
    assert len(best) == 1
    performance = (await world.http.get("/api/performance")).json()
    assert performance["clients_connected"] == 2


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/orderbooks/77", 404),
        ("/api/orderbooks/x", 404),
        ("/api/orderbooks/0", 400),
        ("/api/trades/77", 404),
        ("/api/trades/1?limit=0", 400),
        ("/api/trades/1?limit=many", 400),
        ("/api/candles/1?interval=7m", 400),
        ("/api/agents/nobody", 404),
        ("/api/nothing", 404),
    ],
)
async def test_a_question_about_nothing_has_a_code_and_a_message(world: World, path: str, status: int) -> None:
    answer = await world.http.get(path)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "message", "field"}


async def test_a_wrong_method_is_told(world: World) -> None:
    answer = await world.http.put("/api/instruments")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 10_000, b'{"content":"\xff"}', b"null", b"[]", b'{"content":NaN}'])
async def test_a_body_that_is_no_body_is_refused(world: World, body: bytes) -> None:
    answer = await world.http.post("/api/news", content=body, headers=world.admin)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("invalid_json", "invalid_message")


@pytest.mark.parametrize(
    ("path", "needed"),
    [
        ("agents", "name"),
        ("instruments", "ticker and initial_price"),
        ("news", "content"),
        ("orders", "symbol_id and side and quantity and agent_id"),
    ],
)
async def test_a_request_without_a_body_is_told_what_it_needs(world: World, path: str, needed: str) -> None:
    answer = await world.http.post(f"/api/{path}", headers=world.admin)
    assert answer.json()["message"] == f"a JSON object is needed as the body with {needed}"


async def test_a_body_over_the_limit_is_refused(world: World) -> None:
    answer = await world.http.post("/api/news", json={"content": "x" * 100_000}, headers=world.admin)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_big")


async def test_metrics_are_told_in_the_prometheus_format(world: World) -> None:
    await (await world.trader()).order("buy", 1, 99.0)
    answer = await world.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "tradesim_clients_connected 1.0" in answer.text
    assert 'tradesim_stage_seconds_bucket{le="+Inf",stage="order"} 1.0' in answer.text


async def test_the_documentation_needs_no_other_server(world: World) -> None:
    page = (await world.http.get("/docs")).text
    assert "POST /api/orders" in page
    assert "http://" not in page
    assert "https://" not in page
    document = (await world.http.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.")
    assert {"/health", "/api/orders", "/api/candles/{symbol_id}"} <= set(document["paths"])


async def test_while_the_engine_was_never_heard_of_nothing_is_made_up(world: World) -> None:
    world.gateway.mirror.loaded = False
    answer = await world.http.get("/api/instruments")
    assert (answer.status_code, answer.json()["code"]) == (503, "engine_unavailable")
    assert (await world.http.get("/health")).json()["status"] == "engine_unavailable"
