"""Structured logs: one JSON object a line, with request, tenant and trace ids, and no personal data.

What a client sends is never logged: no bodies, no variables, no query strings, no addresses of people.
"""

import logging
import sys
from typing import Any, TextIO

import orjson
import structlog


def configure(level: str, *, stream: TextIO | None = None) -> None:
    """Send every log line to `stream`, by default standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        # Made anew for each line, a logger costs more than the line; who looks into a stream soon looks into another.
        cache_logger_on_first_use=stream is None,
    )
    # Libraries log through `logging`; their messages may quote data, so only their warnings pass, and only by name.
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[NamesOnly()], force=True)


def to_json(event: dict[str, Any], **_options: Any) -> str:
    return orjson.dumps(event, default=str).decode()


class NamesOnly(logging.Handler):
    """Tells that a library complained and where, without repeating what it said."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__qualname__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger("library").warning(
            "library_message", logger=record.name, severity=record.levelname, line=record.lineno, error=error
        )
