"""Matching engines on one workload: ours, bare and with the whole order management, and those pip can install.

``python -m benchmarks.matching [variant ...] [--ops N]``. Every trade is compared with a slow reference. Times are CPU
times of this process. The last line is one JSON object.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import tracemalloc
from pathlib import Path
from statistics import median

import msgspec

import engine
from benchmarks import liquibook
from benchmarks.machine import machine
from benchmarks.peers import installed
from benchmarks.workload import ADD, CANCEL, IOC, MARKET, VARIANTS, Op, Workload, generate
from engine import batch as plain_batch
from engine.batch import Operation, OrderFlow
from engine.book_check import check_book
from engine.commands import AccountLimits, AddInstrument, AnyCommand, CancelOrder, NewOrder, OpenAccount
from engine.instruments import Instrument
from engine.matching import WORST_ASK, WORST_BID, Fill, MatchingEngine
from engine.oms import OrderManagementSystem
from engine.types import OrderType, SelfTradePrevention, Side, TimeInForce
from net.garbage import GarbagePolicy

SCALE = "bourse"
SCALE_THERE = {"std": 1.02, "deep": 0.58, "sweep": 0.85}
CPP_THERE = {
    "CppTrader": {"std": 4.87, "deep": 1.52, "sweep": 3.40},
    "geseq/cpp-orderbook": {"std": 7.07, "deep": 1.86, "sweep": 4.82},
}
"""M operations/s, all in one quiet hold of two shared 2.5 GHz cores, ``bourse`` 0.4 beside them as the measure; the C++
engines were called from C++ with the operations of a workload made by the same rules, their trades checked."""

TURNS = 7
"""How often ours and Liquibook's are measured in turns."""

_ACCOUNTS = [f"agent-{number}" for number in range(20)]


def plain(ops: list[Op]) -> list[Operation]:
    """A workload in the words of ``engine.batch``."""
    batch = []
    for op in ops:
        key = op.sign * op.price
        if op.kind == ADD:
            batch.append((plain_batch.ADD, op.order_id, key, op.qty))
        elif op.kind == IOC:
            batch.append((plain_batch.TAKE, op.order_id, key, op.qty))
        elif op.kind == MARKET:
            batch.append((plain_batch.TAKE, op.order_id, WORST_BID if op.sign > 0 else WORST_ASK, op.qty))
        elif op.kind == CANCEL:
            batch.append((plain_batch.CANCEL, op.order_id, 0, 0))
        else:
            batch.append((plain_batch.REPLACE, op.order_id, key, op.qty))
    return batch


def commands(ops: list[Op]) -> list[AnyCommand]:
    """A workload as commands of twenty accounts."""
    found: list[AnyCommand] = []
    for op in ops:
        account = _ACCOUNTS[op.order_id * 7_919 % len(_ACCOUNTS)]
        if op.kind == CANCEL:
            found.append(CancelOrder(account=account, symbol_id=1, order_id=op.order_id))
            continue
        found.append(
            NewOrder(
                account=account,
                symbol_id=1,
                side=Side.BUY if op.sign > 0 else Side.SELL,
                qty=op.qty,
                type=OrderType.MARKET if op.kind == MARKET else OrderType.LIMIT,
                price=op.price or None,
                tif=TimeInForce.IOC if op.kind == IOC else TimeInForce.GTC,
            )
        )
    return found


def bare(workload: Workload) -> float:
    """Operations a second of book and matching; the best of three."""
    warm_up, batch = plain(workload.warm_up), plain(workload.ops)
    best = float("inf")
    for _ in range(3):
        flow = OrderFlow()
        flow.run(warm_up)
        gc.collect()
        started = time.process_time()
        trades = flow.run(batch)
        best = min(best, time.process_time() - started)
        check_book(flow.book)
        assert trades == [tuple(fill) for fill in workload.fills], "wrong trades"
    return len(batch) / best


