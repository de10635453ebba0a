"""What the tiny exchange lists, who trades there, and its controls."""

from __future__ import annotations

from engine.types import InstrumentStatus, OrderStatus, OrderType, Side, TimeInForce
from net import messages as m


def instrument(symbol_id: int, ticker: str, price: float, tick: float, lot: float = 1.0) -> m.InstrumentShape:
    return m.InstrumentShape(
        symbol_id=symbol_id, ticker=ticker, description=f"{ticker} Corporation", industry="industrials",
        initial_price=price, tick_size=tick, lot_size=lot, status=InstrumentStatus.OPEN, source="simulated",
    )  # fmt: skip


INSTRUMENTS = (
    instrument(1, "ACME", 100.5, 0.05),
    instrument(2, "BETA", 52.1, 0.01),
    instrument(3, "GAMA", 8.315, 0.005),
    instrument(4, "DELT", 1250.0, 0.5),
    instrument(5, "EPSI", 0.4213, 0.0001, 0.1),
)
HEADLINES = (
    (1, "ACME: supplier strike ends", 0.6), (2, "BETA recalls its newest engine after three fires", -0.7),
    (None, "Central bank leaves the rate unchanged", 0.0), (4, "DELT wins a ten-year contract from the railways", 0.8),
)  # fmt: skip
AGENTS = (
    ("mm-avellaneda", "maker"), ("mm-wide", "maker"), ("noise-1", "noise"), ("noise-2", "noise"),
    ("momentum-fast", "momentum"), ("momentum-slow", "momentum"), ("value-graham", "value"), ("news-reader", "news"),
    ("pairs", "arbitrage"), ("llm-cautious", "llm"),
)  # fmt: skip


class FakeAdmin:
    """Notes what was asked of the exchange's controls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []

    async def create_instrument(self, body: m.CreateInstrument) -> m.InstrumentShape:
        self.calls.append(("create_instrument", body))
        return instrument(9, body.ticker, body.initial_price, body.tick_size, body.lot_size)

    async def remove_instrument(self, symbol_id: int) -> object:
        self.calls.append(("remove_instrument", symbol_id))
        return None

    async def set_phase(self, symbol_id: int, phase: str) -> object:
        self.calls.append((phase, symbol_id))
        return None

    async def create_agent(self, body: m.CreateAgent) -> m.AgentShape:
        self.calls.append(("create_agent", body))
        return m.AgentShape(agent_id="a-9", name=body.name, personality=body.personality, cash=0.0, positions={},
                            total_value=0.0, pnl=0.0, status="running")  # fmt: skip

    async def remove_agent(self, agent_id: str) -> object:
        self.calls.append(("remove_agent", agent_id))
        return None

    async def control_agent(self, agent_id: str, action: str) -> object:
        self.calls.append((action, agent_id))
        return None

    async def set_speed(self, speed: float) -> object:
        self.calls.append(("set_speed", speed))
        return None

    async def orders(self, agent_id: str) -> list[m.OrderShape]:
        self.calls.append(("orders", agent_id))
        return [
            m.OrderShape(
                order_id=900, symbol_id=2, side=Side.SELL, order_type=OrderType.LIMIT, price=52.2, stop_price=None,
                quantity=77.0, leaves_quantity=77.0, filled_quantity=0, status=OrderStatus.WORKING,
                time_in_force=TimeInForce.GTC, created_at=0,
            )
        ]  # fmt: skip

    async def publish_news(self, body: m.CreateNews) -> m.NewsShape:
        self.calls.append(("publish_news", body))
        return m.NewsShape(id=99, headline=body.headline or "", content=body.content, sentiment=0.0, source="you",
                           created_at=0)  # fmt: skip
