"""A worker that does nothing but due work, to be killed: `python -m tests.cases.sweeper <ISO time>`."""

import sys
from datetime import datetime

from bot.db import database
from bot.duework import do_due
from bot.notices.handlers import HANDLERS

if __name__ == "__main__":
    print("begins", flush=True)
    do_due(database(), HANDLERS, datetime.fromisoformat(sys.argv[1]))
