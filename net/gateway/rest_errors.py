"""How refusals and failures look over REST: a status, and a body of code, message and field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from msgspec.inspect import is_struct_type
from msgspec.structs import fields

from engine.types import RejectCode
from net.errors import EngineUnavailable, RequestRefused
from net.gateway.orders import Refused
from net.gateway.trading import engine_refusal
from net.logs import get_logger
from net.messages import ErrorBody

_log = get_logger("gateway")

STATUS_BY_CODE: Final[Mapping[RejectCode, int]] = {
    RejectCode.UNKNOWN_INSTRUMENT: 404,
    RejectCode.UNKNOWN_ORDER: 404,
    RejectCode.UNKNOWN_ACCOUNT: 404,
    RejectCode.BAD_TOKEN: 401,
    RejectCode.NOT_REGISTERED: 401,
    RejectCode.NOT_OWNER: 403,
    RejectCode.NOT_ALLOWED: 403,
    RejectCode.DUPLICATE_ORDER: 409,
    RejectCode.DUPLICATE_TICKER: 409,
    RejectCode.DUPLICATE_ACCOUNT: 409,
    RejectCode.RATE_LIMITED: 429,
    RejectCode.QUEUE_FULL: 429,
    RejectCode.ENGINE_UNAVAILABLE: 503,
    RejectCode.UNKNOWN_OUTCOME: 503,
    RejectCode.INTERNAL_ERROR: 500,
}
RULES_FORBID: Final = 422
"""Status of every other refusal: the OpenAPI document permits the request, and the exchange's rules forbid it."""


class Malformed(Refused):
    """The request is none that the OpenAPI document permits."""


_CODE_BY_STATUS: Final[Mapping[int, str]] = {
    401: RejectCode.BAD_TOKEN.value,
    403: RejectCode.NOT_ALLOWED.value,
    404: "not_found",
    405: "method_not_allowed",
    413: "too_big",
    503: RejectCode.ENGINE_UNAVAILABLE.value,
}

AnyRequest = Request[Any, Any, Any]


def documented(*statuses: int) -> dict[int, ResponseSpec]:
    """The refusals that a route may answer with, for its OpenAPI entry; 400, 403 and 503 belong to every route."""
    return {
        status: ResponseSpec(ErrorBody, description="Refused", generate_examples=False)
        for status in sorted({400, 403, 503, *statuses})
    }


def error_response(
    status: int, code: str, message: str, field: str | None = None, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """An error as every refusal looks."""
    body = msgspec.json.encode(ErrorBody(code=code, message=message, field=field))
    return Response(body, status_code=status, media_type=MediaType.JSON, headers=headers)


def on_refused(_: AnyRequest, refused: Refused) -> Response[bytes]:
    """A refusal of ours."""
    malformed = isinstance(refused, Malformed)
    status = 400 if malformed else STATUS_BY_CODE.get(refused.code, RULES_FORBID)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return error_response(status, refused.code.value, refused.message, refused.field, headers)


def on_engine_unavailable(request: AnyRequest, error: EngineUnavailable) -> Response[bytes]:
    """The engine is away."""
    return on_refused(request, engine_refusal(error))


def on_request_refused(request: AnyRequest, refused: RequestRefused) -> Response[bytes]:
    """The engine refused a question."""
    return on_refused(request, Refused(refused.code, refused.message, refused.field))


def on_invalid(request: AnyRequest, error: ValidationException) -> Response[bytes]:
    """A parameter is not what it should be."""
    field, message = None, error.detail
    if isinstance(error.extra, list) and error.extra and isinstance(error.extra[0], dict):
        field, message = error.extra[0].get("key"), error.extra[0].get("message", message)
    if field == "data":
        field, message = None, f"a JSON object is needed as the body{_needed(request)}"
    return error_response(400, RejectCode.INVALID_MESSAGE.value, message, field)


def _needed(request: AnyRequest) -> str:
    """The fields that the body of this request cannot do without."""
    body = getattr(request.route_handler, "parsed_data_field", None)
    if body is None or not is_struct_type(body.annotation):
        return ""
    return f" with {' and '.join(field.encode_name for field in fields(body.annotation) if field.required)}"


def on_http(_: AnyRequest, error: HTTPException) -> Response[bytes]:
    """No such route, no such method, too long a body."""
    code = _CODE_BY_STATUS.get(error.status_code, RejectCode.INVALID_MESSAGE.value)
    return error_response(error.status_code, code, error.detail, headers=error.headers)


def on_failure(request: AnyRequest, error: Exception) -> Response[bytes]:
    """The gateway failed: the log says why, the client only that."""
    _log.error("request failed", path=request.url.path, exc_info=error)
    return error_response(500, RejectCode.INTERNAL_ERROR.value, "the gateway failed; its log says why")
