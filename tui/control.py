"""Admin actions: from a key on the screen to the exchange's REST door, with a word about the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from net.errors import TradesimError
from net.messages import AgentShape, CreateAgent, CreateInstrument, CreateNews, InstrumentShape
from net.rest_client import AgentAction, Phase
from tui.context import Context
from tui.feed import Admin
from tui.watching import Watching

PHASES: dict[str, Phase] = {"halt": "halt", "open": "open", "auction": "auction"}
CONTROLS: dict[str, AgentAction] = {"pause": "pause", "resume": "resume"}
LOOKS_ONLY = "no admin token: this console only looks"
STEP_S: Final = 1.0
Body = CreateInstrument | CreateAgent | CreateNews


class Control:
    """Admin actions of one console. ``form`` opens a form by its name; ``spawn`` runs a task that somebody owns."""

    def __init__(
        self,
        context: Context,
        tell: Callable[[str, str], None],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        form: Callable[[str], None],
    ) -> None:
        self._context = context
        self._tell = tell
        self._spawn = spawn
        self._form = form
        self._client: Admin | None = None

    def _admin(self) -> Admin | None:
        if self._client is None and self._context.config.admin is not None:
            self._client = self._context.config.admin()
        return self._client

    def _permitted(self) -> Admin | None:
        """The door for admin actions; None, with a word about it, where this console has none."""
        admin = self._admin()
        if admin is None:
            self._tell("warning", LOOKS_ONLY)
        return admin

    def ask(self, verb: str, subject: object) -> None:
        """Do what a pane asked for; what cannot be taken back asks for ``y`` first."""
        admin = self._permitted()
        if admin is None:
            return
        kind, _, action = verb.partition(".")
        if action == "create":
            self._form(kind)
        elif isinstance(subject, float):
            self.set_speed(subject)
        elif isinstance(subject, InstrumentShape):
            if action == "remove":
                text = f"DELIST {subject.ticker}: its orders are canceled"
                self._confirm(text, admin.remove_instrument, subject.symbol_id)
            else:
                self._do(f"{action} {subject.ticker}", lambda: admin.set_phase(subject.symbol_id, PHASES[action]))
        elif isinstance(subject, AgentShape):
            if action == "remove":
                self._confirm(f"REMOVE agent {subject.name}", admin.remove_agent, subject.agent_id)
            else:
                self._do(f"{action} {subject.name}", lambda: admin.control_agent(subject.agent_id, CONTROLS[action]))

    def all_agents(self, action: AgentAction) -> None:
        """Pause all agents, or let them go on, one after the other and with one word about it."""
        admin = self._permitted()
        if admin is None:
            return
        agents = self._agents()
        self._do(f"{action} {len(agents)} agents", lambda: _each(admin, agents, action))

    def step(self) -> None:
        """Let all agents go on for a second of their time, and pause them again."""
        admin = self._permitted()
        if admin is None:
            return
        agents = self._agents()

        async def step() -> None:
            try:
                await _each(admin, agents, "resume")
                await asyncio.sleep(STEP_S / self._context.view.simulation_speed)
            finally:
                await _each(admin, agents, "pause")

        self._do(f"{len(agents)} agents went on for {STEP_S:g} s", step)

    def _agents(self) -> list[str]:
        lines = self._context.view.agents.lines.values()
        return [line.shape.agent_id for line in lines if line.shape.personality != "human"]

    def watch(self, agent_id: str, name: str) -> Watching | None:
        """What shows an agent's orders in the ladder; None where they are not this console's to see."""
        admin = self._admin()
        if admin is None:
            self._tell("warning", "an agent's orders are private: only the admin token reads them")
            return None
        return Watching(agent_id, name, admin.orders)

    async def refresh(self, watching: Watching) -> None:
        """Read the orders of the watched agent again; one that is gone is watched no more."""
        try:
            await watching.refresh()
        except TradesimError as error:
            self._tell("warning", f"orders of {watching.name}: {error}")
            if self._context.watching is watching:
                self._context.watching = None

    def set_speed(self, speed: float) -> None:
        """Let the simulated market go at so many times real time."""
        admin = self._permitted()
        if admin is not None:
            self._do(f"simulation speed ×{speed:g}", lambda: admin.set_speed(speed))

    def send(self, body: Body | None) -> None:
        """Send what a form gave."""
        admin = self._admin()
        if body is None or admin is None:
            return
        if isinstance(body, CreateInstrument):
            self._do(f"list {body.ticker}", lambda: admin.create_instrument(body))
        elif isinstance(body, CreateAgent):
            self._do(f"create agent {body.name}", lambda: admin.create_agent(body))
        else:
            self._do("publish news", lambda: admin.publish_news(body))

    def _confirm(self, text: str, call: Callable[[Any], Awaitable[object]], subject: object) -> None:
        async def confirmed() -> None:
            await self._run(text, lambda: call(subject))

        self._context.desk.confirm(text, confirmed)

    def _do(self, what: str, call: Callable[[], Awaitable[object]]) -> None:
        self._spawn(self._run(what, call))

    async def _run(self, what: str, call: Callable[[], Awaitable[object]]) -> None:
        audit, now = self._context.view.audit, self._context.clock.wall_ms()
        try:
            await call()
        except TradesimError as error:
            audit.add(now, "reject", f"{what}: {error}")
            self._tell("error", f"{what}: {error}")
        else:
            audit.add(now, "admin", what)
            self._tell("information", f"done: {what}")


async def _each(admin: Admin, agents: list[str], action: AgentAction) -> None:
    for agent_id in agents:
        await admin.control_agent(agent_id, action)
