from __future__ import annotations

import subprocess
import sys


def test_importing_the_client_loads_no_server_and_no_http_library() -> None:
    """The console and every bot import it; litestar alone would cost 0.3 s and 32 MB."""
    code = "import sys, net.client, net.rest_client, net.local_book; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"litestar", "uvicorn", "httpx", "textual", "structlog"} & set(loaded)
