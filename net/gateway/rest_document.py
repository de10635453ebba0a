"""The OpenAPI document, and the answers to OPTIONS: both made from the routes, so that they say what the routes do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from litestar import HttpMethod, Litestar, Response, route
from litestar.handlers import HTTPRouteHandler
from msgspec.inspect import is_struct_type

_REF = "#/components/schemas/{name}"


def openapi_document(app: Litestar) -> dict[str, Any]:
    """The document, with the bodies of requests as msgspec describes what it accepts.

    Litestar's own description leaves out the bounds of fields that may be null.
    """
    document = app.openapi_schema.to_schema()
    fields = (handler.parsed_data_field for each in app.routes for handler in getattr(each, "route_handlers", ()))
    bodies = {field.annotation for field in fields if field is not None and is_struct_type(field.annotation)}
    _, schemas = msgspec.json.schema_components(bodies, ref_template=_REF)
    for body in bodies:
        if body.__struct_config__.tag is not None:  # its type may be left out: the path says it
            schemas[body.__name__]["required"].remove(body.__struct_config__.tag_field)
    document["components"]["schemas"].update(schemas)
    return document


def options_routes(handlers: Iterable[HTTPRouteHandler]) -> list[HTTPRouteHandler]:
    """A route for OPTIONS on every path, that names all methods of the path; Litestar's names those of one handler."""
    methods: dict[str, set[str]] = {}
    for handler in handlers:
        for path in handler.paths:
            methods.setdefault(path, {"OPTIONS"}).update(HttpMethod(method).value for method in handler.http_methods)
    return [_options_route(path, ", ".join(sorted(names))) for path, names in methods.items()]


def _options_route(path: str, allowed: str) -> HTTPRouteHandler:
    @route(path, http_method=["OPTIONS"], include_in_schema=False, status_code=204)
    async def options() -> Response[None]:
        return Response(None, headers={"Allow": allowed})

    return options
