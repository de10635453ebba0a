"""What a simulation keeps for its statistics: every print, and the quotes once a second. Columns, not objects."""

from __future__ import annotations

from array import array

from agents.market import SymbolView
from engine.types import SymbolId

DEPTH_LEVELS = 10


class Tape:
    """Prints and quotes of one instrument. Times are nanoseconds, prices ticks, quantities lots."""

    __slots__ = (
        "ask",
        "ask_depth",
        "ask_qty",
        "bid",
        "bid_depth",
        "bid_qty",
        "depth_samples",
        "initial_price",
        "mid_before",
        "price",
        "qty",
        "sign",
        "symbol_id",
        "tick_size",
        "ticker",
        "time",
        "value",
    )

    def __init__(self, symbol: SymbolView) -> None:
        self.symbol_id = symbol.symbol_id
        self.ticker = symbol.ticker
        self.tick_size = symbol.tick_size
        self.initial_price = symbol.initial_price
        self.time = array("q")
        self.price = array("q")
        self.qty = array("q")
        self.sign = array("b")
        """1 when a buyer took, -1 when a seller did, 0 in an auction."""
        self.mid_before = array("d")
        """Mid just before the order that caused the print arrived."""
        self.bid = array("q")
        """Best bid once a second, 0 for an empty side; likewise the following."""
        self.ask = array("q")
        self.bid_qty = array("q")
        self.ask_qty = array("q")
        self.value = array("d")
        """Fundamental value once a second."""
        self.bid_depth = [0.0] * DEPTH_LEVELS
        """Sum over samples of the lots at each level."""
        self.ask_depth = [0.0] * DEPTH_LEVELS
        self.depth_samples = 0


class Recorder:
    """The tapes of all instruments."""

    def __init__(self) -> None:
        self.tapes: dict[SymbolId, Tape] = {}
        self.seconds = 0
        """Samples taken so far."""

    @property
    def trades(self) -> int:
        """Prints of all instruments so far."""
        return sum([len(tape.time) for tape in self.tapes.values()])

    def list_instrument(self, symbol: SymbolView) -> None:
        """Begin a tape."""
        self.tapes[symbol.symbol_id] = Tape(symbol)

    def trade(self, symbol_id: SymbolId, time: int, price: int, qty: int, sign: int, mid_before: float) -> None:
        """Keep one print."""
        tape = self.tapes[symbol_id]
        tape.time.append(time)
        tape.price.append(price)
        tape.qty.append(qty)
        tape.sign.append(sign)
        tape.mid_before.append(mid_before)

    def sample(self, symbol: SymbolView, value: float) -> None:
        """Keep the quotes of this second."""
        tape = self.tapes[symbol.symbol_id]
        tape.bid.append(symbol.bid)
        tape.ask.append(symbol.ask)
        tape.bid_qty.append(symbol.bid_qty)
        tape.ask_qty.append(symbol.ask_qty)
        tape.value.append(value)

    def sample_depth(
        self, symbol_id: SymbolId, bids: tuple[tuple[int, int], ...], asks: tuple[tuple[int, int], ...]
    ) -> None:
        """Keep the shape of the book."""
        tape = self.tapes[symbol_id]
        tape.depth_samples += 1
        for depth, levels in ((tape.bid_depth, bids), (tape.ask_depth, asks)):
            for index, (_, qty) in enumerate(levels[:DEPTH_LEVELS]):
                depth[index] += qty
