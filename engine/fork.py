"""Another history from a moment of a recorded one: a new journal that begins with the first commands of an old one."""

from __future__ import annotations

from pathlib import Path

from engine.journal import Journal
from engine.journal_errors import JournalError
from engine.journal_files import FILE_NAME
from engine.journal_format import GENESIS
from engine.playhead import Playhead
from engine.types import Durability

GROUP_COMMANDS = 1_000


def fork(playhead: Playhead, target: Path, *, new_epoch: str, boot_id: str) -> None:
    """Write a journal into ``target`` that leads to exactly where the playhead stands; the recording is only read.

    Args:
        target: an existing directory without a journal.
        new_epoch: a name never used before: what happens from here on is another history.
        boot_id: names the time since the machine was started; "" where that is not known.

    Raises:
        JournalError: there is a journal in ``target``, or it cannot be written.
    """
    if (target / FILE_NAME).exists():
        raise JournalError(f"there is a journal in {target} already")
    journal = Journal.open(target, Durability.PROCESS, new_epoch=new_epoch, boot_id=boot_id)
    clean = False
    try:
        journal.begin(0, GENESIS)
        _copy(playhead, journal)
        if playhead.number:
            journal.snapshot(playhead.service.sequence, playhead.time, playhead.service.snapshot_state())
        clean = True
    finally:
        journal.close(clean=clean)


def _copy(playhead: Playhead, journal: Journal) -> None:
    """Write the commands up to the playhead, in larger groups."""
    for group in playhead.recording.groups(0, GENESIS):
        for number, (now, command) in enumerate(group.decode(), start=group.first):
            if number <= playhead.number:
                journal.writer.append(now, command)
        if group.last >= playhead.number:
            break
        if journal.writer.count >= GROUP_COMMANDS:
            journal.commit(group.sequence)
    journal.commit(playhead.service.sequence)
