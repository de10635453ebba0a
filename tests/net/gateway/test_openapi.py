"""The REST door does what its OpenAPI document says, for whatever the document permits and for what it does not.

All of it: ``SCHEMATHESIS_PHASES=coverage,fuzzing,stateful SCHEMATHESIS_EXAMPLES=100 pytest
tests/net/gateway/test_openapi.py``; by default only a little of each route.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from gateway_world import World

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "3")
PHASES = os.environ.get("SCHEMATHESIS_PHASES", "fuzzing")

CONFIG = """
[checks.positive_data_acceptance]
# 422: what the document permits and the exchange's rules forbid, such as a price off the tick of that instrument
expected-statuses = ["2xx", 401, 403, 404, 409, 422, 429]
"""


@pytest.mark.timeout(900)
async def test_schemathesis_finds_nothing(world: World, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    await (await world.trader()).order("buy", 1, 99.0)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()",
        "--config-file", str(tmp_path / "schemathesis.toml"), "run", f"{world.url}/openapi.json",
        "--header", f"Authorization: Bearer {world.admin_token}",
        "--checks", "all", "--max-examples", EXAMPLES, "--seed", "1",
        "--phases", PHASES, "--no-color", "--generation-database", "none",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(Path(__file__).parent)},
    )  # fmt: skip
    assert process.stdout is not None
    report = (await process.stdout.read()).decode()
    assert await process.wait() == 0, report
    assert "passed" in report
    assert world.gateway.metrics.internal_errors == 0
    assert (await world.http.get("/health")).json()["status"] == "ok"
