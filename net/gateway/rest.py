"""The REST door: a Litestar application over the gateway, with the wire's own types as its models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Litestar, MediaType, Request, Response, get
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from engine.types import RejectCode
from net.errors import EngineUnavailable, RequestRefused
from net.gateway import rest_errors
from net.gateway.client_errors import UNDECODABLE, decode_error
from net.gateway.docs_page import docs_page
from net.gateway.orders import Refused
from net.gateway.prometheus import metrics_text, registry_of
from net.gateway.rest_accounts import account_routes
from net.gateway.rest_admin import admin_routes
from net.gateway.rest_document import openapi_document, options_routes
from net.gateway.rest_errors import Malformed
from net.gateway.rest_market import market_routes
from net.messages import PROTOCOL_VERSION

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, Scope, Send

    from net.gateway.gateway import Gateway


class StrictRequest(Request[Any, Any, Any]):
    """A request whose body is validated as a WebSocket message is: strictly, and whatever comes is answered."""

    async def json(self) -> Any:
        """The body as what the handler wants; raises ``Refused``."""
        field = self.route_handler.parsed_data_field
        try:
            return msgspec.json.decode(await self.body(), type=Any if field is None else field.annotation)
        except UNDECODABLE as error:
            found = decode_error(error)
            raise Malformed(found.code, found.message, found.field) from error


class OriginGate:
    """Answers 403 to web pages of foreign origins, before anything else looks at their requests."""

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self._app = app
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == ScopeType.HTTP:
            headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
            if not self._gateway.origins.allows(headers.get(b"host"), headers.get(b"origin")):
                refusal = rest_errors.error_response(
                    403, RejectCode.NOT_ALLOWED.value, "this origin is not allowed here"
                )
                await refusal.to_asgi_response(None, Request(scope))(scope, receive, send)
                return
        await self._app(scope, receive, send)


def rest_app(gateway: Gateway) -> ASGIApp:
    """The application behind the check of Host and Origin."""
    registry = registry_of(gateway)

    @get("/metrics", media_type=MediaType.TEXT, summary="Metrics")
    async def metrics() -> Response[bytes]:
        """All counters and latencies, in the Prometheus text format."""
        return Response(metrics_text(registry), media_type="text/plain; version=0.0.4; charset=utf-8")

    @get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
        return Response(msgspec.json.encode(openapi_document(request.app)), media_type="application/json")

    @get("/docs", include_in_schema=False)
    async def docs(request: Request[Any, Any, Any]) -> Response[str]:
        return Response(docs_page(openapi_document(request.app)), media_type=MediaType.HTML)

    def need_exchange(request: Request[Any, Any, Any]) -> None:
        if not gateway.mirror.loaded and request.url.path.startswith("/api/"):
            raise Refused(RejectCode.ENGINE_UNAVAILABLE, "the engine has not been heard of yet")

    routes = [*market_routes(gateway), *account_routes(gateway), *admin_routes(gateway), metrics, openapi, docs]
    app = Litestar(
        route_handlers=[*options_routes(routes), *routes],  # in this order Litestar adds none of its own
        request_class=StrictRequest,
        before_request=need_exchange,
        request_max_body_size=gateway.config.limits.max_message_bytes,
        exception_handlers={
            Refused: rest_errors.on_refused,
            EngineUnavailable: rest_errors.on_engine_unavailable,
            RequestRefused: rest_errors.on_request_refused,
            ValidationException: rest_errors.on_invalid,
            HTTPException: rest_errors.on_http,
            Exception: rest_errors.on_failure,
        },
        openapi_config=OpenAPIConfig(
            title="tradesim-tui gateway",
            version=str(PROTOCOL_VERSION),
            description="REST door of the exchange. Live data, and most trading, is on the WebSocket at /ws.",
            path="/schema",
            render_plugins=[JsonRenderPlugin()],
            use_handler_docstrings=True,
        ),
        logging_config=None,
        debug=False,
    )
    return OriginGate(app, gateway)
