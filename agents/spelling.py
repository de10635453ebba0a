"""Misspelt keys: which one was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import get_args, get_type_hints

import msgspec


def nearest(word: str, words: Iterable[str]) -> str:
    """``, did you mean 'x'?`` when one of ``words`` is close to ``word``, else nothing."""
    spelt = {each.lower(): each for each in words}
    match = difflib.get_close_matches(word.lower(), list(spelt), n=1, cutoff=0.5)
    return f", did you mean {spelt[match[0]]!r}?" if match else ""


def check_keys(data: object, struct: type[msgspec.Struct], where: str = "") -> None:
    """Raise ``ValueError`` for the first key of ``data`` (tables as dicts) that ``struct`` does not have."""
    if not isinstance(data, dict):
        return
    hints = get_type_hints(struct, include_extras=False)
    for key, value in data.items():
        if key not in struct.__struct_fields__:
            place = f" in {where}" if where else ""
            raise ValueError(f"unknown key {key!r}{place}{nearest(key, struct.__struct_fields__)}")
        inner = _struct_of(hints[key])
        if inner is None:
            continue
        path = f"{where}.{key}" if where else key
        if isinstance(value, list):
            for index, item in enumerate(value):
                check_keys(item, inner, f"{path}[{index}]")
        else:
            check_keys(value, inner, path)


def _struct_of(hint: object) -> type[msgspec.Struct] | None:
    """The struct a field holds, by itself or as the items of a tuple."""
    for candidate in (hint, *get_args(hint)):
        if isinstance(candidate, type) and issubclass(candidate, msgspec.Struct):
            return candidate
    return None
