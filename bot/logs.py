"""Logging for every process. Set up before Rasa is imported: it prints message texts by itself."""

import logging
import os
import sys
import traceback
from types import TracebackType
from typing import Any

import structlog


class Reticent(logging.Formatter):
    """Shows where an exception came from and of what kind it is, but not its message: that may quote a customer."""

    def formatException(self, ei: Any) -> str:
        kind, error, trace = ei
        return "".join(_frames(trace)) + f"{kind.__module__}.{kind.__qualname__}{_cause(error)}"


def _frames(trace: TracebackType | None) -> list[str]:
    return traceback.format_list(traceback.extract_tb(trace))


def _cause(error: BaseException) -> str:
    cause = error.__cause__ or error.__context__
    return f" (from {type(cause).__module__}.{type(cause).__qualname__})" if cause else ""


def set_up(level: str) -> None:
    """Plain lines on stderr; Rasa and its libraries only from WARNING, and never with message contents."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Reticent("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("rasa", "rasa_sdk", "tensorflow", "alembic", "matplotlib", "apscheduler", "asyncio", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # repeats what our own handlers have logged
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.captureWarnings(True)  # Rasa's own quote what customers wrote, and it undoes every filter
    logging.getLogger("py.warnings").setLevel(logging.CRITICAL)
