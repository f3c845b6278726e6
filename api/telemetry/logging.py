"""Logs: one JSON object a line on standard error, with the ids of what is done; never bodies, never credentials."""

from __future__ import annotations

import logging
import sys

import structlog

from api.settings import Settings

# uvicorn says this of every handshake that was refused with a status of our own, which is not an error
REFUSED_HANDSHAKE = "ASGI callable returned without completing handshake."


def configure_logging(settings: Settings) -> None:
    """Send structlog's and the libraries' logs the same way; libraries are heard from `warning` on."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(_level(settings.log_level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    handler.addFilter(lambda record: record.getMessage() != REFUSED_HANDSHAKE)
    logging.basicConfig(handlers=[handler], level=max(logging.WARNING, _level(settings.log_level)), force=True)


def _level(name: str) -> int:
    """`debug`, `info`, `warning` or `error`; ValueError otherwise."""
    try:
        return logging.getLevelNamesMapping()[name.upper()]
    except KeyError:
        raise ValueError(f"COLLOQUY_LOG_LEVEL={name!r}: use debug, info, warning or error") from None
