"""The unchanged TypeScript client against our venue, where it is installed.

npm install @nktkas/hyperliquid@0.32.2 viem
NKTKAS_MODULES=$PWD/node_modules pytest tests/net/hyperliquid/test_venue_nktkas.py
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest
from venue_world import ALICE, ALICE_KEY, running

MODULES = Path(os.environ.get("NKTKAS_MODULES", ""))
CLIENT = MODULES / "@nktkas" / "hyperliquid" / "esm" / "mod.js"
VIEM = MODULES / "viem" / "_esm" / "accounts" / "index.js"
EXAMPLE = Path(__file__).with_name("nktkas_example.mjs")

pytestmark = pytest.mark.skipif(
    not (os.environ.get("NKTKAS_MODULES") and shutil.which("node") and CLIENT.exists()),
    reason="needs node and NKTKAS_MODULES, see above",
)


async def test_a_typescript_bot_reads_trades_and_listens() -> None:
    async with running(ALICE) as world:
        await world.quotes()
        process = await asyncio.create_subprocess_exec(
            "node", "--experimental-websocket", str(EXAMPLE), world.url, ALICE_KEY, str(CLIENT), str(VIEM),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        seen = json.loads(output)
    assert seen["universe"] == ["BTC", "ETH", "kPEPE"]
    assert seen["spot"] == ["PURR/USDC", "@1"]
    assert (seen["resting"], seen["moved"], seen["open"]) == (True, "1901.0", 0)
    assert (seen["filled"], seen["position"], seen["agents"]) == ("0.2", "0.2", ["second"])
    assert "Post only order would have immediately matched" in seen["refusal"]
    assert seen["silent"] == []
