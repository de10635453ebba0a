"""What keeps a key from being a mistake: SAFE and ARMED, questions that wait for a key, reasons to refuse.

Knows no Textual: the app passes keys and time in and shows what ``tell`` says.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from tui.feed import Feed
from tui.plans import ARMED_S, CONFIRM_S, REPEAT_S, Asked, Grab
from tui.view import Clock, LinkState, View

Tell = Callable[[str, str], None]
"""Severity (information, warning, error) and text."""
Spawn = Callable[[Coroutine[Any, Any, object]], object]


class Guard:
    """Stands before the orders of one console. ``spawn`` runs a coroutine as a task that somebody owns."""

    def __init__(self, view: View, clock: Clock, tell: Tell, spawn: Spawn) -> None:
        self.view = view
        self.clock = clock
        self.tell = tell
        self.spawn = spawn
        self.feed: Feed | None = None
        """The way to the exchange; None while no order may go it."""
        self.too_small = False
        self.armed_until: float | None = None
        self.asked: Asked | None = None
        self.grab: Grab | None = None
        self.touches = 0
        """How many keys were pressed."""
        self.version = 0
        self.on_change: Callable[[], None] = lambda: None
        """Called when a question, the size or the badge changed."""
        self._last_key: tuple[str, float] = ("", -1e9)

    # --- state

    @property
    def armed(self) -> bool:
        """Whether one key trades."""
        return self.armed_until is not None and self.clock.mono() < self.armed_until

    def refusal(self, trades: bool = True) -> str | None:
        """Why no order may be sent now; None when one may. What only cancels (not ``trades``) needs no fresh prices."""
        if self.view.session.spectator:
            return self.view.session.refusal
        if self.too_small:
            return "the terminal is too small to trade in"
        if self.feed is None or self.view.session.agent_id is None:
            return "no account yet"
        state = self.view.link.state(self.clock.mono())
        if state is LinkState.STALE and trades:
            return "prices are stale"
        if state not in (LinkState.LIVE, LinkState.STALE):
            return "not connected" if state is LinkState.DOWN else "not connected yet"
        return "own orders are not known yet" if trades and not self.view.orders.trusted else None

    def arm(self) -> None:
        """Switch between SAFE and ARMED."""
        if self.armed:
            self.disarm("SAFE again")
            return
        refusal = self.refusal()
        if refusal is not None:
            self.tell("warning", f"not armed: {refusal}")
            return
        self.armed_until = self.clock.mono() + ARMED_S
        self.log("order", "ARMED: one key sends an order")
        self.changed()

    def disarm(self, reason: str) -> None:
        """Back to SAFE; says so when it was ARMED."""
        if self.armed_until is not None:
            self.armed_until = None
            self.log("order", f"disarmed: {reason}")
            self.tell("information", f"SAFE: {reason}")
            self.changed()

    def touch(self) -> None:
        """A key was pressed: ARMED lasts on."""
        self.touches += 1
        if self.armed:
            self.armed_until = self.clock.mono() + ARMED_S

    def tick(self) -> None:
        """Let time pass: questions expire, ARMED ends."""
        now = self.clock.mono()
        if self.asked is not None and now >= self.asked.until:
            self.drop("expired")
        if self.armed_until is not None and now >= self.armed_until:
            self.disarm("5 minutes without a key")
        if self.armed_until is not None and self.refusal() is not None:
            self.disarm(self.refusal() or "")

    def held(self, key: str) -> bool:
        """Whether this press of a trading key is only the key being held down."""
        last, at = self._last_key
        now = self.clock.mono()
        self._last_key = (key, now)
        return key == last and now - at < REPEAT_S

    # --- questions

    def ask(self, asked: Asked) -> None:
        """Wait for a key."""
        self.asked = asked
        self.changed()

    def confirm(
        self, text: str, do: Callable[[], Coroutine[Any, Any, object]], key: str = "", style: str = "warn"
    ) -> None:
        """Ask for ``y``, for as long as a question stands; ``key`` is the one that raised it."""
        self.ask(Asked(text, "y", key, self.clock.mono() + CONFIRM_S, do, style))

    def drop(self, why: str = "") -> None:
        """Forget the question and the grabbed order."""
        if self.asked is not None and why == "expired":
            self.tell("information", f"dropped: {self.asked.text}")
        if self.asked is not None or self.grab is not None:
            self.asked = self.grab = None
            self.changed()

    def answer(self, key: str) -> bool:
        """Offer a key to the question; True when it was its answer (or only its start key held down)."""
        asked = self.asked
        if asked is None:
            return False
        if key == asked.start_key:
            return self.held(key)
        self.asked = None
        self.changed()
        if key == asked.key:
            self.spawn(asked.do())
            return True
        return key == "escape"

    # --- telling

    def may(self, what: str, trades: bool = True) -> bool:
        """Whether it may be done now; refuses aloud when not."""
        refusal = self.refusal(trades)
        if refusal is not None:
            self.refuse(what, refusal)
        return refusal is None

    def refuse(self, what: str, why: str) -> None:
        """Say, and write down, that something was refused."""
        self.log("reject", f"{what}: {why}")
        self.tell("error", f"{what}: {why}")

    def log(self, kind: str, text: str) -> None:
        """Write a line of the audit."""
        self.view.audit.add(self.clock.wall_ms(), kind, text)

    def changed(self) -> None:
        """Something that a line shows is another."""
        self.version += 1
        self.on_change()
