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
from engine.journal_errors import JournalError

FORMAT = 1
GENESIS = bytes(16)
"""Chain value before the first group."""

Record: TypeAlias = tuple[int, AnyCommand]
"""A command with the time (ns) at which it was applied."""


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
        return self.crc == checksum(self.first, self.count, self.sequence, self.records, self.chain)

    def follows(self, last: int, chain: bytes) -> bool:
        """Whether this group was written after command ``last``, at which the chain had the value ``chain``."""
        return self.first == last + 1 and self.chain == link(chain, self.first, self.count, self.sequence, self.records)

    def decode(self) -> list[Record]:
        """The commands with their times.

        Raises:
            JournalError: they were written by an incompatible version.
        """
        try:
            return _decoder.decode(self.records)
        except msgspec.DecodeError as error:
            raise JournalError(
                f"the journal's commands {self.first} to {self.last} are unknown to this version of tradesim-tui "
                f"({error}): open it with the version that wrote it"
            ) from error


def link(chain: bytes, first: int, count: int, sequence: int, records: bytes) -> bytes:
    """The chain value of a group that follows one with the value ``chain``."""
    digest = hashlib.blake2b(chain, digest_size=16)
    digest.update(b"%d %d %d " % (first, count, sequence))
    digest.update(records)
    return digest.digest()


def checksum(first: int, count: int, sequence: int, records: bytes, chain: bytes) -> int:
    """What a group's ``crc`` must be."""
    return zlib.crc32(b"%d %d %d " % (first, count, sequence) + chain, zlib.crc32(records))
