"""Bounds of the messages' fields, and what all messages are made from."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

PROTOCOL_VERSION = 1

SLOWEST = 0.1
FASTEST = 20.0
"""Bounds of the simulation's speed: past them agents react slower than people, or all cores are theirs."""

_END = r"$(?!\n)"
"""The end of a text: ``$`` alone also matches before a line feed there."""

_TURNS = r"\u2028-\u202e\u2066-\u2069"
"""Line separators, and what turns the direction of writing: with it one line can pass for another."""

LINE = rf"^[^\x00-\x1f\x7f-\x9f{_TURNS}]*{_END}"
"""Text of one line without control characters: what strangers write is drawn on terminals, which obey those."""

PROSE = rf"^[^\x00-\x08\x0b-\x1f\x7f-\x9f{_TURNS}]*$"
"""The same with tabs and line feeds."""

# Bounds make every field finite: an unbounded integer may take thousands of digits.
SymbolIdField: TypeAlias = Annotated[int, Meta(ge=1, le=2**31 - 1)]
OrderIdField: TypeAlias = Annotated[int, Meta(ge=1, le=2**53 - 1)]
SequenceField: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]
PriceField: TypeAlias = Annotated[float, Meta(gt=0, le=1e9)]
QuantityField: TypeAlias = Annotated[float, Meta(gt=0, le=1e9)]
CashField: TypeAlias = Annotated[float, Meta(ge=0, le=1e10)]
SecondsField: TypeAlias = Annotated[float, Meta(gt=0, le=86_400)]
SpeedField: TypeAlias = Annotated[float, Meta(ge=SLOWEST, le=FASTEST)]
AgentIdField: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, pattern=rf"^[A-Za-z0-9_.:\-]+{_END}")]
ClientOrderIdField: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, pattern=LINE)]
RequestIdField: TypeAlias = Annotated[str, Meta(max_length=64)] | Annotated[int, Meta(ge=0, le=2**53 - 1)]
NameField: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, pattern=LINE)]
TokenField: TypeAlias = Annotated[str, Meta(min_length=1, max_length=128)]
ChannelField: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]


class Role(Enum):
    """What a session may do."""

    TRADER = "trader"
    SPECTATOR = "spectator"
    ADMIN = "admin"


class Status(Enum):
    """Outcome of a request."""

    SUCCESS = "success"
    ERROR = "error"


# Messages are trees made once: without ``gc`` the collector need not look for cycles that cannot be there.
class ClientMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag_field="type"):
    """Base of all requests. Unknown fields are ignored."""

    request_id: RequestIdField | None = None


class Shape(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of the objects that messages carry."""


class ServerMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag_field="type"):
    """Base of everything the server sends."""


class PrivateMessage(ServerMessage, frozen=True, kw_only=True):
    """A numbered message to the owner of an account: never dropped, resumable from ``sequence``."""

    sequence: int = 0
