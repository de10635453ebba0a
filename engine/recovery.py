"""From a journal back to the exchange: the start of an engine, and the proof that a journal is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import msgspec

from engine.events import AnyEvent
from engine.journal import Journal
from engine.journal_errors import JournalCorrupt, JournalError
from engine.journal_files import boot_id
from engine.journal_format import GENESIS, Group, Record
from engine.journal_reader import JournalReader, Mark, Snapshot
from engine.service import OrderBookService, RecoverableService, state_digest
from engine.types import Durability


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """How a start went."""

    commands: int
    """Commands in the journal."""
    replayed: int
    """Commands applied again, after the snapshot."""
    snapshot: int
    """Command after which the snapshot was taken that the start began from; 0 without one."""
    snapshots_refused: int
    """Newer snapshots that were of no use."""
    cut_from: int | None
    """First command of a damaged tail that was cut off."""
    torn: str
    """What the log lacked at its end, for a person; "" when nothing. A process that died over its last commit had not
    acknowledged that one."""
    power_lost: bool
    """Whether the machine went down and may have taken acknowledged commands with it."""
    last_time: int
    """Time (ns) of the last command; 0 when there is none."""

    @property
    def note(self) -> str:
        """What a person should know of it, in one line; "" when all was as it should be."""
        notes = []
        if self.torn:
            notes.append(self.torn)
        if self.cut_from is not None:
            notes.append(
                f"the journal was damaged from command {self.cut_from} on, and that was cut off and kept aside"
            )
        if self.power_lost:
            notes.append("the machine went down since the last start")
        if notes:
            notes.append(f"what came after command {self.commands} may be lost, and a new epoch began")
        if self.snapshots_refused:
            notes.append(f"{self.snapshots_refused} of the kept states are damaged, and an older state was taken")
        return "; ".join(notes)


def recover(
    journal: Journal,
    new_service: Callable[[], RecoverableService],
    on_events: Callable[[int, list[AnyEvent]], None] = lambda _now, _events: None,
    *,
    begin: bool = True,
) -> tuple[RecoverableService, Recovery]:
    """Make the service that the journal tells of, and make the journal ready to go on from there.

    ``on_events`` is called with the time (ns) and the events of each command that is applied again. Without ``begin``
    nothing of the journal is changed.

    Raises:
        JournalCorrupt: the journal is damaged before its end, or does not lead to the state that it says it does.
    """
    reader = journal.reader
    service, snapshot, refused = _from_snapshot(reader, new_service)
    start, chain, last_time = (snapshot.number, snapshot.chain, snapshot.time) if snapshot else (0, GENESIS, 0)
    number = start
    for group in reader.groups(start, chain):
        last_time = _apply(service, group, reader, on_events)
        number, chain = group.last, group.chain
    if begin:
        journal.begin(number, chain, snapshot_number=start)
    return service, Recovery(
        commands=number,
        replayed=number - start,
        snapshot=start,
        snapshots_refused=refused,
        cut_from=reader.damaged_from,
        torn=reader.torn,
        power_lost=reader.power_lost,
        last_time=last_time,
    )


def examine(data_dir: Path, new_service: Callable[[], RecoverableService]) -> Recovery:
    """What a start would make of the journal of a data directory; raises whatever would refuse it, changes nothing."""
    journal = Journal.open(data_dir, Durability.PROCESS, new_epoch="", boot_id=boot_id())
    try:
        return recover(journal, new_service, begin=False)[1]
    finally:
        journal.close(clean=False)


def _from_snapshot(
    reader: JournalReader, new_service: Callable[[], RecoverableService]
) -> tuple[RecoverableService, Snapshot | None, int]:
    """The newest snapshot that restores to the hash noted with it, or an empty service; and how many were no good."""
    refused = 0
    for snapshot in reader.snapshots():
        service = new_service()
        try:
            service.restore(snapshot.unpack())
        except ValueError:
            refused += 1
            continue
        if service.state_hash() == snapshot.hash and service.sequence == snapshot.sequence:
            return service, snapshot, refused + reader.snapshots_damaged
        refused += 1
    return new_service(), None, refused + reader.snapshots_damaged


def _apply(
    service: OrderBookService,
    group: Group,
    reader: JournalReader,
    on_events: Callable[[int, list[AnyEvent]], None] = lambda _now, _events: None,
) -> int:
    """Apply a group; returns the time of its last command."""
    now = 0
    for now, command in group.decode():
        before = service.sequence
        events = service.submit(command, now)
        if service.sequence != before:  # a refusal is no part of the event stream
            on_events(now, events)
    if service.sequence != group.sequence:
        raise JournalCorrupt(
            f"{reader.path}: commands {group.first} to {group.last} lead to event {service.sequence}, "
            f"but led to {group.sequence} when they were written: another version of the engine wrote them"
        )
    return now


OnLoss: TypeAlias = Callable[[str], None]
"""Told in one line what a journal lacks at its end, after everything before that."""


def refuse(loss: str) -> None:
    """Take no loss."""
    raise JournalCorrupt(loss)


def replay(data_dir: Path, on_loss: OnLoss = refuse) -> Iterator[Record]:
    """All commands of a journal with their times (ns), oldest first; also while an engine writes it.

    Raises:
        JournalError: there is no journal, or it cannot be read.
        JournalCorrupt: it is damaged before its end; also at its end, unless ``on_loss`` takes that.
    """
    reader = JournalReader.open(data_dir)
    try:
        for group in reader.groups():
            yield from group.decode()
        if reader.loss:
            on_loss(reader.loss)
    finally:
        reader.close()


def replay_events(
    data_dir: Path, service: OrderBookService, on_loss: OnLoss = refuse
) -> Iterator[tuple[int, list[AnyEvent]]]:
    """What happened, command by command: the time (ns) and all events; raises as ``replay`` does."""
    for now, command in replay(data_dir, on_loss):
        yield now, service.submit(command, now)


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What ``verify`` found."""

    epoch: str
    commands: int
    sequence: int
    state_hash: str
    marks: int
    """Marks of the state hash."""
    mismatches: tuple[int, ...]
    """Commands after which the state was not what it was when the mark was made, or which it cannot have marked."""
    loss: str
    """What is missing at the end, for a person; "" when nothing."""
    snapshots_damaged: int
    """Kept states that are not what was written."""

    @property
    def ok(self) -> bool:
        """Whether the journal is whole and leads to every state that was noted."""
        return not self.mismatches and not self.loss and not self.snapshots_damaged


