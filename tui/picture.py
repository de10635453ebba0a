"""From an SVG of the screen to a PNG, by a headless Chromium where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
TIMEOUT_S = 60


def browser() -> str | None:
    """Path of a browser that can draw SVG."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def png_of(svg: Path, scale: float = 1.0) -> Path | None:
    """Draw the SVG beside itself as PNG; None without a browser, or when it fails."""
    program = browser()
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg.read_text(encoding="utf-8"))
    if program is None or size is None:
        return None
    png = svg.with_suffix(".png")
    png.unlink(missing_ok=True)
    width, height = (int(float(part)) + 1 for part in size.groups())
    with tempfile.TemporaryDirectory() as profile:
        command = [
            program, *FLAGS, f"--user-data-dir={profile}", f"--screenshot={png.resolve()}",
            f"--window-size={width},{height}", f"--force-device-scale-factor={scale:g}", svg.resolve().as_uri(),
        ]  # fmt: skip
        try:
            subprocess.run(command, check=False, capture_output=True, timeout=TIMEOUT_S)
        except (OSError, subprocess.TimeoutExpired):
            return None
    return png if png.exists() else None
