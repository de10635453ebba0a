import os
import subprocess
import sys
from collections.abc import Sequence
from typing import ClassVar

import msgspec
import pytest

from agents.intents import AgentEvent, AgentIntent, Done, Fill, Listed, New, News, Timer, Wake
from agents.market import NS
from agents.scenario import Scenario, load_scenario, parse_scenario
from agents.simulation import START_NS, Guest, Progress, Simulation, simulate
from agents.strategy import Context
from engine.commands import AccountLimits
from engine.types import Side

SMALL = """
[market]
hours = 0.1
[[instruments]]
ticker = "ACME"
price = 100.0
description = "Acme"
[news]
company_per_hour = 60.0
[[agents]]
personality = "market_maker"
capital = 10_000_000
[[agents]]
personality = "noise"
count = 4
params = { rate = 0.5 }
[[agents]]
personality = "neutral"
count = 6
params = { rate = 0.2 }
[[agents]]
personality = "news_trader"
"""


def small(extra: str = "") -> Scenario:
    return parse_scenario(SMALL + extra, "small")


def test_a_market_lives_and_conserves_cash_and_shares() -> None:
    simulation = Simulation(small())
    simulation.run_until(360)
    result = simulation.result()
    assert result.trades > 100
    tape = result.recorder.tapes[1]
    assert len(tape.bid) == 361
    assert all(bid and ask and bid < ask for bid, ask in zip(tape.bid[1:], tape.ask[1:], strict=True))
    accounts = simulation.oms.accounts()
    opened = sum(round(agent.capital * 10**8) for agent in result.agents)
    assert sum(account.cash for account in accounts) == opened
    assert sum(position.qty for account in accounts for position in account.positions) == 0
    simulation.oms.check()


def test_agents_know_their_positions_as_the_exchange_does() -> None:
    simulation = Simulation(small())
    simulation.run_until(300)
    for name, seat in simulation.venue.seats.items():
        seat.host.pause()
        simulation.venue.seats[name].delays = (0,)
    simulation.run_until(301)
    for name, seat in simulation.venue.seats.items():
        account = simulation.oms.account(name)
        assert account is not None
        assert seat.host.context.portfolio.position(1) == sum(position.qty for position in account.positions)


