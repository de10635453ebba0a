"""Times simulations: the work that simulators are compared by (ZIMM), and a realistic day.

ZIMM-N is one instrument, one hour, N zero-intelligence agents that wake once a minute and one plain maker that requotes
five levels a side every second (``agents/scenarios/zero_intelligence.toml``), here with latency, accounts, risk checks
and the hash of the event log. CPU seconds are the figures to compare.

    python -m benchmarks.simulation [--day] [--peers]

``--peers`` runs bourse on the same work where it is installed (``pip install bourse``).
"""

from __future__ import annotations

import argparse
import json
import random
import time

import msgspec

from agents.scenario import Scenario, load_scenario
from agents.simulation import SimulationResult, simulate
from benchmarks.machine import machine

RUNS = 3


def zimm(agents: int) -> Scenario:
    """ZIMM with so many agents."""
    scenario = load_scenario("zero_intelligence")
    sections = tuple(
        msgspec.structs.replace(section, count=agents) if section.personality == "zero_intelligence" else section
        for section in scenario.agents
    )
    return msgspec.structs.replace(scenario, agents=sections)


def best(scenario: Scenario, runs: int, hours: float | None = None) -> SimulationResult:
    """The run that took least CPU; its hash must be that of the others."""
    results = [simulate(scenario, hours=hours) for _ in range(runs)]
    assert len({result.event_hash for result in results}) == 1
    return min(results, key=lambda result: result.cpu_s)


def show(name: str, result: SimulationResult) -> None:
    """One line of the table."""
    rate = result.orders / result.cpu_s
    print(
        f"{name:<24}{result.cpu_s:>8.2f} CPU s{result.orders:>10,} orders{result.trades:>9,} trades"
        f"{result.events:>10,} events{rate:>11,.0f} orders/CPU-s"
    )


def bourse_zimm(agents: int) -> None:
    """The same work on bourse's book; its agents are Python and have no latency, accounts or risk checks."""
    try:
        from bourse.core import OrderBook
    except ModuleNotFoundError:
        print("bourse                  not installed")
        return
    rng, book = random.Random(1), OrderBook(0, 1, True)
    orders = 0
    standing: dict[int, int] = {}
    maker: list[int] = []
    wakes = sorted((rng.random() * 3600, agent) for agent in range(agents) for _ in range(60))
    started, at = time.process_time(), 0
    for second in range(3600):
        for order in maker:
            book.cancel_order(order)
        bid, ask = book.bid_ask()
        mid = (bid + ask) // 2 if bid and ask < 2**31 else 10_000
        maker = [book.place_order(True, 10, 0, price=mid - n) for n in range(1, 6)]
        maker += [book.place_order(False, 10, 0, price=mid + n) for n in range(1, 6)]
        orders += 10
        while at < len(wakes) and wakes[at][0] < second + 1:
            agent = wakes[at][1]
            at += 1
            if agent in standing:
                book.cancel_order(standing[agent])
            bid, ask = book.bid_ask()
            buy = rng.random() < 0.5
            if rng.random() < 0.15:
                price = ask if buy else bid
            else:
                price = (bid + ask) // 2 + (-1 if buy else 1) * int(rng.random() * 21)
            if 0 < price < 2**31:
                standing[agent] = book.place_order(buy, int(rng.random() * 10) + 1, agent + 1, price=price)
                orders += 1
    cpu = time.process_time() - started
    print(f"{f'bourse, ZIMM-{agents}':<24}{cpu:>8.2f} CPU s{orders:>10,} orders{orders / cpu:>42,.0f} orders/CPU-s")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--day", action="store_true", help="also a realistic day of 6.5 hours on one instrument")
    parser.add_argument("--peers", action="store_true", help="also bourse, where it is installed")
    options = parser.parse_args()
    print(machine())
    figures: dict[str, float] = {}
    for agents in (100, 1_000):
        result = best(zimm(agents), RUNS)
        figures[f"zimm_{agents}_cpu_s"] = round(result.cpu_s, 3)
        show(f"ZIMM-{agents}", result)
        if options.peers:
            bourse_zimm(agents)
    if options.day:
        scenario = load_scenario("default")
        first = msgspec.structs.replace(scenario, instruments=scenario.instruments[:1], traits=scenario.traits[:1])
        result = best(first, 1)
        figures["day_cpu_s"] = round(result.cpu_s, 3)
        show("realistic day, ACME", result)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
