"""How commands lie in the journal: records in groups, each group checked by itself and chained to the one before.

A group is what one commit made durable. Its ``records`` are one MessagePack array of ``[now, command]`` pairs, so any
MessagePack reader can look into a journal. ``crc`` says whether this group is what was written; ``chain`` says whether
it follows the one that it was written after.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TypeAlias

import msgspec

from engine.commands import AnyCommand

FORMAT = 1
GENESIS = bytes(16)
"""Chain value before the first group."""

Record: TypeAlias = tuple[int, AnyCommand]
"""A command with the time (ns) at which it was applied."""


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[list[Record]] = msgspec.msgpack.Decoder(list[Record])


class Group(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Consecutive commands, committed together."""

    first: int
    """Number of the first command; commands count from 1."""
    count: int
    sequence: int
    """Number of the last event after the last command."""
    records: bytes
    crc: int
    chain: bytes

    @property
    def last(self) -> int:
        """Number of the last command."""
        return self.first + self.count - 1

    @property
    def whole(self) -> bool:
        """Whether this is what was written."""
        return self.crc == _crc(self.first, self.count, self.sequence, self.records, self.chain)

    def follows(self, last: int, chain: bytes) -> bool:
        """Whether this group was written after command ``last``, at which the chain had the value ``chain``."""
        return self.first == last + 1 and self.chain == _link(
            chain, self.first, self.count, self.sequence, self.records
        )

    def decode(self) -> list[Record]:
        """The commands with their times.

        Raises:
            msgspec.DecodeError: they were written by an incompatible version.
        """
        return _decoder.decode(self.records)


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
            _encoder.encode_into((now, command), self._buffer, -1)
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
        chain = _link(self.chain, first, count, sequence, records)
        self.last += count
        self.chain = chain
        self.count = 0
        del buffer[5:]
        return Group(first, count, sequence, records, _crc(first, count, sequence, records, chain), chain)


def _link(chain: bytes, first: int, count: int, sequence: int, records: bytes) -> bytes:
    digest = hashlib.blake2b(chain, digest_size=16)
    digest.update(b"%d %d %d " % (first, count, sequence))
    digest.update(records)
    return digest.digest()


def _crc(first: int, count: int, sequence: int, records: bytes, chain: bytes) -> int:
    return zlib.crc32(b"%d %d %d " % (first, count, sequence) + chain, zlib.crc32(records))
