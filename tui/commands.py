"""Does what the command language says, on the desk and on the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from engine.types import Side
from net.messages import FASTEST, SLOWEST, CreateAgent, CreateNews
from tui import grammar_types as g
from tui.config import HOSTED_HZ
from tui.context import Context
from tui.control import Control
from tui.grammar import GrammarError, parse, parse_qty
from tui.plans import Plan, at_market
from tui.resolve import find_market, to_quantity, to_ticks
from tui.theme import THEMES
from tui.view import Alert, Watch


class Screen(Protocol):
    """What commands may ask of the screen."""

    def go(self, mode: str) -> None:
        """Show a screen."""

    def pick(self, symbol_id: int) -> None:
        """Trade another instrument."""

    def set_timeframe(self, name: str) -> None:
        """Candles of another interval."""

    def set_theme(self, name: str) -> None:
        """Another theme."""

    def set_rate(self, hz: float) -> None:
        """Frames a second."""

    def save_shot(self, kind: str, file: str | None) -> None:
        """Save a picture."""

    def show_commands(self) -> None:
        """List the command language."""

    def tour(self) -> None:
        """Begin the tour."""

    def leave(self) -> None:
        """Quit, or ask first."""

    def record(self, file: str) -> None:
        """Record what the console hears."""

    def replay(self, file: str, speed: float) -> None:
        """Show a recording."""

    def simulate(self, verb: str, argument: float | None) -> bool:
        """Control a recording that is shown; False when there is none."""


class Runner:
    """Runs command lines. What cannot be done is told in one line, and nothing after it in the chain is done."""

    def __init__(self, context: Context, screen: Screen, control: Control, tell: Callable[[str, str], None]) -> None:
        self._context = context
        self._screen = screen
        self._control = control
        self._tell = tell

    def run(self, text: str) -> bool:
        """Run a line; False when it was not understood or could not be done."""
        try:
            for command in parse(text):
                self._one(command)
        except GrammarError as error:
            self._tell("warning", str(error))
            return False
        return True

    def _one(self, command: g.Command) -> None:
        match command:
            case g.Order() | g.Cancel() | g.Move() | g.Flat() | g.Kill():
                self._trade(command)
            case g.AlertSpec():
                self._alert(command)
            case g.Sim() | g.AgentVerb() | g.NewsText():
                self._exchange(command)
            case g.Set(key, value):
                self._set(key, value)
            case _:
                self._show(command)

    # --- trading

    def _trade(self, command: g.Order | g.Cancel | g.Move | g.Flat | g.Kill) -> None:
        desk = self._context.desk
        match command:
            case g.Order():
                desk.propose(self.plan(command), deliberate=True)
            case g.Cancel():
                self._cancel(command)
            case g.Move(order_id, price, qty):
                self._move(order_id, price, qty)
            case g.Flat(symbol):
                desk.flatten("", find_market(self._context.view, symbol).instrument.symbol_id)
            case g.Kill():
                desk.kill("")

    def plan(self, order: g.Order) -> Plan:
        """The order in ticks and lots; without a price it joins the best of its own side."""
        view = self._context.view
        market = find_market(view, order.symbol)
        symbol_id = market.instrument.symbol_id
        own_side = g.Price(reference="bid" if order.side is Side.BUY else "ask")
        other_side = g.Price(reference="ask" if order.side is Side.BUY else "bid")
        ticks = to_ticks(other_side if order.market else order.price or own_side, market)
        qty = to_quantity(order.qty, order.side, ticks, market, view)
        plan = Plan(symbol_id, order.side, qty, ticks, order.tif, order.post_only, order.reduce_only)
        return at_market(plan, market, self._context.desk.settings.band) if order.market else plan

    def _cancel(self, command: g.Cancel) -> None:
        desk, view = self._context.desk, self._context.view
        if command.what is g.CancelWhat.ORDER:
            order = view.orders.get(command.order_id or 0)
            if order is None:
                raise GrammarError(f"no working order #{command.order_id}")
            desk.cancel(order)
        elif command.what is g.CancelWhat.PRICE and command.price is not None:
            market = find_market(view, command.symbol)
            desk.cancel_at(to_ticks(command.price, market), market.instrument.symbol_id)
        else:
            side = {g.CancelWhat.BIDS: Side.BUY, g.CancelWhat.ASKS: Side.SELL}.get(command.what)
            symbol_id = (
                view.current if command.symbol is None else find_market(view, command.symbol).instrument.symbol_id
            )
            desk.cancel_all(side, symbol_id)

    def _move(self, order_id: int, price: g.Price | None, qty: g.Qty | None) -> None:
        view = self._context.view
        order = view.orders.get(order_id)
        market = view.markets.get(order.symbol_id) if order is not None else None
        if order is None or market is None:
            raise GrammarError(f"no working order #{order_id}")
        ticks = to_ticks(price, market) if price is not None else None
        at = ticks or order.ticks or 0
        units = to_quantity(qty, order.side, at, market, view) if qty is not None else None
        self._context.desk.amend(order, ticks, units)

    # --- the exchange

    def _alert(self, spec: g.AlertSpec) -> None:
        alerts = self._context.view.alerts
        if spec.watch == "clear":
            alerts.clear()
            self._tell("information", "no alerts any more")
            return
        market = find_market(self._context.view, None)
        watch = Watch(spec.watch)
        level = float(market.scale.ticks(spec.level)) if watch is Watch.PRICE else spec.level
        sign = ">" if spec.above else "<"
        unit = "t" if watch is Watch.SPREAD else ""
        text = f"{market.ticker} {spec.watch} {sign} {spec.level:g}{unit}"
        alerts.add(Alert(market.instrument.symbol_id, watch, spec.above, level, text))
        self._tell("information", f"waiting for {text}")

    def _exchange(self, command: g.Sim | g.AgentVerb | g.NewsText) -> None:
        view = self._context.view
        match command:
            case g.NewsText(sentiment, symbol, text):
                symbol_id = find_market(view, symbol).instrument.symbol_id if symbol is not None else None
                self._control.send(
                    CreateNews(content=text, headline=text[:256], sentiment=sentiment, instrument_id=symbol_id)
                )
            case g.AgentVerb("add", name, personality):
                self._control.send(CreateAgent(name=name, personality=personality or "neutral"))
            case g.AgentVerb(verb, name, _):
                self._agent(verb, name)
            case g.Sim(verb, argument) if self._screen.simulate(verb, argument):
                self._tell("information", f"recording: {verb}")
            case g.Sim(verb, _) if verb in ("pause", "start"):
                self._control.all_agents("pause" if verb == "pause" else "resume")
            case g.Sim("speed", float(speed)):
                self._speed(speed)
            case g.Sim("step", _):
                self._control.step()
            case g.Sim(verb, _):
                raise GrammarError(f"this market is no recording: begin another with --data-dir DIR, not by sim {verb}")

    def _speed(self, speed: float) -> None:
        if not SLOWEST <= speed <= FASTEST:
            raise GrammarError(f"speed: {speed:g} is outside of {SLOWEST:g} to {FASTEST:g}")
        self._control.set_speed(speed)

    def _agent(self, verb: str, name: str) -> None:
        found = [line for line in self._context.view.agents.lines.values() if line.shape.name == name]
        if not found:
            raise GrammarError(f"no agent {name!r}")
        self._control.ask("agent.remove" if verb == "kill" else f"agent.{verb}", found[0].shape)

    # --- the console

    def _show(self, command: g.Command) -> None:
        screen, config = self._screen, self._context.config
        if config.hosted and isinstance(command, g.Shot | g.Record | g.Replay):
            raise GrammarError("a hosted console has no files: pictures and recordings are for your own machine")
        match command:
            case g.Symbol(ticker):
                screen.pick(find_market(self._context.view, ticker).instrument.symbol_id)
            case g.Show():
                screen.go("blotter")
            case g.Go(mode):
                screen.go(mode)
            case g.Timeframe(interval):
                screen.set_timeframe(interval)
            case g.Group(ticks):
                self._context.group = max(1, min(1_000, ticks))
            case g.ThemeName(name):
                if name not in THEMES:
                    raise GrammarError(f"unknown theme {name!r}: one of {', '.join(THEMES)}")
                screen.set_theme(name)
            case g.Rate(hz):
                screen.set_rate(max(1.0, min(HOSTED_HZ if config.hosted else 30.0, hz)))
            case g.Shot(kind, file):
                screen.save_shot(kind, file)
            case g.Record(file):
                screen.record(file)
            case g.Replay(file, speed):
                screen.replay(file, speed)
            case g.Help():
                screen.show_commands()
            case g.Tour():
                screen.tour()
            case g.Quit():
                screen.leave()

    def _set(self, key: str, value: str) -> None:
        desk, settings = self._context.desk, self._context.config.settings
        match key:
            case "size":
                desk.set_size(self._units(value))
            case "presets":
                desk.settings.presets = [self._units(word) for word in value.split()][:5]
                desk.set_size(desk.settings.size)
            case "band":
                band = parse_qty(value).share if value.endswith("%") else None
                if band is None or band > 0.5:
                    raise GrammarError("a band is a share of the price: 1% to 50%")
                desk.settings.band = band
            case "sweep" | "bell":
                if value not in ("on", "off"):
                    raise GrammarError(f"{key} is on or off")
                if key == "sweep":
                    desk.settings.sweep = value == "on"
                else:
                    settings.bell = value == "on"
                desk.set_size(desk.settings.size)
        self._tell("information", f"{key} is {value}")

    def _units(self, word: str) -> float:
        units = parse_qty(word).units
        if units is None:
            raise GrammarError("a size is a number")
        return units
