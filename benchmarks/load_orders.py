"""The order flow that the benchmarks send through the engine's TCP door: the market it needs, and its request lines."""

from __future__ import annotations

import json
import random

from engine.commands import AccountLimits, AddInstrument, AnyCommand, OpenAccount
from engine.instruments import Instrument

ACCOUNTS = 400
SYMBOLS = 5
MID = 10_000


def market() -> list[AnyCommand]:
    """Instruments, and accounts that can afford whatever comes."""
    commands: list[AnyCommand] = [
        AddInstrument(instrument=Instrument(symbol_id=n, ticker=f"T{n}", initial_price=MID))
        for n in range(1, SYMBOLS + 1)
    ]
    held = dict.fromkeys(range(1, SYMBOLS + 1), 100000)
    limits = AccountLimits(max_working_orders=None)
    commands += [OpenAccount(account=f"a{n}", cash=10**15, positions=held, limits=limits) for n in range(ACCOUNTS)]
    return commands


def orders(count: int, seed: int) -> list[bytes]:
    """Request lines: limit orders near the mid that seldom cross, most of them canceled after a while."""
    rng = random.Random(seed)
    lines = []
    live: list[tuple[str, int, str]] = []
    for number in range(count):
        if len(live) > 2_000 and rng.random() < 0.5:
            account, symbol_id, name = live.pop(rng.randrange(len(live)))
            order: dict[str, object] = {
                "action": "cancel",
                "account": account,
                "symbol_id": symbol_id,
                "client_order_id": name,
            }
            lines.append({"action": "cancel", "id": number, "order": order})
            continue
        account, symbol_id, name = f"a{rng.randrange(ACCOUNTS)}", rng.randrange(1, SYMBOLS + 1), f"o{number}"
        side = rng.choice(("buy", "sell"))
        away = min(int(rng.expovariate(0.05)), 400) - (2 if rng.random() < 0.1 else 0)
        order = {
            "action": "add",
            "account": account,
            "symbol_id": symbol_id,
            "side": side,
            "qty": rng.randrange(1, 100),
            "price": MID - 1 - away if side == "buy" else MID + 1 + away,
            "client_order_id": name,
        }
        live.append((account, symbol_id, name))
        lines.append({"action": "add", "id": number, "order": order})
    return [json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines]
