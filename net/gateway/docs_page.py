"""The page at ``/docs``: the OpenAPI document as plain HTML, readable without scripts and without the internet."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code{background:#8882;padding:.1em .3em;border-radius:3px}h2{margin-top:2.5rem}"
    "table{border-collapse:collapse}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}"
    ":root{color-scheme:light dark}"
)
_METHODS = ("get", "post", "put", "patch", "delete")


def docs_page(schema: Mapping[str, Any]) -> str:
    """The page for an OpenAPI document."""
    info = schema.get("info", {})
    title = escape(str(info.get("title", "")))
    sections = [
        _operation(method, path, item[method])
        for path, item in sorted(schema.get("paths", {}).items())
        for method in _METHODS
        if method in item
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1><p>{escape(str(info.get('description', '')))}</p>"
        '<p>Machine-readable: <a href="/openapi.json">/openapi.json</a></p>'
        f"{''.join(sections)}{_schemas(schema)}</body></html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(parameter.get('in', ''))}</td>"
        f"<td>{_type(parameter.get('schema', {}))}</td></tr>"
        for parameter in operation.get("parameters", ())
    ]
    table = f"<table>{''.join(rows)}</table>" if rows else ""
    body = ""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        body = f"<p>Body: {_type(content.get('schema', {}))}</p>"
    answers = "".join(
        f"<tr><td><code>{escape(status)}</code></td><td>{escape(answer.get('description', ''))}</td>"
        f"<td>{_answer_type(answer)}</td></tr>"
        for status, answer in operation.get("responses", {}).items()
    )
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation.get('description') or '')}</p>"
        f"{table}{body}<table>{answers}</table>"
    )


def _answer_type(answer: Mapping[str, Any]) -> str:
    return "".join(_type(content.get("schema", {})) for content in answer.get("content", {}).values())


def _schemas(schema: Mapping[str, Any]) -> str:
    parts = []
    for name, shape in sorted(schema.get("components", {}).get("schemas", {}).items()):
        required = set(shape.get("required", ()))
        rows = "".join(
            f"<tr><td><code>{escape(field)}</code></td><td>{'required' if field in required else ''}</td>"
            f"<td>{_type(of)}</td><td>{escape(str(of.get('description', '')))}</td></tr>"
            for field, of in shape.get("properties", {}).items()
        )
        described = escape(str(shape.get("description", "")))
        parts.append(f'<h2 id="{escape(name)}">{escape(name)}</h2><p>{described}</p><table>{rows}</table>')
    return "".join(parts)


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(str(schema["$ref"]).rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    if "oneOf" in schema:
        return " or ".join(_type(option) for option in schema["oneOf"])
    if "enum" in schema:
        return " ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    bounds = [f"{word} {schema[key]}" for key, word in _BOUNDS if key in schema]
    kind = schema.get("type", "anything")
    kind = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return escape(" ".join([kind, *bounds]))


_BOUNDS = (
    ("minimum", "≥"),
    ("exclusiveMinimum", ">"),
    ("maximum", "≤"),
    ("exclusiveMaximum", "<"),
    ("minLength", "length ≥"),
    ("maxLength", "length ≤"),
    ("pattern", "matching"),
)
