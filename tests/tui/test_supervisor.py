"""The supervisor on tiny child processes that behave, die, refuse, or hang on."""

import asyncio
import errno
import os
import signal
import sys
from pathlib import Path

import pytest

from net.errors import StartupError
from tui.supervisor import Supervisor, Tier, TierState, TierStatus

SERVES = """
import sys
print('{"ready": "%s", "port": 1}' % sys.argv[1], flush=True)
sys.stdin.read()
"""

DIES_ONCE = """
import pathlib, sys
first = pathlib.Path(sys.argv[1])
print('{"ready": "mortal"}', flush=True)
if not first.exists():
    first.touch()
    sys.exit(1)
sys.stdin.read()
"""

REFUSES = """
import sys
sys.stderr.write("tradesim-tui: port 1 is in use\\n")
sys.exit(2)
"""


def supervisor_of(script: str, *arguments: str, on_change=None) -> Supervisor:
    return Supervisor([Tier("child", arguments)], on_change, command=(sys.executable, "-c", script))


async def test_a_tier_is_ready_when_it_says_so():
    async with supervisor_of(SERVES, "engine") as supervisor:
        await supervisor.wait_ready()
        assert supervisor.states[0].status is TierStatus.READY
        assert supervisor.states[0].pid is not None
    assert supervisor.states[0].status is TierStatus.STOPPED
    assert supervisor.states[0].pid is None


async def test_a_tier_that_dies_is_started_again(tmp_path: Path):
    ready_again = asyncio.Event()

    def on_change(state: TierState) -> None:
        if state.status is TierStatus.READY and state.restarts == 1:
            ready_again.set()

    async with supervisor_of(DIES_ONCE, str(tmp_path / "died"), on_change=on_change):
        await asyncio.wait_for(ready_again.wait(), 20)


async def test_a_tier_that_dies_with_very_long_words_is_started_again(tmp_path: Path):
    shouts = "import sys; sys.stderr.write('x' * 300_000 + '\\n'); sys.exit(1)"
    dies = DIES_ONCE.replace("    sys.exit(1)", f"    {shouts}")
    ready_again = asyncio.Event()

    def on_change(state: TierState) -> None:
        if state.status is TierStatus.READY and state.restarts == 1:
            ready_again.set()

    async with supervisor_of(dies, str(tmp_path / "died"), on_change=on_change):
        await asyncio.wait_for(ready_again.wait(), 20)


async def test_a_tier_that_the_system_could_not_start_is_started_later(monkeypatch: pytest.MonkeyPatch):
    create, refusals = asyncio.create_subprocess_exec, [BlockingIOError(errno.EAGAIN, "no more processes")]

    async def scarce(*command, **options):
        if refusals:
            raise refusals.pop()
        return await create(*command, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", scarce)
    async with supervisor_of(SERVES, "engine") as supervisor:
        await asyncio.wait_for(supervisor.wait_ready(), 20)
        assert supervisor.states[0].restarts == 1


async def test_a_tier_that_was_being_started_when_the_end_came_does_not_stay_behind(monkeypatch: pytest.MonkeyPatch):
    create, forked, go_on = asyncio.create_subprocess_exec, asyncio.Event(), asyncio.Event()

    async def slow_for_the_last(*command, **options):
        process = await create(*command, **options)
        if command[-1] == "last":
            forked.set()
            await go_on.wait()
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", slow_for_the_last)
    tiers = [Tier("first", ("first",)), Tier("last", ("last",))]
    async with Supervisor(tiers, command=(sys.executable, "-c", SERVES)) as supervisor:
        await asyncio.wait_for(supervisor.states[0].ready.wait(), 20)
        await asyncio.wait_for(forked.wait(), 20)
        stopping = asyncio.create_task(supervisor.stop())
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.wait_for(stopping, 20)
        assert [state.pid for state in supervisor.states] == [None, None]


async def test_a_tier_that_refuses_to_start_is_told_in_its_own_words_and_not_started_again():
    async with supervisor_of(REFUSES) as supervisor:
        with pytest.raises(StartupError, match=r"^port 1 is in use$"):
            await supervisor.wait_ready()
        assert supervisor.states[0].restarts == 0


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("import sys; sys.stderr.write('tradesim-tui: the disk is full\\n'); sys.exit(1)", "the disk is full"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL"),
        ("import sys; sys.exit(3)", "child ended with exit status 3"),
    ],
)
async def test_a_tier_that_ended_is_told_of_in_one_line(script: str, told: str):
    ended = asyncio.Event()

    def on_change(state: TierState) -> None:
        if state.status is TierStatus.RESTARTING:
            ended.set()

    async with supervisor_of(script, on_change=on_change) as supervisor:
        await asyncio.wait_for(ended.wait(), 20)
        assert supervisor.states[0].end == told


async def test_a_tier_is_a_module_of_this_installation_wherever_it_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ended = asyncio.Event()

    def on_change(state: TierState) -> None:
        if state.status is TierStatus.RESTARTING:
            ended.set()

    (tmp_path / "tui.py").write_text("raise SystemExit('somebody else's module')")
    monkeypatch.chdir(tmp_path)
    async with Supervisor([Tier("child", ("no tier",))], on_change) as supervisor:
        await asyncio.wait_for(ended.wait(), 20)
        assert supervisor.states[0].end == "ValueError: 'no tier' is not a valid TierName"


async def test_a_tier_that_never_serves_is_told_with_what_it_ended_of(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tui.supervisor.READY_TIMEOUT_S", 1.0)
    async with supervisor_of("int('u720')") as supervisor:
        with pytest.raises(StartupError, match=r"child did not start within 1 s: ValueError: invalid literal.*'u720'"):
            await supervisor.wait_ready()


async def test_no_tier_outlives_a_supervisor_that_was_killed(tmp_path: Path):
    """The tier holds the write end of a pipe: its end of file says that the tier is gone."""
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    child = f"alive = open({str(alive)!r}, 'w')\n{SERVES}"
    script = f"""
import asyncio, sys
from tui.supervisor import Supervisor, Tier

async def main():
    async with Supervisor([Tier("child", ("orphan",))], command=(sys.executable, "-c", {child!r})) as supervisor:
        await supervisor.wait_ready()
        print("up", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    pipe = await asyncio.wait_for(asyncio.to_thread(alive.open, "rb"), 20)
    assert await asyncio.wait_for(parent.stdout.readline(), 20) == b"up\n"
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    with pipe:
        assert await asyncio.wait_for(asyncio.to_thread(pipe.read), 20) == b""
