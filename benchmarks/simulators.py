"""Other market simulators that pip can install, on the work of ``benchmarks.simulation`` (ZIMM).

Both are given what their own interface makes natural: bourse a loop of Python around its book in Rust, PAMS agents of
its own kind that are asked once a step of a second. Neither has latency, risk checks or an event log; bourse has no
accounts either.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import math
import random
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, NamedTuple

HOUR_S: Final = 3_600
REFERENCE: Final = 10_000
LEVELS: Final = 5
NOBODY: Final = 2**32 - 1
"""What bourse gives for the ask of an empty side."""


class Run(NamedTuple):
    """What a peer did: the simulated seconds, the orders placed and the CPU seconds that took."""

    seconds: int
    orders: int
    trades: int
    cpu_s: float


def zero_intelligence(rng: random.Random, bid: int, ask: int) -> tuple[bool, int, int]:
    """Side, quantity and price of one order of ZIMM, in ticks; a missing side is the reference less or plus a tick."""
    buy = rng.random() < 0.5
    qty = int(rng.random() * 10) + 1
    if rng.random() < 0.15:
        return buy, qty, ask if buy else bid
    offset, mid = int(rng.random() * 21), (bid + ask) / 2
    return buy, qty, math.floor(mid) - offset if buy else math.ceil(mid) + offset


def quotes(bid: int, ask: int) -> list[tuple[bool, int]]:
    """Side and price of the maker's ten orders."""
    low, high = math.floor((bid + ask) / 2), math.ceil((bid + ask) / 2)
    return [(True, low - n) for n in range(1, LEVELS + 1)] + [(False, high + n) for n in range(1, LEVELS + 1)]


def bourse(agents: int, seconds: int) -> Run:
    """A loop over seconds; agents wake at precomputed times."""
    order_book = importlib.import_module("bourse").core.OrderBook
    rng, book = random.Random(1), order_book(0, 1, True)
    standing: dict[int, int] = {}
    maker: list[int] = []
    orders, at = 0, 0
    started = time.process_time()
    wakes = sorted((rng.random() * seconds, agent) for agent in range(agents) for _ in range(seconds // 60))

    def best() -> tuple[int, int]:
        bid, ask = book.bid_ask()
        return bid or REFERENCE - 1, ask if ask < NOBODY else REFERENCE + 1

    for second in range(seconds):
        for order in maker:
            book.cancel_order(order)
        maker = [book.place_order(buy, 10, 0, price=price) for buy, price in quotes(*best())]
        orders += len(maker)
        while at < len(wakes) and wakes[at][0] < second + 1:
            agent = wakes[at][1]
            at += 1
            if agent in standing:
                book.cancel_order(standing[agent])
            buy, qty, price = zero_intelligence(rng, *best())
            standing[agent] = book.place_order(buy, qty, agent + 1, price=price)
            orders += 1
    cpu_s = time.process_time() - started
    return Run(seconds, orders, len(book.get_trades()), cpu_s)


def pams(agents: int, seconds: int) -> Run:
    """One step a second; each agent is asked every step and answers once a minute on average."""
    package, base = importlib.import_module("pams"), importlib.import_module("pams.agents")
    limit = importlib.import_module("pams.order").LIMIT_ORDER
    loggers = importlib.import_module("pams.logs")
    runner_class = importlib.import_module("pams.runners").SequentialRunner
    done = {"orders": 0, "trades": 0}

    class Counter(loggers.Logger):  # type: ignore[misc,name-defined]
        def process(self, logs: list[Any]) -> None:
            done["trades"] += sum(type(log).__name__ == "ExecutionLog" for log in logs)

    class Peer(base.Agent):  # type: ignore[misc,name-defined]
        def best(self, market: Any) -> tuple[int, int]:
            bid, ask = market.get_best_buy_price(), market.get_best_sell_price()
            return REFERENCE - 1 if bid is None else round(bid * 100), REFERENCE + 1 if ask is None else round(
                ask * 100
            )

        def replace(self, market: Any, wanted: list[tuple[bool, int, int]]) -> list[Any]:
            canceled = [package.Cancel(order) for order in getattr(self, "standing", ()) if order.volume > 0]
            self.standing = [
                package.Order(self.agent_id, market.market_id, buy, limit, qty, price=price / 100, ttl=None)
                for buy, qty, price in wanted
            ]
            done["orders"] += len(self.standing)
            return [*canceled, *self.standing]

    class ZeroIntelligencePeer(Peer):
        def submit_orders(self, markets: list[Any]) -> list[Any]:
            if self.prng.random() * 60 >= 1:
                return []
            return self.replace(markets[0], [zero_intelligence(self.prng, *self.best(markets[0]))])

    class PlainMakerPeer(Peer):
        def submit_orders(self, markets: list[Any]) -> list[Any]:
            return self.replace(markets[0], [(buy, 10, price) for buy, price in quotes(*self.best(markets[0]))])

    holdings = {"markets": ["ACME"], "assetVolume": 0, "cashAmount": 10**9}
    settings = {
        "simulation": {
            "markets": ["ACME"], "agents": ["Traders", "Maker"],
            "sessions": [{
                "sessionName": "0", "iterationSteps": seconds, "withOrderPlacement": True,
                "withOrderExecution": True, "withPrint": False, "maxNormalOrders": agents + 1,
            }],
        },
        "ACME": {"class": "Market", "tickSize": 0.01, "marketPrice": 100.0},
        "Traders": {"class": "ZeroIntelligencePeer", "numAgents": agents, **holdings},
        "Maker": {"class": "PlainMakerPeer", "numAgents": 1, **holdings},
    }  # fmt: skip
    started = time.process_time()
    runner = runner_class(settings=settings, prng=random.Random(1), logger=Counter())
    runner.class_register(ZeroIntelligencePeer)
    runner.class_register(PlainMakerPeer)
    with contextlib.redirect_stdout(io.StringIO()):
        runner.main()
    return Run(seconds, done["orders"], done["trades"], time.process_time() - started)


PEERS: Final[dict[str, Callable[[int, int], Run]]] = {"bourse": bourse, "pams": pams}


def installed() -> dict[str, str]:
    """The peers that are installed here, with their versions."""
    found = {}
    for name in PEERS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
