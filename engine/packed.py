"""Rows of 64-bit integers: packed machine words in the compiled build, plain lists in the pure one.

``vec[i64]`` is mypyc's packed array (its run-time library ``librt`` has it). The interpreter gains nothing by it, so
there ``vec[i64]`` is ``list`` and ``i64`` is ``int``. Rows grow by ``row = extend(row, more)``: a packed one may move,
and takes another packed one thirty times faster than a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from librt.vecs import extend, vec
    from mypy_extensions import i64
else:
    i64 = int

    class vec:  # noqa: N801 - the name it has in librt
        """``vec[i64]``, and nothing else of it."""

        def __class_getitem__(cls, _item: type) -> type:
            return list

    def extend(row: list[int], more: list[int]) -> list[int]:
        """The row with more numbers at its end."""
        row += more
        return row


__all__ = ["extend", "i64", "vec"]