def test_same_scenario_and_seed_same_event_log_whatever_the_hash_seed() -> None:
    code = (
        "import sys\nfrom agents.scenario import parse_scenario\nfrom agents.simulation import simulate\n"
        "print(simulate(parse_scenario(sys.argv[1], 'small'), seed=5, hours=0.05).event_hash)"
    )
    hashes = set()
    for hash_seed in ("0", "1", "424242"):
        done = subprocess.run(
            [sys.executable, "-c", code, SMALL],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        hashes.add(done.stdout.strip())
    assert hashes == {simulate(small(), seed=5, hours=0.05).event_hash}


@pytest.mark.parametrize("seconds", [120.0, 100.4])
def test_a_session_opens_and_closes_with_an_auction_that_trades(seconds: float) -> None:
    timed = SMALL.replace("[market]\n", "[market]\nopening_auction_s = 20\nclosing_auction_s = 30\n")
    simulation = Simulation(parse_scenario(timed, "small"), seconds=seconds)
    for until, status in ((20 - 0.01, "auction"), (20, "open"), (seconds - 30.01, "open"), (seconds - 30, "auction")):
        simulation.run_until(until)
        assert simulation.oms.instruments()[0].status.value == status
    simulation.run_until(seconds)
    assert simulation.oms.instruments()[0].status.value == "open"
    prints = simulation.oms.trades(1, 100_000)
    auctioned = {(trade.time - START_NS) / NS: 0 for trade in prints if trade.side is None}
    assert sorted(auctioned) == [20.0, seconds]
    assert len({trade.price for trade in prints if (trade.time - START_NS) / NS == 20.0 and trade.side is None}) == 1
    assert min(trade.time for trade in prints) == START_NS + 20 * NS
    simulation.oms.check()


def test_what_an_auction_leaves_of_orders_for_now_is_canceled_afterwards() -> None:
    timed = SMALL.replace("[market]\n", "[market]\nopening_auction_s = 20\n")
    simulation = Simulation(parse_scenario(timed, "small"))
    simulation.run_until(19.9)
    takers = [name for name in simulation.venue.seats if name.startswith("neutral")]
    waiting = {order.order_id for name in takers for order in simulation.oms.orders(name)}
    assert waiting
    simulation.run_until(200)
    assert not waiting & {order.order_id for name in takers for order in simulation.oms.orders(name)}


def test_another_seed_is_another_market() -> None:
    assert simulate(small(), seed=5, hours=0.02).event_hash != simulate(small(), seed=6, hours=0.02).event_hash


def test_running_in_steps_is_the_same_as_running_through() -> None:
    through, stepwise = Simulation(small()), Simulation(small())
    through.run_until(120)
    for second in range(1, 121):
        stepwise.run_until(second)
    assert through.result().event_hash == stepwise.result().event_hash


def test_an_added_agent_does_not_change_the_randomness_of_the_others() -> None:
    alone, together = Simulation(small()), Simulation(small('[[agents]]\npersonality = "momentum"\n'))
    for simulation in (alone, together):
        simulation.run_until(0)
    assert (
        alone.host("neutral-3").context.rng("decide").random()
        == together.host("neutral-3").context.rng("decide").random()
    )


def test_progress_is_told_and_an_interrupt_keeps_what_was_computed() -> None:
    seen: list[Progress] = []

    def interrupt_later(progress: Progress) -> None:
        seen.append(progress)
        if progress.simulated_s >= 120:
            raise KeyboardInterrupt

    result = simulate(small(), hours=1, progress=interrupt_later)
    assert [progress.simulated_s for progress in seen] == [60, 120]
    assert result.interrupted
    assert result.simulated_s == 120
    assert result.trades == seen[-1].trades > 0


class Diary:
    """Buys one lot after a second and notes when it hears of what."""

    wants: ClassVar[frozenset[type]] = frozenset({News})

    def __init__(self, context: Context) -> None:
        self.context = context
        self.heard: list[tuple[int, AgentEvent]] = []

    def on_event(self, event: AgentEvent) -> Sequence[AgentIntent]:
        self.heard.append((self.context.market.now - START_NS, event))
        if isinstance(event, Listed):
            return (Wake(START_NS + NS, "buy"),)
        return (New(1, Side.BUY, 1),) if isinstance(event, Timer) else ()


def test_orders_and_news_of_them_take_the_time_of_the_latency() -> None:
    diaries: list[Diary] = []

    def make(context: Context) -> Diary:
        diaries.append(Diary(context))
        return diaries[-1]

    simulation = Simulation(small(), guests=(Guest("diary", make, latency_ms=100.0),))
    simulation.run_until(5)
    fills = [time for time, event in diaries[0].heard if isinstance(event, Fill)]
    assert len(fills) == 1
    assert NS + 2 * 30_000_000 < fills[0] < NS + 2 * 400_000_000


def test_a_bot_is_bound_by_the_limits_of_accounts_and_the_scenarios_agents_are_not() -> None:
    diaries: list[Diary] = []

    def make(context: Context) -> Diary:
        diaries.append(Diary(context))
        return diaries[-1]

    limited = msgspec.structs.replace(small(), account_limits=AccountLimits(max_order_notional=1))
    simulation = Simulation(limited, guests=(Guest("diary", make, latency_ms=100.0),))
    simulation.run_until(5)
    assert [event.code for _, event in diaries[0].heard if isinstance(event, Done)] == ["order_limit"]
    assert simulation.venue.rejected == {"order_limit": 1}
    assert simulation.venue.orders > 1


EVENTS = """
[[events]]
at = 30
kind = "news"
instrument = "ACME"
headline = "Acme beats profit forecast on strong demand"
sentiment = 0.8
ticks = 40
[[events]]
at = 60
kind = "halt"
[[events]]
at = 90
kind = "open"
[[events]]
at = 120
kind = "pause"
personality = "market_maker"
"""


def test_a_scenario_s_events_happen_at_their_times() -> None:
    scenario = small(EVENTS)
    scenario = msgspec.structs.replace(
        scenario,
        news=msgspec.structs.replace(scenario.news, enabled=False),
        fundamental=msgspec.structs.replace(scenario.fundamental, volatility_ticks=0.01, jumps_per_hour=0.0),
    )
    simulation = Simulation(scenario)
    simulation.run_until(180)
    tape = simulation.recorder.tapes[1]
    assert tape.value[32] - tape.value[28] == pytest.approx(40, abs=1)
    traded = [(time - START_NS) / NS for time in tape.time]
    assert any(50 < time <= 60 for time in traded)
    assert not any(60.001 < time < 90 for time in traded)
    assert any(90 < time < 120 for time in traded)
    assert simulation.host("market-maker-1").paused
    assert simulation.oms.orders("market-maker-1") == []


def test_the_default_scenario_runs() -> None:
    result = simulate(load_scenario(), hours=0.02)
    assert all(len(tape.time) > 3 for tape in result.recorder.tapes.values())
