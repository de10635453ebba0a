"""Writes ``docs/PROTOCOL.md`` out of the message types, so that the page cannot say anything else than the code.

``python -m net.protocol_doc`` writes it; a test compares.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec import inspect as types

from engine.types import RejectCode
from net import engine_protocol, messages

PATH = Path(__file__).parent.parent / "docs" / "PROTOCOL.md"

HEAD = """\
# The wire

Made by `python -m net.protocol_doc` from `net/messages/`, `net/engine_protocol.py` and `engine/`; a test
keeps it so. REST has its own reference, made from the same types: `/docs` and `/openapi.json` of a running
gateway.

## WebSocket `ws://HOST:8000/ws`

JSON in UTF-8, one object a message; `type` says which. Prices and quantities are numbers in the instrument's
units, cash in currency units, times milliseconds since the epoch. A price off the tick or a quantity off the
lot is refused, never rounded. Unknown fields are ignored. Fields marked * are required.

On connect the server sends `hello`, `instruments`, `orderbooks`, `news_history` and `agents_snapshot`, then
what the channels `orderbooks`, `news` and `agents` carry. `Authorization: Bearer ADMIN_TOKEN` makes the session
an admin's, `/ws?role=spectator` one that only watches.

- **Answers.** Each request has one answer, with its `request_id`. What cannot be understood is answered with
  `error`, and the connection stays until there were too many of them (close code 1008).
- **Once.** An `add_order` with a `client_order_id` that the account used before is answered with the first
  answer.
- **Private messages** (`execution`, `order_update`) are numbered: the numbers grow, with gaps, and mean the
  same after a restart of the gateway. `resume` with the last number seen brings the ones after it, or `resumed:
  false` and the whole private state (`portfolio_update`, `orders`, `trades`). `portfolio_update` is not
  numbered: only the newest matters.
- **Books.** `orderbooks` carries the books that changed since the client's last one, at the client's rate. Each
  `book_delta` says from which `previous_sequence` to which `sequence` it leads, with a checksum of the whole
  book after it (`net/checksum.py`): after a gap, or a wrong sum, ask for the book by `get_orderbook`.
- **Gone clients.** `cancel_on_disconnect` of `agent_register` has the gateway cancel the account's orders when the
  session ends, of several sessions that chose it only with the newest's end; while the engine is away it is done
  later. A gateway that is killed cancels nothing: only `cancel_after`, which the engine keeps, survives that.
- **Agents.** `agents_snapshot` lists the 500 best at most; `GET /api/agents` lists more. `max_drawdown` and `sharpe`
  are the gateway's own samples, one a second since it started.
- **Slow clients** get newer books rather than more of them and miss messages of the other streams; one that
  leaves its private messages unread is closed with code 1013 (`too_slow`) and may resume.
- **Close codes**: 1001 the gateway stops, 1008 too many errors, 1009 a message over the limit, 1012 private
  messages may be missing (connect again and resume), 1013 too slow.
- **Text** of clients (names, reasons, headlines, ids) has no control characters; `why` of a decision and `content` of
  news may have tabs and line feeds. Account ids that begin with `hyperliquid`, or are a blockchain address, are
  kept for the Hyperliquid venue.
- **Engine away**: requests are answered `engine_unavailable`, those under way whose link died
  `unknown_outcome`; an order with a `client_order_id` is settled instead. `engine_status` tells when the engine
  goes and comes, and its epoch: a new epoch is another history, start over.
"""

ENGINE_HEAD = """\
## TCP `HOST:9999`

