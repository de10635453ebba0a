"""Times simulations: the work that simulators are compared by (ZIMM), and a realistic day.

ZIMM-N is one instrument, one hour, N zero-intelligence agents that wake once a minute and one plain maker that requotes
five levels a side every second (``agents/scenarios/zero_intelligence.toml``), here with latency, accounts, risk checks
and the hash of the event log. CPU seconds are the figures to compare.

    python -m benchmarks.simulation [--day] [--peers]

``--peers`` runs bourse and PAMS on the same work where they are installed (``pip install bourse pams``), PAMS for ten
minutes of the hour only.
"""

from __future__ import annotations

import argparse
import json

import msgspec

from agents.scenario import Scenario, load_scenario
from agents.simulation import SimulationResult, simulate
from benchmarks.machine import machine
from benchmarks.simulators import HOUR_S, PEERS, Run, installed
from engine import build_kind

RUNS = 3
PEER_SECONDS = {"pams": 600}
"""Of a slow peer only so much of the hour is run."""


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


def show_peer(name: str, run: Run) -> None:
    """One line of the table; of a part of the hour where the whole takes minutes."""
    print(
        f"{name:<24}{run.cpu_s:>8.2f} CPU s{run.orders:>10,} orders{run.trades:>9,} trades"
        f"{f'{run.seconds / 60:g} min':>17}{run.orders / run.cpu_s:>11,.0f} orders/CPU-s"
    )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--day", action="store_true", help="also a realistic day of 6.5 hours on one instrument")
    parser.add_argument("--peers", action="store_true", help="also bourse and PAMS, where they are installed")
    options = parser.parse_args()
    print(f"{machine()}, {build_kind()} build")
    figures: dict[str, float | str] = {"build": build_kind()}
    for agents in (100, 1_000):
        result = best(zimm(agents), RUNS)
        figures[f"zimm_{agents}_cpu_s"] = round(result.cpu_s, 3)
        figures[f"zimm_{agents}_orders_per_cpu_s"] = round(result.orders / result.cpu_s)
        show(f"ZIMM-{agents}", result)
        for peer, release in installed().items() if options.peers else ():
            run = PEERS[peer](agents, PEER_SECONDS.get(peer, HOUR_S))
            figures[f"{peer}_{agents}_orders_per_cpu_s"] = round(run.orders / run.cpu_s)
            show_peer(f"{peer} {release}, ZIMM-{agents}", run)
    if options.day:
        scenario = load_scenario("default")
        first = msgspec.structs.replace(scenario, instruments=scenario.instruments[:1], traits=scenario.traits[:1])
        result = best(first, 1)
        figures["day_cpu_s"] = round(result.cpu_s, 3)
        show("realistic day, ACME", result)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