def single_calls(workload: Workload) -> float:
    """Operations a second where each is a call of its own on the matching engine that the order management uses."""
    engine_ = MatchingEngine()
    match, rest, remove = engine_.match, engine_.rest, engine_.book.remove
    slots: dict[int, int] = {}
    fills: list[Fill] = []
    started = 0.0
    for part in (plain(workload.warm_up), plain(workload.ops)):
        fills.clear()
        started = time.process_time()
        for verb, order_id, key, qty in part:
            if verb >= plain_batch.CANCEL:
                remove(slots[order_id])
            if verb != plain_batch.CANCEL:
                owner = order_id  # everybody places one order, so nobody meets himself
                left = match(owner, key, qty, SelfTradePrevention.CANCEL_RESTING, fills)
                if left and verb != plain_batch.TAKE:
                    slots[order_id] = rest(order_id, owner, key, left)
    taken = time.process_time() - started
    assert fills == [tuple(fill)[1:] for fill in workload.fills], "wrong trades"
    return len(workload.ops) / taken


def latencies(workload: Workload) -> dict[str, float]:
    """Microseconds of single operations, the clock's own included; of the garbage collector's longest pause, under the
    engine server's policy; and of a full collection, which that policy puts off."""
    flow = OrderFlow()
    flow.run(plain(workload.warm_up))
    pauses: list[int] = [0]
    began = 0

    def watch(phase: str, _: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.perf_counter_ns()
        else:
            pauses.append(time.perf_counter_ns() - began)

    gc.callbacks.append(watch)
    policy = GarbagePolicy()
    policy.start(0)
    pauses.clear()
    clock = time.perf_counter_ns
    taken = []
    for operation in plain(workload.ops):
        started = clock()
        flow.run([operation])
        taken.append(clock() - started)
    gc.callbacks.remove(watch)
    policy.stop()
    started = clock()
    gc.collect()
    full = clock() - started
    taken.sort()
    at = {"p50": 0.5, "p99": 0.99, "p99_9": 0.999}
    figures = {name: taken[int(len(taken) * share)] / 1e3 for name, share in at.items()}
    return {**figures, "gc_pause_max": max(pauses, default=0) / 1e3, "gc_full": full / 1e3}


def bytes_per_order() -> float:
    """Memory of one resting order, its share of levels and index included (tracemalloc; 20,000 on 2,000 prices)."""
    batch = [(plain_batch.ADD, n, 1_000 + n % 2_000, 10) for n in range(1, 20_001)]
    tracemalloc.start()
    flow = OrderFlow()
    flow.run(batch)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    check_book(flow.book)
    return used / len(batch)


def whole_oms(workload: Workload) -> float:
    """Commands a second through risk, ledger, matching, events and encoded journal rows, garbage as in the server."""
    oms = OrderManagementSystem()
    oms.submit(AddInstrument(instrument=Instrument(symbol_id=1, ticker="ACME", initial_price=100_000)), 0)
    limits = AccountLimits(max_working_orders=None)
    for account in _ACCOUNTS:
        oms.submit(OpenAccount(account=account, cash=10**17, positions={1: 100_000}, limits=limits), 0)
    for command in commands(workload.warm_up):
        oms.submit(command, 1)
    todo = commands(workload.ops)
    encode, now = msgspec.msgpack.Encoder().encode, 10**18
    policy = GarbagePolicy()
    policy.start(0)
    started = time.process_time()
    for command in todo:
        now += 5_000
        oms.submit(command, now)
        encode(command)
    taken = time.process_time() - started
    policy.stop()
    oms.check()
    return len(todo) / taken


def peers(workload: Workload) -> dict[str, float]:
    """Operations a second of each installed peer that trades as the reference does."""
    figures: dict[str, float] = {}
    for kind, version in installed():
        if workload.variant.modify and not kind.changes:
            continue
        ops = workload.ops[:50_000]
        peer = kind.make()
        peer.run(workload.warm_up)
        before = len(peer.fills())
        started = time.process_time()
        peer.run(ops)
        taken = time.process_time() - started
        fills = peer.fills()[before:]
        if fills != workload.fills[: len(fills)]:
            print(f"  {kind.package} {version}: wrong trades")
            continue
        figures[kind.package] = len(ops) / taken
        print(f"  {kind.package} {version} ({kind.written_in}): {len(ops) / taken:,.0f} operations/s")
    return figures


def quoted(name: str, peers_here: dict[str, float]) -> dict[str, float]:
    """What C++ engines would do here: their figures of the one run with ``bourse``, times its speed here over there."""
    if name not in SCALE_THERE or SCALE not in peers_here:
        return {}
    here = peers_here[SCALE] / (SCALE_THERE[name] * 1e6)
    return {cpp: figures[name] * 1e6 * here for cpp, figures in CPP_THERE.items()}


def beside_liquibook(workload: Workload, program: Path | None) -> tuple[float, float | None, float | None]:
    """Our operations a second, Liquibook's, and the median ratio: measured in turns, as the machine's pace changes."""
    if program is None or workload.variant.modify:
        return bare(workload), None, None
    turns = [(bare(workload), liquibook.speed(program, workload)) for _ in range(TURNS)]
    ours, theirs = zip(*turns, strict=True)
    return max(ours), max(theirs), median(our / their for our, their in turns)


def tell_distance(speed: float, theirs: float | None, ratio: float | None, estimates: dict[str, float]) -> None:
    """Say how far the C++ engines are."""
    if theirs is not None:
        print(
            f"  Liquibook (C++ called from C++): {theirs:,.0f} operations/s; ours is {ratio:.2f} of it ({TURNS} turns)"
        )
    if estimates:
        print(f"  Others in C++, not run here: quoted from another run of this workload, scaled by {SCALE}:")
    for cpp, figure in estimates.items():
        print(f"    {cpp}: {figure:,.0f} operations/s; ours is {speed / figure:.2f} of it")


def measure(workload: Workload, program: Path | None) -> dict[str, object]:
    """Print and return all figures of one workload."""
    name = workload.variant.name
    print(f"{name}: {len(workload.fills):,} trades in {len(workload.ops):,} operations")
    speed, cpp, ratio = beside_liquibook(workload, program)
    print(f"  tradesim-tui ({engine.build_kind()}): {speed:,.0f} operations/s")
    singly = None if workload.variant.modify else single_calls(workload)
    if singly is not None:
        print(f"  one call an operation, from Python: {singly:,.0f} operations/s")
    figures = peers(workload)
    estimates = quoted(name, figures)
    tell_distance(speed, cpp, ratio, estimates)
    took = latencies(workload)
    print(f"  one operation: p50 {took['p50']:.1f} µs, p99 {took['p99']:.1f} µs, p99.9 {took['p99_9']:.1f} µs")
    print(
        f"  garbage collector: longest pause {took['gc_pause_max']:.0f} µs; "
        f"a full collection, put off until it is quiet, {took['gc_full']:,.0f} µs"
    )
    return {
        "bare": speed,
        "single": singly,
        "latency_us": took,
        "peers": figures,
        "liquibook": cpp,
        "of_liquibook": ratio,
        "cpp_quoted": estimates,
    }


def main(arguments: list[str]) -> None:
    count = int(arguments[arguments.index("--ops") + 1]) if "--ops" in arguments else 100_000
    names = [name for name in arguments if name in VARIANTS] or ["std"]
    print(machine())
    result: dict[str, object] = {"machine": machine(), "build": engine.build_kind(), "ops": count}
    with liquibook.program() as program:
        for name in names:
            result[name] = measure(generate(name, count), program)
    speed = whole_oms(generate("std", count))
    result["oms"], result["bytes_per_order"] = speed, bytes_per_order()
    print(f"whole OMS: {speed:,.0f} commands/s; {result['bytes_per_order']:.0f} bytes a resting order")
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
