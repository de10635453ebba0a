"""The files in the data directory that tokens are kept in, for the gateway that writes them and whoever reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ADMIN_TOKEN_FILE: Final = "admin.token"  # noqa: S105 - a file name
SERVICE_TOKEN_FILE: Final = "service.token"  # noqa: S105 - a file name


def read_token(data_dir: Path | None, file: str) -> str:
    """A token of the data directory, or an empty string."""
    if data_dir is None:
        return ""
    try:
        return (data_dir / file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
