"""How accounts stand: portfolios for their owners, the agents' table for everybody."""

from __future__ import annotations

from engine.service import AccountView
from net.gateway.accounts import Account, Accounts
from net.gateway.mirror import Mirror
from net.gateway.shapes import position_shape
from net.messages import AgentShape, PortfolioUpdate, PositionShape
from net.units import cash_to_wire, millis


class Portfolios:
    """Values accounts at the mirror's marks, so that a view need not be fetched again when only prices moved."""

    def __init__(self, mirror: Mirror, accounts: Accounts) -> None:
        self._mirror = mirror
        self._accounts = accounts

    def update(self, account: Account, view: AccountView, request_id: str | int | None = None) -> PortfolioUpdate:
        """The portfolio as its owner sees it. It is not numbered: only the newest matters."""
        equity = self.equity(view)
        account.sent_equity = equity
        return PortfolioUpdate(
            agent_id=account.agent_id,
            cash=cash_to_wire(view.cash),
            reserved=cash_to_wire(view.reserved),
            positions=self.positions(view),
            total_value=cash_to_wire(equity),
            pnl=cash_to_wire(equity - view.initial_equity),
            timestamp=millis(self._mirror.time),
            request_id=request_id,
        )

    def positions(self, view: AccountView) -> dict[str, PositionShape]:
        """Positions by symbol id; those in delisted instruments cannot be priced and are left out."""
        shapes = {}
        for position in view.positions:
            instrument = self._mirror.instruments.get(position.symbol_id)
            if instrument is not None:
                mark = self._mirror.mark(position.symbol_id)
                shapes[str(position.symbol_id)] = position_shape(
                    position, instrument, position.mark if mark is None else mark
                )
        return shapes

    def equity(self, view: AccountView) -> int:
        """Cash plus positions at the newest marks, in minor units."""
        equity = view.equity
        for position in view.positions:
            instrument = self._mirror.instruments.get(position.symbol_id)
            mark = self._mirror.mark(position.symbol_id)
            if instrument is not None and mark is not None:
                equity += (mark - position.mark) * position.qty * instrument.tick_value
        return equity

    def agent(self, account: Account) -> AgentShape:
        """The account as the public sees it."""
        view = account.view
        if view is None:
            return self.newborn(account, 0)
        equity = self.equity(view)
        return AgentShape(
            agent_id=account.agent_id,
            name=account.name,
            personality=account.personality,
            cash=cash_to_wire(view.cash),
            positions={key: shape.quantity for key, shape in self.positions(view).items() if shape.quantity},
            total_value=cash_to_wire(equity),
            pnl=cash_to_wire(equity - view.initial_equity),
            status=account.status,
            trades=view.fills,
            max_drawdown=account.track.max_drawdown,
            sharpe=account.track.sharpe,
            orders_per_second=round(account.pace.per_second, 2),
        )

    def newborn(self, account: Account, cash: int) -> AgentShape:
        """An account of which nothing is known yet but its cash (minor units)."""
        return AgentShape(
            agent_id=account.agent_id,
            name=account.name,
            personality=account.personality,
            cash=cash_to_wire(cash),
            positions={},
            total_value=cash_to_wire(cash),
            pnl=0.0,
            status=account.status,
        )

    def agents(self, limit: int | None = None) -> list[AgentShape]:
        """All accounts that are not closed, best P&L first."""
        shapes = [self.agent(account) for account in self._accounts if not account.closed]
        shapes.sort(key=lambda shape: (-shape.pnl, shape.agent_id))
        return shapes[:limit]
