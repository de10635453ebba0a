from collections.abc import Iterable
from pathlib import Path

import pytest

from agents.recorded import read_session
from agents.report import write_session_report
from engine.commands import AddInstrument, AnyCommand, NewOrder, OpenAccount, RemoveInstrument
from engine.instruments import Instrument
from engine.journal import Journal
from engine.oms import OrderManagementSystem
from engine.recovery import recover
from engine.types import CASH_SCALE, Durability, Side

SECOND = 1_000_000_000
NOON = 1_700_000_000 * SECOND
ACME = Instrument(symbol_id=1, ticker="ACME", initial_price=10_000)


def order(account: str, side: Side, qty: int, price: int) -> NewOrder:
    return NewOrder(account=account, symbol_id=1, side=side, qty=qty, price=price)


OPENING: list[tuple[float, AnyCommand]] = [
    (0, AddInstrument(instrument=ACME)),
    (0, OpenAccount(account="a", name="ann", personality="human", cash=10**6 * CASH_SCALE)),
    (0, OpenAccount(account="b", name="bob", cash=10**6 * CASH_SCALE, positions={1: 1_000})),
    (0, OpenAccount(account="c", name="idle", cash=CASH_SCALE)),
    (1, order("b", Side.SELL, 10, 10_010)),
    (1, order("b", Side.BUY, 10, 9_990)),
]


def write(data_dir: Path, story: Iterable[tuple[float, AnyCommand]]) -> None:
    journal = Journal.open(data_dir, Durability.PROCESS, new_epoch="e1", boot_id="boot")
    service, _ = recover(journal, OrderManagementSystem)
    for seconds, command in story:
        now = NOON + int(seconds * SECOND)
        journal.writer.append(now, command)
        service.submit(command, now)
    journal.commit(service.sequence)
    journal.close(clean=True)


def test_a_print_is_kept_with_its_taker_and_the_mid_before_it(tmp_path: Path) -> None:
    write(tmp_path, [*OPENING, (2.5, order("a", Side.BUY, 4, 10_010)), (4, order("a", Side.SELL, 3, 9_990))])
    [(tape, start)] = read_session(tmp_path).tapes
    assert start == SECOND
    assert list(tape.time) == [2.5 * SECOND, 4 * SECOND]
    assert list(tape.price) == [10_010, 9_990]
    assert list(tape.qty) == [4, 3]
    assert list(tape.sign) == [1, -1]
    assert list(tape.mid_before) == [10_000.0, 10_000.0]


def test_quotes_are_those_of_each_second(tmp_path: Path) -> None:
    write(tmp_path, [*OPENING, (4, order("a", Side.BUY, 5, 10_000))])
    [(tape, _)] = read_session(tmp_path).tapes
    assert list(tape.bid) == [0, 9_990, 9_990, 9_990]
    assert list(tape.ask) == [0, 10_010, 10_010, 10_010]


def test_the_night_between_two_evenings_is_no_part_of_the_session(tmp_path: Path) -> None:
    write(tmp_path, [*OPENING, (30, order("a", Side.BUY, 1, 9_995)), (50_000, order("a", Side.BUY, 1, 10_010))])
    session = read_session(tmp_path)
    [(tape, _)] = session.tapes
    assert session.seconds == 30
    assert session.ended_at - session.begun_at == 50_000 * SECOND
    assert list(tape.time) == [30 * SECOND]


def test_an_instrument_listed_later_has_a_tape_from_then_on_and_one_delisted_ends(tmp_path: Path) -> None:
    second = Instrument(symbol_id=2, ticker="LATE", initial_price=500)
    write(
        tmp_path,
        [
            *OPENING,
            (10, AddInstrument(instrument=second)),
            (15, RemoveInstrument(symbol_id=2)),
            (20, order("a", Side.BUY, 1, 9_995)),
        ],
    )
    (_, (tape, start)) = read_session(tmp_path).tapes
    assert start == 11 * SECOND
    assert len(tape.bid) == 5


def test_equity_is_that_of_everybody_who_traded(tmp_path: Path) -> None:
    write(tmp_path, [*OPENING, (2, order("a", Side.BUY, 4, 10_010)), (40, order("b", Side.BUY, 1, 10_000))])
    ann, bob = read_session(tmp_path).agents
    assert (ann.name, ann.personality, ann.fills, ann.capital) == ("ann", "human", 1, 1e6)
    assert ann.pnl == 0  # bought at the price of the last trade
    assert bob.capital == 1e6 + 1_000 * 100.0
    assert bob.pnl == pytest.approx(1_000 * 0.10)  # sold or still held, each is worth ten ticks more


def test_the_page_has_the_plots_of_a_simulation_and_the_facts(tmp_path: Path) -> None:
    write(tmp_path, [*OPENING, (2, order("a", Side.BUY, 4, 10_010)), (40, order("b", Side.BUY, 1, 10_000))])
    page = write_session_report(read_session(tmp_path), "Session <one>", tmp_path / "out").read_text()
    assert page.count("<svg") == 8
    assert "Session &lt;one&gt;" in page
    assert "2023-11-14 22:13:20 to 2023-11-14 22:14:00 UTC" in page
    assert "Lillo, Farmer 2004" in page
    assert "ann" in page
