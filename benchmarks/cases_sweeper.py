"""One worker of the sweep that `benchmarks.cases_scale` measures: waits for a line, then does what is due."""

import sys
from datetime import datetime

from bot import catalog
from bot.db import database
from bot.duework import do_due
from bot.notices.handlers import HANDLERS
from bot.wording import texts

if __name__ == "__main__":
    at, data = datetime.fromisoformat(sys.argv[1]), database()
    catalog.figures(), texts("zh")  # a worker that runs has read them
    with data.read() as session:
        session.connection()
    print("ready", flush=True)
    sys.stdin.readline()
    print(do_due(data, HANDLERS, at))
