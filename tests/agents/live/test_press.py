"""What the press does when more happens than it can post."""

from __future__ import annotations

from structlog.testing import capture_logs

from agents.live.press import QUEUE, Press


async def test_what_finds_the_queue_full_is_counted_and_told_once_it_flows_again() -> None:
    press = Press("ws://127.0.0.1:1/ws", None)
    with capture_logs() as told:
        for symbol_id in range(QUEUE + 3):
            press.set_phase(symbol_id, "halt")
        assert (press.dropped, len(told)) == (3, 1)
        press._queue.get_nowait()
        press.set_phase(1, "open")
    assert [line.get("count") for line in told] == [None, 3]
    assert press.dropped == 3