def verify(data_dir: Path, new_service: Callable[[], OrderBookService]) -> Verification:
    """Replay a journal from nothing and compare every state hash that was noted in it; raises as ``replay`` does."""
    reader = JournalReader.open(data_dir)
    try:
        marks = {mark.number: mark for mark in reader.marks()}
        service = new_service()
        wrong = sum(state_digest(snapshot.unpack()) != snapshot.hash for snapshot in reader.snapshots())
        number, noted, mismatches = 0, len(marks), []
        for group in reader.groups():
            _apply(service, group, reader)
            number = group.last
            mark = marks.pop(number, None)
            if mark is not None and not _agrees(service, mark):
                mismatches.append(number)
        return Verification(
            epoch=reader.meta("epoch"),
            commands=number,
            sequence=service.sequence,
            state_hash=service.state_hash(),
            marks=noted,
            mismatches=(*mismatches, *sorted(marks)),
            loss=reader.loss,
            snapshots_damaged=wrong + reader.snapshots_damaged,
        )
    finally:
        reader.close()


def _agrees(service: OrderBookService, mark: Mark) -> bool:
    return service.sequence == mark.sequence and service.state_hash() == mark.hash


__all__ = [
    "JournalError",
    "Recovery",
    "Verification",
    "examine",
    "recover",
    "replay",
    "replay_events",
    "verify",
]
