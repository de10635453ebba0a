"""The report of a session: one HTML page with plots and the stylized facts, and the trades and quotes as files.

The page needs nothing besides a browser. ``write_report`` is for simulations; ``write_session_report`` makes the same
page of a live session's journal.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from agents.market import NS
from agents.outcome import AgentOutcome
from agents.recorded import RecordedSession
from agents.reporting.pictures import equity_picture, market_pictures
from agents.series import MarketSeries
from agents.simulated.recorder import Tape
from agents.simulation import START_NS, SimulationResult
from agents.stylized_facts import FactSheet, fact_sheet

STYLE = (
    "body{font:14px/1.45 system-ui,sans-serif;margin:2em auto;max-width:1000px;padding:0 1em;color:#1b1f24;"
    "background:#fff}h1{font-size:1.5em}h2{font-size:1.15em;margin-top:1.6em}table{border-collapse:collapse;"
    "width:100%}td,th{padding:.25em .6em;border-bottom:1px solid #ddd;text-align:left}td.n{text-align:right;"
    "font-variant-numeric:tabular-nums}.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(420px,1fr));"
    "gap:8px}svg{width:100%;height:auto;background:#fafafa;border:1px solid #e5e5e5}svg text{font:10px sans-serif;"
    "fill:#444}svg text.t{font-size:12px;font-weight:600}svg .g{stroke:#e5e5e5}.yes{color:#00734d}.no{color:#b3261e}"
    "small{color:#666}"
)
BINS_S = (10, 60)
CURVES = 8


def fact_sheets(result: SimulationResult, bins_s: Sequence[int] = BINS_S) -> list[FactSheet]:
    """The stylized facts of every market of a simulation, at every bin."""
    return [
        fact_sheet(series)
        for tape in result.recorder.tapes.values()
        for series in (_series(tape, result, bin_s) for bin_s in bins_s)
    ]


def write_report(result: SimulationResult, folder: Path) -> Path:
    """Write ``report.html``, ``trades.csv``, ``quotes.csv`` and ``summary.json`` into ``folder``; the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    sheets = fact_sheets(result)
    page = folder / "report.html"
    page.write_text(report_html(result, sheets), encoding="utf-8")
    _write_trades(result, folder / "trades.csv")
    _write_quotes(result, folder / "quotes.csv")
    (folder / "summary.json").write_text(json.dumps(summary(result, sheets), indent=2) + "\n", encoding="utf-8")
    return page


def write_parquet(result: SimulationResult, folder: Path) -> list[Path]:
    """Write ``trades.parquet`` and ``quotes.parquet``; needs pyarrow (``pip install 'tradesim-tui[parquet]'``)."""
    import pyarrow
    import pyarrow.csv
    import pyarrow.parquet

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, write in (("trades", _write_trades), ("quotes", _write_quotes)):
        source = folder / f"{name}.csv"
        if not source.exists():
            write(result, source)
        target = folder / f"{name}.parquet"
        pyarrow.parquet.write_table(pyarrow.csv.read_csv(source), target)
        written.append(target)
    return written


def summary(result: SimulationResult, sheets: Sequence[FactSheet]) -> dict[str, object]:
    """What came out, as plain data."""
    return {
        "scenario": result.scenario,
        "seed": result.seed,
        "simulated_s": result.simulated_s,
        "interrupted": result.interrupted,
        "event_hash": result.event_hash,
        "events": result.events,
        "orders": result.orders,
        "trades": result.trades,
        "rejected": result.rejected,
        "cpu_s": round(result.cpu_s, 3),
        "facts": [
            {
                "ticker": sheet.ticker,
                "bin_s": sheet.bin_s,
                "passed": sheet.passed,
                "of": len(sheet.findings),
                "sane": sheet.sane,
                "values": {
                    finding.name: None if math.isnan(finding.value) else round(finding.value, 4)
                    for finding in sheet.findings
                },
            }
            for sheet in sheets
        ],
        "agents": [
            {"name": agent.name, "personality": agent.personality, "pnl": round(agent.pnl, 2), "fills": agent.fills}
            for agent in result.agents
        ],
    }


def report_html(result: SimulationResult, sheets: Sequence[FactSheet]) -> str:
    """The page of a simulation."""
    hours = result.simulated_s / 3600
    facts = [
        f"{hours:.2f} hours simulated in {result.cpu_s:.1f} CPU seconds" if result.cpu_s else f"{hours:.2f} hours",
        f"{result.orders:,} orders, {result.trades:,} trades, {result.events:,} events",
        f"seed {result.seed}, event log {result.event_hash[:16]}",
    ]
    if result.interrupted:
        facts.append("interrupted: this is what was computed until then")
    parts = [_facts_line(facts)]
    for tape in result.recorder.tapes.values():
        series = _series(tape, result, BINS_S[0])
        skip = int(result.warm_up_s)
        pictures = market_pictures(series, tape.tick_size, tape.value[skip:], _mean_depth(tape))
        parts.append(market_section(tape.ticker, pictures, [sheet for sheet in sheets if sheet.ticker == tape.ticker]))
    parts.append(_agents_section(result.agents, result.curve_step_s))
    return page_html(f"Scenario {result.scenario}", parts)


