"""What processes write down: JSON lines in a file of the data directory, never on the screen, and never a secret."""

from __future__ import annotations

import logging
import logging.handlers
import re
import sys
from pathlib import Path

import msgspec
import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from net.errors import StartupError

LOG_FILE_BYTES = 8 * 1024 * 1024
LOG_FILES = 4
"""A process keeps this many old log files beside the current one."""

_SECRET_KEYS = frozenset({"token", "credential", "secret", "password", "authorization", "api_key", "private_key"})
_SECRET_TEXT = re.compile(r"(?i)((?:token|api_key|secret|password|authorization)[\"']?\s*[=:]\s*[\"']?)[^\s&\"',;}]+")


def mask_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace the values of secrets, whether they are fields or parts of a text such as a URL's query."""
    del logger, method
    for key, value in event.items():
        if key.lower() in _SECRET_KEYS:
            event[key] = "***"
        elif isinstance(value, str):
            event[key] = _SECRET_TEXT.sub(r"\1***", value)
    return event


_PROCESSORS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    mask_secrets,
]
_TO_LOGGING: list[Processor] = [
    structlog.stdlib.filter_by_level,
    *_PROCESSORS,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger with fields: ``log.info("what happened", field=1)``. Quiet until logging is configured."""
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name), processors=_TO_LOGGING, wrapper_class=structlog.stdlib.BoundLogger
    )
    return logger


def configure_logging(data_dir: Path | None, name: str, level: int = logging.INFO) -> None:
    """Log as JSON lines to ``data_dir/logs/NAME.log``, rotated and bounded; without a directory, nowhere.

    Takes what libraries log with ``logging`` as well. Nothing is ever written to the screen, and values that go by a
    secret's name are masked.

    Raises:
        StartupError: the file cannot be written to.
    """
    handler: logging.Handler = logging.NullHandler()
    if data_dir is not None:
        handler = _log_file(data_dir / "logs" / f"{name}.log")
        handler.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=_PROCESSORS,
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(serializer=_to_json),
                ],
            )
        )
    root = logging.getLogger()
    for old in root.handlers:
        old.close()
    root.handlers = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    structlog.configure(
        processors=_TO_LOGGING,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class _LogFile(logging.handlers.RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Go without what a full disk does not take: its traceback on the terminal would bury what matters there."""
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


def _log_file(path: Path) -> logging.Handler:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _LogFile(path, maxBytes=LOG_FILE_BYTES, backupCount=LOG_FILES)
    except OSError as error:
        raise StartupError(f"the log file {path} cannot be written to: {error.strerror or error}") from error


def _to_json(event: EventDict, **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()
