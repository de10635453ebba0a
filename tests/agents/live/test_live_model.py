"""An agent on a real language model in a live market, over WebSocket and REST; skipped where there is none."""

import asyncio
from pathlib import Path

import pytest
from live_world import eventually, live_world

from agents.llm.config import LLMConfig, LLMError
from agents.llm.local import start
from agents.llm.model import LanguageModel
from agents.llm.openai_endpoint import OpenAIEndpoint
from net import messages as m
from net.client import Client

HEADLINE = "ACME wins record contract, raises profit forecast"


@pytest.mark.real_model
@pytest.mark.timeout(300)
async def test_an_agent_registers_reads_a_headline_decides_trades_and_tells_why(tmp_path: Path) -> None:
    try:
        server = start()
    except LLMError as missing:
        pytest.skip(str(missing))
    config = LLMConfig(
        base_url=f"{server.listening_address}/v1", model="smollm2", deadline_s=90.0, cassette=tmp_path / "tape.jsonl"
    )
    model = LanguageModel(config, OpenAIEndpoint(config))
    async with (
        live_world(tmp_path) as world,
        world.session(model) as session,
        Client(world.url, channels=["decisions"]) as watcher,
    ):
        created = await world.rest.create_agent(m.CreateAgent(name="Lena", personality="llm"))
        await eventually(lambda: created.agent_id in session.feed.hosts)
        await world.rest.publish_news(m.CreateNews(headline=HEADLINE, content="Two years of revenue.", instrument_id=1))
        async with asyncio.timeout(200):
            async for message in watcher.messages():
                if isinstance(message, m.Decision) and message.data.agent_id == created.agent_id:
                    assert message.data.stage == "llm", message.data
                    assert message.data.why
                    if message.data.action.startswith("buy") and HEADLINE in (tmp_path / "tape.jsonl").read_text():
                        break
        account = world.oms.account(created.agent_id)
        assert account is not None
        await eventually(lambda: world.oms.fills(created.agent_id))
    await model.close()