def write_session_report(session: RecordedSession, title: str, folder: Path) -> Path:
    """Write ``report.html`` about a recorded live session into ``folder``; the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "report.html"
    page.write_text(session_html(session, title), encoding="utf-8")
    return page


def session_html(session: RecordedSession, title: str) -> str:
    """The page of a recorded session."""
    trades = sum(len(tape.time) for tape, _ in session.tapes)
    begun, ended = (datetime.fromtimestamp(at / NS, UTC) for at in (session.begun_at, session.ended_at))
    facts = [
        f"{begun:%Y-%m-%d %H:%M:%S} to {ended:%Y-%m-%d %H:%M:%S} UTC, {session.seconds / 3600:.2f} hours of them open",
        f"{session.commands:,} commands, {trades:,} trades, {session.events:,} events",
        f"state {session.state_hash}",
    ]
    parts = [_facts_line(facts)]
    for tape, start in session.tapes:
        markets = [MarketSeries.of_tape(tape, start, bin_s=bin_s, day_s=math.inf) for bin_s in BINS_S]
        pictures = market_pictures(markets[0], tape.tick_size, depth=_mean_depth(tape))
        parts.append(market_section(tape.ticker, pictures, [fact_sheet(series) for series in markets]))
    parts.append(_agents_section(session.agents, session.curve_step_s))
    return page_html(title, parts)


def page_html(title: str, parts: Sequence[str]) -> str:
    """A whole page."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>\n"
    )


def market_section(ticker: str, pictures: Sequence[str], sheets: Sequence[FactSheet]) -> str:
    """One market: its pictures and its facts."""
    tables = "".join(_facts_table(sheet) for sheet in sheets)
    return f'<h2>{escape(ticker)}</h2><div class="grid">{"".join(pictures)}</div>{tables}'


def _facts_table(sheet: FactSheet) -> str:
    rows = []
    for finding in sheet.findings:
        verdict, style = {True: ("yes", "yes"), False: ("no", "no"), None: ("too little data", "")}[finding.passed]
        value = "" if math.isnan(finding.value) else f"{finding.value:.3f}"
        rows.append(
            f'<tr><td>{escape(finding.name)}</td><td class="n">{value}</td><td>{escape(finding.threshold)}</td>'
            f'<td class="{style}">{verdict}</td><td><small>{escape(finding.source)}</small></td></tr>'
        )
    sane = "" if sheet.sane else ' <span class="no">The price ran away or the book was dead.</span>'
    return (
        f"<h3>Stylized facts over {sheet.bin_s} s: {sheet.passed} of {len(sheet.findings)}{sane}</h3><table><tr>"
        f"<th>fact</th><th>value</th><th>wanted</th><th>shown</th><th>source</th></tr>{''.join(rows)}</table>"
    )


def _facts_line(facts: Sequence[str]) -> str:
    return f"<p>{'<br>'.join(escape(fact) for fact in facts)}</p>"


def _agents_section(agents: Sequence[AgentOutcome], curve_step_s: int) -> str:
    ranked = sorted(agents, key=lambda agent: -agent.pnl)
    shown = ranked if len(ranked) <= CURVES else ranked[: CURVES // 2] + ranked[-CURVES // 2 :]
    rows = "".join(
        f'<tr><td>{escape(agent.name)}</td><td>{escape(agent.personality)}</td><td class="n">{agent.pnl:,.2f}</td>'
        f'<td class="n">{agent.fills:,}</td></tr>'
        for agent in ranked
    )
    picture = equity_picture([(agent.name, agent.curve) for agent in shown], curve_step_s / 60)
    return (
        f'<h2>Agents</h2><div class="grid">{picture}</div><table><tr><th>agent</th><th>personality</th><th>profit</th>'
        f"<th>fills</th></tr>{rows}</table>"
    )


def _series(tape: Tape, result: SimulationResult, bin_s: int) -> MarketSeries:
    return MarketSeries.of_tape(tape, START_NS, skip_s=result.warm_up_s, bin_s=bin_s)


def _mean_depth(tape: Tape) -> tuple[list[float], list[float]]:
    count = max(tape.depth_samples, 1)
    return [total / count for total in tape.bid_depth], [total / count for total in tape.ask_depth]


def _write_trades(result: SimulationResult, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["ticker", "seconds", "price_ticks", "qty_lots", "taker", "mid_before_ticks"])
        for tape in result.recorder.tapes.values():
            for time, price, qty, sign, mid in zip(
                tape.time, tape.price, tape.qty, tape.sign, tape.mid_before, strict=True
            ):
                seconds = f"{(time - START_NS) / NS:.6f}"
                writer.writerow([tape.ticker, seconds, price, qty, {1: "buy", -1: "sell", 0: ""}[sign], mid])


def _write_quotes(result: SimulationResult, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["ticker", "second", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots", "value_ticks"])
        for tape in result.recorder.tapes.values():
            rows = zip(tape.bid, tape.bid_qty, tape.ask, tape.ask_qty, tape.value, strict=True)
            for second, (bid, bid_qty, ask, ask_qty, value) in enumerate(rows):
                writer.writerow([tape.ticker, second, bid or "", bid_qty, ask or "", ask_qty, f"{value:.3f}"])
