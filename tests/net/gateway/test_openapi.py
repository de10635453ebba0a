"""The REST door does what its OpenAPI document says, for whatever the document permits and for what it does not.

All of it: ``SCHEMATHESIS_PHASES=coverage,fuzzing,stateful SCHEMATHESIS_EXAMPLES=100 pytest
tests/net/gateway/test_openapi.py``; by default only a little of each route.
"""

from __future__ import annotations

import asyncio
import os
import sys

import pytest
from gateway_world import World

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "3")
PHASES = os.environ.get("SCHEMATHESIS_PHASES", "fuzzing")

NOT_FOR_US = (
    "positive_data_acceptance",  # a price off the tick is refused, and no schema can say what the tick is
    "allow_header_conformance",  # Litestar's answer to OPTIONS names the methods of one handler, not of the path
)


@pytest.mark.timeout(900)
async def test_schemathesis_finds_nothing(world: World) -> None:
    await (await world.trader()).order("buy", 1, 99.0)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()",
        "run", f"{world.url}/openapi.json", "--header", f"Authorization: Bearer {world.admin_token}",
        "--checks", "all", "--exclude-checks", ",".join(NOT_FOR_US), "--max-examples", EXAMPLES, "--seed", "1",
        "--phases", PHASES, "--no-color", "--generation-database", "none",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    report = (await process.stdout.read()).decode()
    assert await process.wait() == 0, report
    assert "passed" in report
    assert world.gateway.metrics.internal_errors == 0
    assert (await world.http.get("/health")).json()["status"] == "ok"
