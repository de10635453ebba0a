"""Accounts and orders over REST. What is private needs the account's token, the service token or the admin token."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from litestar import Request, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, PathParameter, QueryParameter

from engine.types import RejectCode
from net.gateway.accounts import Account
from net.gateway.auth import bearer_token
from net.gateway.orders import OrderRequest, Refused
from net.gateway.rest_errors import documented
from net.gateway.shapes import fill_shape, limits_shape, order_shape
from net.messages import (
    AddOrder,
    AgentIdField,
    AgentShape,
    CancelOrder,
    ExecutionShape,
    OrderResult,
    OrderShape,
    OwnAgent,
    PortfolioUpdate,
    Status,
)

if TYPE_CHECKING:
    from net.gateway.gateway import Gateway

AnyRequest = Request[Any, Any, Any]
AgentPath = Annotated[str, PathParameter(min_length=1, max_length=64)]


class PlaceOrder(AddOrder, frozen=True, kw_only=True, tag="add_order"):
    """An order over REST, which has no session to say whose it is."""

    agent_id: AgentIdField


def account_routes(gateway: Gateway) -> list[HTTPRouteHandler]:
    """The routes."""

    @get("/api/agents", summary="List agents", responses=documented())
    async def agents(limit: Annotated[int, QueryParameter(ge=1, le=100_000)] = 1_000) -> list[AgentShape]:
        """All agents, best P&L first."""
        return gateway.portfolios.agents(limit)

    @get("/api/agents/{agent_id:str}", summary="Read an agent", responses=documented(404))
    async def agent(request: AnyRequest, agent_id: AgentPath) -> OwnAgent:
        """One agent as everybody may see it; its limits and self-trade prevention are told to its token only."""
        account = known_account(gateway, agent_id)
        public = msgspec.structs.asdict(gateway.portfolios.agent(account))
        if not _opens(gateway, account, bearer_token(request.headers.get("authorization"))):
            return OwnAgent(**public)
        view = account.view or await gateway.view(account)
        return OwnAgent(**public, self_trade_prevention=view.stp, limits=limits_shape(view.limits))

    @get("/api/agents/{agent_id:str}/portfolio", summary="Read a portfolio", responses=documented(401, 404))
    async def portfolio(request: AnyRequest, agent_id: AgentPath) -> PortfolioUpdate:
        """Cash and positions of one's own account."""
        account = own_account(gateway, request, agent_id)
        return gateway.portfolios.update(account, await gateway.view(account))

    @get("/api/agents/{agent_id:str}/orders", summary="Read working orders", responses=documented(401, 404))
    async def orders(request: AnyRequest, agent_id: AgentPath) -> list[OrderShape]:
        """Working orders of one's own account, oldest first."""
        account = own_account(gateway, request, agent_id)
        units = gateway.mirror.units
        views = await gateway.engine.orders(account.agent_id)
        return [order_shape(view, units[view.symbol_id]) for view in views if view.symbol_id in units]

    @get("/api/agents/{agent_id:str}/trades", summary="Read fills", responses=documented(401, 404))
    async def trades(
        request: AnyRequest, agent_id: AgentPath, limit: Annotated[int, QueryParameter(ge=1, le=1_000)] = 100
    ) -> list[ExecutionShape]:
        """Newest fills of one's own account, newest first."""
        account = own_account(gateway, request, agent_id)
        units = gateway.mirror.units
        views = await gateway.engine.fills(account.agent_id, limit)
        return [fill_shape(view, units[view.symbol_id], agent_id) for view in views if view.symbol_id in units]

    @post("/api/orders", summary="Place an order", responses=documented(401, 404, 409, 422, 429))
    async def add_order(request: AnyRequest, data: JSONBody[PlaceOrder]) -> OrderResult:
        """Place an order for the account ``agent_id``, whose token is the request's bearer token."""
        return await _trade(gateway, request, data)

    @delete("/api/orders", summary="Cancel an order", status_code=200, responses=documented(401, 404, 422, 429))
    async def cancel_order(
        request: AnyRequest,
        agent_id: Annotated[str, QueryParameter(min_length=1, max_length=64)],
        symbol_id: Annotated[int, QueryParameter(ge=1, le=2**31 - 1)],
        order_id: Annotated[int | None, QueryParameter(ge=1, le=2**53 - 1)] = None,
        client_order_id: Annotated[str | None, QueryParameter(min_length=1, max_length=64)] = None,
    ) -> OrderResult:
        """Cancel a working order, named by either id, of the account whose token is the request's bearer token."""
        message = CancelOrder(
            symbol_id=symbol_id, order_id=order_id, client_order_id=client_order_id, agent_id=agent_id
        )
        return await _trade(gateway, request, message)

    return [agents, agent, portfolio, orders, trades, add_order, cancel_order]


def known_account(gateway: Gateway, agent_id: str) -> Account:
    """An account that is not closed; raises ``Refused`` when there is none of this name."""
    account = gateway.accounts.get(agent_id)
    if account is None or account.closed:
        raise Refused(RejectCode.UNKNOWN_ACCOUNT, f"there is no account {agent_id}", "agent_id")
    return account


def own_account(gateway: Gateway, request: AnyRequest, agent_id: str) -> Account:
    """An account that the request's bearer token opens; raises ``Refused``."""
    token = bearer_token(request.headers.get("authorization"))
    if token is None:
        raise Refused(RejectCode.NOT_REGISTERED, "the account's token is needed: Authorization: Bearer TOKEN")
    account = gateway.accounts.get(agent_id)
    if not _opens(gateway, account, token):
        raise Refused(RejectCode.BAD_TOKEN, f"this is not the token of {agent_id}")
    return known_account(gateway, agent_id)


def _opens(gateway: Gateway, account: Account | None, token: str | None) -> bool:
    """Whether what is private of an account may be told to who shows ``token``."""
    if token is None:
        return False
    return gateway.is_admin(token) or (account is not None and gateway.registrar.opens(account, token))


async def _trade(gateway: Gateway, request: AnyRequest, message: OrderRequest) -> OrderResult:
    account = own_account(gateway, request, message.agent_id or "")
    if not account.rest_rate.take(time.monotonic()):
        raise Refused(RejectCode.RATE_LIMITED, "too many orders a second")
    result = await gateway.trading.order(message, account.agent_id)
    if result.status is Status.ERROR and result.code is not None:
        raise Refused(result.code, result.message or result.code.value, result.field)
    return result
