"""What travels between a simulated agent and the exchange, and when it arrives."""

from collections.abc import Sequence
from statistics import median
from typing import ClassVar

import pytest

from agents.intents import AgentEvent, AgentIntent, Book, Done, Fill, Listed, New, Replace, Trade
from agents.scenario import ScenarioError, parse_scenario
from agents.simulated.latency import LatencyModel, multiples
from agents.simulation import START_NS, Guest, Simulation
from agents.strategy import Context, Strategy
from engine.commands import CancelAll as CancelAllCommand
from engine.types import Side, TimeInForce

MS = 1_000_000
EMPTY = '[[instruments]]\nticker = "ACME"\nprice = 100.0\n[[instruments]]\nticker = "BETA"\nprice = 50.0\n'


class Listener:
    """Notes what it hears and when; does nothing by itself."""

    wants: ClassVar[frozenset[type]] = frozenset({Book, Trade})

    def __init__(self, context: Context) -> None:
        self.context = context
        self.heard: list[tuple[float, AgentEvent]] = []

    def on_event(self, event: AgentEvent) -> Sequence[AgentIntent]:
        self.heard.append(((self.context.market.now - START_NS) / MS, event))
        return ()

    def kinds(self) -> list[str]:
        return [type(event).__name__ for _, event in self.heard if not isinstance(event, Listed)]


class Desk:
    """A market with nobody in it but listeners that send what the test says."""

    def __init__(self, **latency_ms: float) -> None:
        self.listeners: dict[str, Listener] = {}

        def make(context: Context) -> Strategy:
            self.listeners[context.agent_id] = Listener(context)
            return self.listeners[context.agent_id]

        guests = [Guest(name, make, latency_ms=latency) for name, latency in latency_ms.items()]
        self.simulation = Simulation(parse_scenario(EMPTY, "empty"), guests=guests)

    def send(self, name: str, *intents: AgentIntent) -> None:
        self.simulation.venue.send(name, list(intents))
        self.simulation.run_until(self.simulation.elapsed_s + 5)


def order(side: Side, qty: int, price: int, ref: int = 0, symbol_id: int = 1) -> New:
    return New(symbol_id, side, qty, price, TimeInForce.GTC, ref=ref)


def test_a_refusal_reaches_an_agent_after_its_latency_both_ways() -> None:
    desk = Desk(ann=100.0)
    desk.send("ann", order(Side.BUY, 1, 10**8, ref=7))
    [(at, done)] = [(at, event) for at, event in desk.listeners["ann"].heard if isinstance(event, Done)]
    assert done.code == "price_out_of_band"
    assert 50 < at < 1_000  # twice 100 ms, give or take


def test_an_agent_hears_of_its_own_orders_in_the_order_in_which_it_happened() -> None:
    desk = Desk(ann=200.0, bob=0.0)
    for ref in range(1, 31):
        desk.send("ann", order(Side.BUY, 10, 10_000, ref=ref))
        desk.send("bob", New(1, Side.SELL, 4, 10_000, TimeInForce.IOC))
        desk.simulation.venue.submit(cancel_of("ann"))
        desk.simulation.run_until(desk.simulation.elapsed_s + 5)
    told = [event for _, event in desk.listeners["ann"].heard if isinstance(event, Fill | Done)]
    assert [(type(event).__name__, event.ref) for event in told] == [
        (kind, ref) for ref in range(1, 31) for kind in ("Fill", "Done")
    ]


def cancel_of(account: str) -> CancelAllCommand:
    return CancelAllCommand(account=account)


def test_books_and_prints_reach_those_who_want_them() -> None:
    desk = Desk(ann=10.0, bob=10.0)
    desk.send("ann", order(Side.BUY, 5, 10_000))
    desk.send("bob", order(Side.SELL, 5, 10_000))
    assert desk.listeners["ann"].kinds().count("Book") == 2
    assert desk.listeners["ann"].kinds().count("Trade") == 1


def test_a_print_is_kept_with_the_mid_its_own_taker_met() -> None:
    desk = Desk(ann=1.0, bob=1.0)
    desk.send("ann", order(Side.BUY, 5, 9_990), order(Side.SELL, 5, 10_010))
    desk.send("ann", order(Side.BUY, 5, 4_980, symbol_id=2), order(Side.SELL, 5, 5_010, symbol_id=2))
    desk.send("bob", order(Side.BUY, 1, 9_995, ref=1), order(Side.BUY, 1, 4_985, symbol_id=2))
    desk.send("bob", Replace(1, 1, price=10_010))
    tape = desk.simulation.recorder.tapes[1]
    assert list(tape.price) == [10_010]
    assert list(tape.mid_before) == [(9_995 + 10_010) / 2]


@pytest.mark.parametrize("model", ["lognormal", "constant", "cubic"])
def test_a_latency_is_given_by_its_median(model: LatencyModel) -> None:
    assert median(multiples(model)) == pytest.approx(1.0, rel=0.01)
    assert min(multiples(model)) > 0.2


def test_only_a_cubic_latency_has_a_long_tail() -> None:
    assert max(multiples("constant")) == 1.0
    assert max(multiples("lognormal")) < 4
    assert max(multiples("cubic")) > 30


def test_a_latency_model_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ScenarioError, match="latency"):
        parse_scenario(EMPTY + '[[agents]]\npersonality = "noise"\nlatency = "quadratic"\n', "wrong")
