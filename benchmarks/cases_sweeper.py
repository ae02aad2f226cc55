"""One worker of the sweep that `benchmarks.cases_scale` measures: waits for a line, then does what is due."""

import sys
from datetime import datetime

from bot.db import database
from bot.duework import do_due
from bot.notices.handlers import HANDLERS

if __name__ == "__main__":
    at, data = datetime.fromisoformat(sys.argv[1]), database()
    with data.read() as session:
        session.connection()
    print("ready", flush=True)
    sys.stdin.readline()
    print(do_due(data, HANDLERS, at))
