"""How fast files of shipments and scans come in, and in how much memory.

Makes a shop's files (in the order a courier's system would export them: by time, so that every shipment is
touched again and again), imports them into a new SQLite database with the command line, and prints rows a second
and the peak memory. `--shipments 100000` (10 scans each) is what issue A asks for in under three minutes.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT_S = 180
SCANS = (
    ("103", "【{city}】已揽收，揽收员：王小明（13800138000）"), ("1002", "【{city}】快件已发往下一站"),
    ("1002", "【{city}】快件已到达分拨中心"), ("1002", "【{city}】快件离开分拨中心"), ("1001", "快件已到达【{city}】"),
    ("1002", "【{city}】快件已发往营业点"), ("1002", "【{city}】快件已到达营业点"),
    ("5", "【{city}】快递员李四（13900139000）正在派件，请保持电话畅通"),
    ("501", "【{city}】快件已到驿站，请凭取件码领取"),
    ("301", "【{city}】您的快件已签收，签收人：本人，如有疑问请联系13900139000"),
)  # fmt: skip
CITIES = ("上海", "杭州", "广州", "深圳", "北京", "成都", "武汉", "西安")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--shipments", type=int, default=100_000)
    count = arguments.parse_args().shipments
    with tempfile.TemporaryDirectory() as folder:
        shipments, events = Path(folder, "shipments.csv"), Path(folder, "events.csv")
        write_shipments(shipments, count)
        write_events(events, count)
        environment = {**os.environ, "YIDA_DATABASE_URL": f"sqlite:///{folder}/yida.db", "YIDA_SECRET_KEY": "k" * 40}
        run(environment, "migrate")
        total = run(environment, "import", "shipments", str(shipments), rows=count)
        total += run(environment, "import", "events", str(events), rows=count * len(SCANS))
        size = Path(folder, "yida.db").stat().st_size
    print(f"together {total:.0f} s (limit {LIMIT_S} s), database {size / 2**20:.0f} MB")
    sys.exit(0 if total < LIMIT_S else 1)


def run(environment: dict[str, str], *command: str, rows: int = 0) -> float:
    """Runs the command line; seconds it took. Its peak memory is the child's, as the system counted it."""
    started = time.perf_counter()
    child = os.posix_spawn(sys.executable, [sys.executable, "-m", "bot", *command], environment)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - started
    if status:
        sys.exit(f"{' '.join(command[:2])} failed")
    if rows:
        memory = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
        print(f"{command[1]:9} {rows:>9,} rows {seconds:6.1f} s {rows / seconds:>8,.0f} rows/s {memory:5.0f} MB peak")
    return seconds


def waybill(number: int) -> str:
    return f"SF{1_000_000_000_000 + number * 7_919:013d}"


def write_shipments(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([
            "waybill", "carrier", "sender_name", "sender_phone", "sender_city", "receiver_name", "receiver_phone",
            "receiver_city", "receiver_address", "freight", "created_at", "promised_at",
        ])  # fmt: skip
        for number in range(count):
            rows.writerow([
                waybill(number), "SF", "张三", f"138{number:08d}", "杭州", "李四", f"139{number:08d}", "深圳",
                f"南山区科技路{number % 900}号", "12.00", "2026-11-01 09:00:00", "2026-11-05",
            ])  # fmt: skip


def write_events(path: Path, count: int) -> None:
    start, numbers = datetime(2026, 11, 1, 9), list(range(count))
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["waybill", "time", "city", "code", "text"])
        for hour, (code, text) in enumerate(SCANS):
            random.Random(hour).shuffle(numbers)
            for place, number in enumerate(numbers):
                city = CITIES[(number + hour) % len(CITIES)]
                at = start + timedelta(hours=hour, seconds=3600 * place // count)
                rows.writerow([waybill(number), at, city, code, text.format(city=city)])


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
