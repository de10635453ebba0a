"""Done to bodies before schemathesis sends them: JSON Schema takes 1.0 for an integer, our strict door does not."""

from __future__ import annotations

from typing import Any

import schemathesis


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """Write whole numbers as integers."""
    return whole(body)


def whole(value: Any) -> Any:
    """The same value, with whole numbers in it as integers."""
    match value:
        case dict():
            return {key: whole(inner) for key, inner in value.items()}
        case list():
            return [whole(inner) for inner in value]
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
        case _:
            return value
