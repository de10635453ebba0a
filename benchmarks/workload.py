"""Order flow to measure matching engines with, and what must come of it.

One seed, one flow: integer ticks, prices at a geometric distance from a slowly moving mid, sizes uniform, cancels and
changes of a live order picked uniformly, and the number of live orders held at a target by feedback. The flow is made
by running it on ``ReferenceBook``, so every cancel finds its order, and every engine's trades can be compared with the
reference's: only real work is counted.

Variants: ``std`` (1,000 live orders on some 500 levels; 49 % adds, 41 % cancels, 5 % IOC, 5 % market), ``deep``
(100,000 live orders on 25,000 levels), ``sweep`` (22 % takers that clear 1 to 5 levels), ``modify`` (20 % changes, half
of them fewer lots in place, half another price).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from sortedcontainers import SortedDict

ADD: Final = 0
IOC: Final = 1
MARKET: Final = 2
CANCEL: Final = 3
REDUCE: Final = 4
REPRICE: Final = 5

BUY: Final = 1
SELL: Final = -1


class Op(NamedTuple):
    """One operation; ``sign`` is 1 to buy, -1 to sell; ``price`` is 0 where there is none."""

    kind: int
    order_id: int
    sign: int
    price: int
    qty: int


class Fill(NamedTuple):
    """One trade."""

    taker: int
    maker: int
    price: int
    qty: int


class Variant(NamedTuple):
    """What kind of flow."""

    name: str
    live: int
    """Target number of live orders."""
    spread: int
    """Mean distance of new orders from the mid, in ticks."""
    ioc: float
    market: float
    sweep: float
    modify: float


VARIANTS: Final = {
    v.name: v
    for v in (
        Variant("std", 1_000, 140, 0.05, 0.05, 0.0, 0.0),
        Variant("deep", 100_000, 4_200, 0.05, 0.05, 0.0, 0.0),
        Variant("sweep", 1_000, 180, 0.0, 0.0, 0.22, 0.0),
        Variant("modify", 1_000, 180, 0.05, 0.05, 0.0, 0.20),
    )
}


class Workload(NamedTuple):
    """``warm_up`` fills the book, ``ops`` are measured; ``fills`` are those of the latter."""

    variant: Variant
    warm_up: list[Op]
    ops: list[Op]
    fills: list[Fill]


class ReferenceBook:
    """A plain price-time book: a sorted dict of prices a side, in each a dict of id to lots in order of arrival."""

    def __init__(self) -> None:
        self.sides: dict[int, SortedDict[int, dict[int, int]]] = {BUY: SortedDict(), SELL: SortedDict()}
        self.where: dict[int, tuple[int, int]] = {}

    def levels(self, sign: int) -> Iterator[tuple[int, dict[int, int]]]:
        """Price levels of one side, best first."""
        side = self.sides[sign]
        for key in side:
            yield -sign * key, side[key]

    def take(self, order_id: int, sign: int, price: int | None, qty: int) -> tuple[int, list[Fill]]:
        """Trade up to a price; the lots left and the trades."""
        fills: list[Fill] = []
        opposite = self.sides[-sign]
        while qty and opposite:
            key, level = opposite.peekitem(0)
            best = sign * key
            if price is not None and sign * (price - best) < 0:
                break
            while qty and level:
                maker = next(iter(level))
                lots = min(qty, level[maker])
                fills.append(Fill(order_id, maker, best, lots))
                qty -= lots
                level[maker] -= lots
                if not level[maker]:
                    del level[maker], self.where[maker]
            if not level:
                del opposite[key]
        return qty, fills

    def rest(self, order_id: int, sign: int, price: int, qty: int) -> None:
        """Put lots at the back of the queue at a price."""
        self.sides[sign].setdefault(-sign * price, {})[order_id] = qty
        self.where[order_id] = (sign, price)

    def cancel(self, order_id: int) -> tuple[int, int, int]:
        """Take an order out; its side, price and lots."""
        sign, price = self.where.pop(order_id)
        level = self.sides[sign][-sign * price]
        qty = level.pop(order_id)
        if not level:
            del self.sides[sign][-sign * price]
        return sign, price, qty

    def apply(self, op: Op) -> list[Fill]:
        """Do one operation; its trades."""
        if op.kind in (ADD, IOC, MARKET):
            left, fills = self.take(op.order_id, op.sign, op.price or None, op.qty)
            if left and op.kind == ADD:
                self.rest(op.order_id, op.sign, op.price, left)
            return fills
        if op.kind == REDUCE:
            self.sides[op.sign][-op.sign * op.price][op.order_id] = op.qty
            return []
        self.cancel(op.order_id)
        if op.kind == REPRICE:
            left, fills = self.take(op.order_id, op.sign, op.price, op.qty)
            if left:
                self.rest(op.order_id, op.sign, op.price, left)
            return fills
        return []


class _Live:
    """Live order ids, to pick from uniformly in O(1)."""

    def __init__(self, book: ReferenceBook, rng: random.Random) -> None:
        self._book = book
        self._rng = rng
        self._ids: list[int] = []

    def add(self, order_id: int) -> None:
        self._ids.append(order_id)

    def pick(self) -> int | None:
        """A live order; ids of orders that are gone are dropped as they are met."""
        ids = self._ids
        while ids:
            i = self._rng.randrange(len(ids))
            if ids[i] in self._book.where:
                return ids[i]
            ids[i] = ids[-1]
            ids.pop()
        return None


class _Generator:
    def __init__(self, variant: Variant, seed: int) -> None:
        self.variant = variant
        self.rng = random.Random(seed)
        self.book = ReferenceBook()
        self.live = _Live(self.book, self.rng)
        self.next_id = 1
        self.mid = 100_000

    def next_op(self, *, filling: bool) -> Op:
        v, rng = self.variant, self.rng
        if rng.random() < 0.01:
            self.mid += rng.choice((-1, 1))
        draw = 1.0 if filling else rng.random()
        if draw < v.ioc + v.market + v.sweep:
            return self._taker(draw)
        if draw < v.ioc + v.market + v.sweep + v.modify:
            return self._change() or self._add()
        # Feedback: at the target adds win by what takers and partial fills remove.
        error = (v.live - len(self.book.where)) / v.live
        if filling or rng.random() < min(0.95, max(0.05, 0.545 + 2 * error)):
            return self._add()
        order_id = self.live.pick()
        if order_id is None:
            return self._add()
        sign, price = self.book.where[order_id]
        return Op(CANCEL, order_id, sign, price, 0)

    def _id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def _price(self, sign: int) -> int:
        distance = 1 + int(self.rng.expovariate(1 / self.variant.spread))
        return max(1, self.mid - sign * distance)

    def _add(self) -> Op:
        sign = self.rng.choice((BUY, SELL))
        return Op(ADD, self._id(), sign, self._price(sign), self.rng.randint(1, 100))

    def _taker(self, draw: float) -> Op:
        v, rng = self.variant, self.rng
        sign = rng.choice((BUY, SELL))
        if draw < v.sweep:
            swept = list(islice(self.book.levels(-sign), rng.randint(1, 5)))
            lots = sum(sum(level.values()) for _, level in swept)
            return Op(IOC, self._id(), sign, swept[-1][0], lots) if lots else self._add()
        qty = rng.randint(1, 175)
        if draw < v.sweep + v.ioc:
            return Op(IOC, self._id(), sign, self.mid + sign * rng.randint(0, 20), qty)
        return Op(MARKET, self._id(), sign, 0, qty)

    def _change(self) -> Op | None:
        order_id = self.live.pick()
        if order_id is None:
            return None
        sign, price = self.book.where[order_id]
        qty = self.book.sides[sign][-sign * price][order_id]
        if self.rng.random() < 0.5 and qty > 1:
            return Op(REDUCE, order_id, sign, price, self.rng.randint(1, qty - 1))
        moved = self._price(sign)
        if moved == price:
            moved = price + 1
        return Op(REPRICE, order_id, sign, moved, self.rng.randint(1, 100))

    def run(self, count: int, fills: list[Fill], *, filling: bool = False) -> list[Op]:
        ops: list[Op] = []
        while len(ops) < count:
            op = self.next_op(filling=filling)
            fills.extend(self.book.apply(op))
            if op.kind == ADD and op.order_id in self.book.where:
                self.live.add(op.order_id)
            ops.append(op)
        return ops


def generate(name: str, count: int, seed: int = 7) -> Workload:
    """The flow of one variant: ``count`` measured operations after a warm-up that fills the book."""
    variant = VARIANTS[name]
    generator = _Generator(variant, seed)
    warm_up = generator.run(variant.live, [], filling=True)
    fills: list[Fill] = []
    ops = generator.run(count, fills)
    return Workload(variant, warm_up, ops, fills)
