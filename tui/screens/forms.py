"""Forms: create an instrument or an agent, publish news. What is typed is checked by the wire's own types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Horizontal
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from net.messages import CreateAgent, CreateInstrument, CreateNews

Body: TypeAlias = CreateInstrument | CreateAgent | CreateNews


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form."""

    name: str
    label: str
    hint: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A form: its title, what it makes, its lines."""

    title: str
    makes: type[CreateInstrument] | type[CreateAgent] | type[CreateNews]
    fields: tuple[Field, ...]

    def body(self, values: Mapping[str, str]) -> Body:
        """What was typed, as the type the exchange takes; empty lines are left out.

        Raises:
            msgspec.ValidationError: with the name of the line that is wrong.
        """
        given = {name: value.strip() for name, value in values.items() if value.strip()}
        return msgspec.convert(given, self.makes, strict=False)

    def problem(self, error: str) -> tuple[str, str]:
        """Name of the line that a validation error is about ("" for none), and the error in words."""
        found = re.search(r"field `(\w+)`|`\$\.(\w+)`", error)
        name = (found[1] or found[2]) if found is not None else ""
        field = next((field for field in self.fields if field.name == name), None)
        if field is None:
            return "", error
        if "missing" in error:
            return name, f"{field.label}: please fill it in"
        limit = re.search(r"Expected `(str|array|float|int)` (?:of length )?(<=|>=|<|>) ([\d.e+]+)", error)
        if limit is not None:
            than = {"<=": "at most", ">=": "at least", "<": "less than", ">": "more than"}[limit[2]]
            return name, f"{field.label}: {than} {float(limit[3]):,g}{' characters' * (limit[1] == 'str')}"
        if "regex" in error:
            return name, f"{field.label}: {field.hint}"
        return name, f"{field.label}: must be a number"


INSTRUMENT = Form(
    "list an instrument",
    CreateInstrument,
    (
        Field("ticker", "ticker", "capital letters, at most 16"),
        Field("initial_price", "first price", "e.g. 100.00"),
        Field("tick_size", "tick", "0.01", "0.01"),
        Field("lot_size", "lot", "1", "1"),
        Field("description", "description"),
        Field("industry", "industry"),
    ),
)
AGENT = Form(
    "create an agent",
    CreateAgent,
    (
        Field("name", "name", "as the leaderboard shows it"),
        Field("personality", "personality", "neutral, aggressive, conservative, momentum, value, …", "neutral"),
        Field("starting_capital", "capital", "100000", "100000"),
    ),
)
NEWS = Form(
    "publish news",
    CreateNews,
    (
        Field("headline", "headline"),
        Field("content", "text", "what happened"),
        Field("instrument_id", "instrument", "ticker; empty for all"),
        Field("sentiment", "sentiment", "-1 to 1; empty: read from the text"),
        Field("source", "source", "e.g. newsroom"),
    ),
)
FORMS = {"instrument": INSTRUMENT, "agent": AGENT, "news": NEWS}


class FormScreen(ModalScreen[Body | None]):
    """One form; gives its body back, or None when it was dropped."""

    BINDINGS = [
        Binding("escape", "dismiss(None)", "drop", show=False),
        Binding("up", "app.focus_previous", "line above", show=False),
        Binding("down", "app.focus_next", "line below", show=False),
    ]

    def __init__(self, form: Form, tickers: Mapping[str, int]) -> None:
        super().__init__()
        self.form = form
        self.tickers = tickers

    def compose(self) -> ComposeResult:
        """A line a field, then what is wrong."""
        with Container(id="form"):
            for field in self.form.fields:
                with Horizontal(classes="line"):
                    yield Label(field.label)
                    yield Input(field.value, placeholder=field.hint, id=f"field-{field.name}", compact=True)
            yield Static("", id="problem", markup=False)
            yield Static("Enter next line, at the last one sends · Esc drops", id="form-keys", markup=False)

    def on_mount(self) -> None:
        """Title of the frame, focus on the first line."""
        self.query_one("#form").border_title = self.form.title.upper()
        self.query(Input).first().focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next line, at the last one it sends."""
        inputs = list(self.query(Input))
        at = inputs.index(event.input)
        if at + 1 < len(inputs):
            inputs[at + 1].focus()
            return
        values = {line.id.removeprefix("field-"): line.value for line in inputs if line.id is not None}
        self.send(values)

    def send(self, values: dict[str, str]) -> None:
        """Give the body back, or say what is wrong."""
        ticker = values.get("instrument_id", "").strip()
        if ticker and not ticker.isdigit():
            if ticker.upper() not in self.tickers:
                self._refuse("instrument_id", f"no instrument {ticker}")
                return
            values["instrument_id"] = str(self.tickers[ticker.upper()])
        try:
            body = self.form.body(values)
        except msgspec.ValidationError as error:
            self._refuse(*self.form.problem(str(error)))
            return
        self.dismiss(body)

    def _refuse(self, name: str, text: str) -> None:
        """Say what is wrong, and go to the line it is wrong in."""
        self.query_one("#problem", Static).update(text)
        for line in self.query(f"#field-{name}").results(Input) if name else ():
            line.focus()
