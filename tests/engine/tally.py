"""The smallest service that a journal can be tested with: its state is a digest of everything it was told."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from engine.commands import AnyCommand, NewOrder, PublishNews
from engine.events import AnyEvent, NewsPublished, TimeAdvanced
from engine.journal import Journal
from engine.recovery import Recovery, recover
from engine.service import state_digest
from engine.types import Durability, Side


class Tally:
    """Every command leads to two events."""

    def __init__(self) -> None:
        self.sequence = 0
        self.digest = bytes(16)

    def submit(self, command: AnyCommand, now: int) -> list[AnyEvent]:
        told = msgspec.msgpack.encode((now, command))
        self.digest = hashlib.blake2b(self.digest + told, digest_size=16).digest()
        self.sequence += 2
        return [
            NewsPublished(news_id=1, headline="", content="", sentiment=0, source="tally"),
            TimeAdvanced(),
        ]

    def state_hash(self) -> str:
        return state_digest(self.snapshot_state())

    def snapshot_state(self) -> bytes:
        return msgspec.msgpack.encode((self.sequence, self.digest))

    def restore(self, data: bytes) -> None:
        self.sequence, self.digest = msgspec.msgpack.decode(data, type=tuple[int, bytes])


def command(number: int) -> AnyCommand:
    """The ``number``-th command of a made-up history; their records differ in size."""
    if number % 7 == 3:
        return PublishNews(headline=f"n{number}", content="x" * (number * 37 % 500))
    return NewOrder(account=f"a{number % 3}", symbol_id=1, side=Side.BUY, qty=number, price=100 + number % 5)


def open_journal(
    data_dir: Path, durability: Durability = Durability.PROCESS, *, epoch: str = "e1", boot_id: str = "boot"
) -> tuple[Journal, Tally, Recovery]:
    """Open and recover."""
    journal = Journal.open(data_dir, durability, new_epoch=epoch, boot_id=boot_id)
    try:
        service, recovery = recover(journal, Tally)
    except BaseException:
        journal.close(clean=False)
        raise
    assert isinstance(service, Tally)
    return journal, service, recovery


def work(journal: Journal, service: Tally, numbers: range, group: int = 1) -> None:
    """Journal commands as an engine does, in groups."""
    for start in range(numbers.start, numbers.stop, group):
        for number in range(start, min(start + group, numbers.stop)):
            journal.writer.append(number * 10, command(number))
            service.submit(command(number), number * 10)
        journal.commit(service.sequence)


def digest_after(count: int) -> str:
    """State hash after the first ``count`` commands of the history, which begins with command 1."""
    service = Tally()
    for number in range(1, count + 1):
        service.submit(command(number), number * 10)
    return service.state_hash()
