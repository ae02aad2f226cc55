"""Logging for every process. Set up before Rasa is imported: it prints message texts by itself."""

import logging
import os
import sys
import warnings

import structlog


def set_up(level: str) -> None:
    """Plain lines on stderr; Rasa and its libraries only from WARNING, and never with message contents."""
    logging.basicConfig(
        level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    for noisy in ("rasa", "rasa_sdk", "tensorflow", "alembic", "matplotlib", "apscheduler", "asyncio", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    warnings.filterwarnings("ignore")  # Rasa's own warnings quote what customers wrote
