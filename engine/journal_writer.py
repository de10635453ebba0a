"""Collects commands into the journal's next group."""

from __future__ import annotations

from typing import Final

import msgspec

from engine.commands import AnyCommand
from engine.journal_format import Group, checksum, link

_encode_into: Final = msgspec.msgpack.Encoder().encode_into


class GroupWriter:
    """Collects records until they are sealed as the next group."""

    def __init__(self, last: int, chain: bytes) -> None:
        self.last = last
        """Number of the last command sealed or discarded."""
        self.chain = chain
        self.count = 0
        """Commands collected since the last seal."""
        self._buffer = bytearray(5)
        self._mark = 5

    def append(self, now: int, command: AnyCommand) -> None:
        """Collect one command.

        Raises:
            OverflowError: a number in it has more than 64 bits; nothing is collected.
        """
        self._mark = len(self._buffer)
        try:
            _encode_into((now, command), self._buffer, -1)
        except (OverflowError, UnicodeEncodeError):
            del self._buffer[self._mark :]
            raise
        self.count += 1

    def discard(self) -> None:
        """Take the command appended last out again; at most once after each append."""
        del self._buffer[self._mark :]
        self.count -= 1

    def seal(self, sequence: int) -> Group | None:
        """Make a group of what was collected; None when that is nothing."""
        count = self.count
        if not count:
            return None
        buffer = self._buffer
        buffer[0] = 0xDD  # MessagePack: array of a 32-bit length
        buffer[1:5] = count.to_bytes(4, "big")
        records = bytes(buffer)
        first = self.last + 1
        chain = link(self.chain, first, count, sequence, records)
        self.last += count
        self.chain = chain
        self.count = 0
        del buffer[5:]
        return Group(first, count, sequence, records, checksum(first, count, sequence, records, chain), chain)