The engine's own door, between it and its gateways: newline-delimited JSON, pipelined, integers only (ticks, lots, minor
units of cash, nanoseconds). Each request has an `id` and exactly one `reply` with it; after `subscribe` come `events`.
It asks for no token and trusts whoever reaches it, so it listens on loopback unless `--trust-network` is given. A line
that is no JSON is answered `invalid_json` and is the last one read; a connection that does not begin with `{` is cut.
"""


def protocol_page() -> str:
    """The whole page."""
    parts = [HEAD, "### What a client sends\n"]
    parts += _messages(get_args(messages.AnyClientMessage))
    parts.append("### What the server sends\n")
    parts += _messages(get_args(messages.AnyServerMessage))
    parts.append("### Shapes\n")
    parts += _messages(_shapes(get_args(messages.AnyServerMessage) + get_args(messages.AnyClientMessage)))
    parts.append(ENGINE_HEAD)
    parts.append("### Requests\n")
    parts += _messages(get_args(engine_protocol.AnyRequest))
    parts.append("### Lines from the engine\n")
    parts += _messages(get_args(engine_protocol.AnyLine))
    parts.append("### Shapes of the engine\n")
    engine_roots = get_args(engine_protocol.AnyRequest) + get_args(engine_protocol.AnyLine)
    parts += _messages(_shapes((*engine_roots, engine_protocol.StatsView, engine_protocol.SnapshotView)))
    parts.append(_codes())
    return "\n".join(parts)


def _messages(kinds: Iterable[type[msgspec.Struct]]) -> Iterator[str]:
    for kind in kinds:
        info = types.type_info(kind)
        assert isinstance(info, types.StructType)  # noqa: S101 - only structs are passed
        name = f"`{info.tag}`" if info.tag else kind.__name__
        yield f"#### {name}\n\n{_prose(kind.__doc__)}\n"
        if info.fields:
            rows = [
                f"| `{field.encode_name}`{'*' if field.required else ''} | {_type(field.type)} |"
                for field in info.fields
            ]
            yield "| field | |\n|---|---|\n" + "\n".join(rows) + "\n"


def _shapes(roots: Iterable[type[msgspec.Struct]]) -> list[type[msgspec.Struct]]:
    """All structs that fields of ``roots`` lead to, but for the roots themselves, by name."""
    found: dict[str, type[msgspec.Struct]] = {}
    waiting = list(roots)
    seen: set[type] = set(waiting)
    while waiting:
        info = types.type_info(waiting.pop())
        assert isinstance(info, types.StructType)  # noqa: S101
        for field in info.fields:
            for inner in _inner(field.type):
                if inner.cls not in seen:
                    seen.add(inner.cls)
                    found[inner.cls.__name__] = inner.cls
                    waiting.append(inner.cls)
    return [found[name] for name in sorted(found)]


def _inner(kind: types.Type) -> Iterator[types.StructType]:
    match kind:
        case types.StructType():
            yield kind
        case types.ListType() | types.VarTupleType():
            yield from _inner(kind.item_type)
        case types.DictType():
            yield from _inner(kind.value_type)
        case types.UnionType():
            for option in kind.types:
                yield from _inner(option)
        case types.TupleType():
            for item in kind.item_types:
                yield from _inner(item)
        case _:
            pass


def _type(kind: types.Type) -> str:
    match kind:
        case types.IntType():
            return f"integer{_bounds(kind.ge, kind.gt, kind.le)}"
        case types.FloatType():
            return f"number{_bounds(kind.ge, kind.gt, kind.le)}"
        case types.StrType():
            return f"text{_bounds(kind.min_length, None, kind.max_length, ' characters')}"
        case types.BoolType():
            return "true or false"
        case types.NoneType():
            return "null"
        case types.EnumType():
            return _values(kind.cls)
        case types.StructType():
            return f"`{kind.tag}`" if kind.tag else kind.cls.__name__
        case types.ListType() | types.VarTupleType():
            return f"list of {_type(kind.item_type)}"
        case types.TupleType():
            return f"[{', '.join(_type(item) for item in kind.item_types)}]"
        case types.DictType():
            return f"object of {_type(kind.value_type)} by {_type(kind.key_type)}"
        case types.UnionType():
            return " or ".join(_type(option) for option in kind.types)
        case _:
            return "JSON"


def _values(kind: type[Enum]) -> str:
    if kind is RejectCode:
        return "a code, see below"
    return " ".join(f"`{member.value}`" for member in kind)


def _bounds(least: Any, above: Any, most: Any, unit: str = "") -> str:
    words = [f"≥ {least}" if least is not None else "", f"> {above}" if above is not None else ""]
    words.append(f"≤ {most}" if most is not None else "")
    said = " ".join(word for word in words if word)
    return f" ({said}{unit})" if said else ""


def _prose(text: str | None) -> str:
    return inspect.cleandoc(text or "").replace("``", "`")


def _codes() -> str:
    described = _code_notes()
    rows = [f"| `{code.value}` | {described.get(code.name, '')} |" for code in RejectCode]
    return "## Codes\n\n| code | |\n|---|---|\n" + "\n".join(rows) + "\n"


def _code_notes() -> dict[str, str]:
    """The sentence that stands under a code in the source, where there is one."""
    notes: dict[str, str] = {}
    name = ""
    for line in inspect.getsource(RejectCode).splitlines():
        text = line.strip()
        if text.startswith('"""') and name:
            notes[name] = text.strip('"').replace("``", "`")
        name = text.split(" = ")[0] if " = " in text else ""
    return notes


if __name__ == "__main__":
    PATH.write_text(protocol_page(), encoding="utf-8")
