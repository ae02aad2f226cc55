"""Files into the store: good rows kept, bad rows told with their line, order and repetition of no matter."""

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text

from bot.db import Database
from bot.shipments import importing
from bot.shipments.models import Party, Shipment, ShipmentEvent
from bot.shipments.tracking import look_up

SF = "SF1409283746510"


@pytest.fixture
def load(database: Database, tmp_path: Path) -> Callable[[str, str], importing.Report]:
    """Writes a file with the given lines and imports it as `shipments`, `events` or `kuaidi100`."""

    def run(kind: str, content: str) -> importing.Report:
        path = tmp_path / f"{kind}.txt"
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
        report: importing.Report = getattr(importing, f"import_{kind}")(database, path)
        return report

    return run


def shipment(database: Database, waybill: str = SF) -> Shipment:
    with database.read() as session:
        found = look_up(session, waybill)
        assert found is not None
        return found


def count(database: Database, table: Any) -> int:
    with database.read() as session:
        return int(session.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_shipment_comes_in_with_everything_the_file_says(database: Database, load: Any) -> None:
    report = load(
        "shipments",
        "waybill,carrier,status,sender_name,sender_phone,receiver_name,receiver_phone,receiver_city,receiver_address,"
        "freight,created_at,promised_at\n"
        "sf 1409 2837 46510,shunfeng,派送中,王小明,13800138000,李雷,139****5821,深圳,科技路1号,12.5,"
        "2026-11-20 09:30,2026-11-24\n",
    )
    assert (report.good, report.bad) == (1, 0)
    row = shipment(database)
    assert (row.carrier, row.status, row.freight) == ("SF", "out_for_delivery", Decimal("12.5"))
    assert row.created_at == datetime(2026, 11, 20, 1, 30, tzinfo=timezone.utc)  # no zone: Asia/Shanghai
    assert row.promised_at == datetime(2026, 11, 24, 15, 59, 59, tzinfo=timezone.utc)  # a date: all of that day
    with database.read() as session:
        sender, receiver = session.execute(select(Party).order_by(Party.role.desc())).scalars()
        assert (sender.name, sender.phone, receiver.address) == ("王小明", "13800138000", "科技路1号")
        assert sender.phone_hash and receiver.phone_hash is None and receiver.tail_hash


def test_only_the_waybill_column_is_required_and_a_byte_order_mark_does_not_hurt(database: Database, load: Any) -> None:
    assert load("shipments", f"\ufeffwaybill\r\n{SF}\r\n\r\n").good == 1
    assert shipment(database).status == "unknown"


def test_bad_rows_are_told_with_line_and_reason_and_the_good_ones_kept(
    database: Database, load: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    report = load(
        "shipments",
        f"waybill,status,freight,created_at,receiver_phone,receiver_name\n{SF},签收,,,,\n"
        ',签收,,,,\nSF1409283746511,飞走了,,,,\nSF1409283746512,,十块,,,\n"SF1409283746513",,,2026-13-01,,\n'
        "SF1409283746514,,,,12,\nSF1409283746515,,,,,\udcb0\udca1\nSF1409283746516,,,,,好\n单号,,,,,\n",
    )
    assert (report.good, report.bad) == (2, 7)
    told = [line.split("shipments.txt, ")[1] for line in capsys.readouterr().err.splitlines() if ", line" in line]
    assert [line.split(":")[0] for line in told] == [f"line {number}" for number in (3, 4, 5, 6, 7, 8, 10)]
    expected = ("missing", "飞走了", "amount", "2026-13-01", "phone", "UTF-8", "letters and digits")
    assert all(word in line for word, line in zip(expected, told, strict=True))


@pytest.mark.parametrize(("content", "reason"), [("", "empty"), ("number,text\n1,2\n", "waybill is missing")])
def test_a_file_without_the_required_columns_is_refused_whole(
    load: Any, capsys: pytest.CaptureFixture[str], content: str, reason: str
) -> None:
    report = load("shipments", content)
    assert (report.good, report.bad) == (0, 1) and reason in capsys.readouterr().err


def test_an_unclosed_quote_does_not_swallow_memory_or_fail_the_import(load: Any) -> None:
    report = load("shipments", 'waybill,receiver_address\nSF1409283746510,"' + "长" * 300_000 + "\nSF1409283746511,x\n")
    assert report.bad >= 1


def test_personal_data_is_neither_told_on_stderr_nor_readable_in_the_database(
    database: Database, load: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    load("shipments", f"waybill,receiver_name,receiver_phone,receiver_address\n{SF},李雷,13900139000,科技路\n")
    load("shipments", "waybill,receiver_name,receiver_phone,freight\nSF1409283746511,韩梅梅,13700137000,x\n")
    load("events", f"waybill,time,code,text\n{SF},2026-11-20 10:00,5,快递员王小明13800138000\n")
    stderr = capsys.readouterr().err
    assert not any(secret in stderr for secret in ("韩梅梅", "13700137000", "SF1409283746511"))
    with database.read() as session:
        stored = str(session.execute(text("select * from parties")).all())
        stored += str(session.execute(text("select * from shipment_events")).all())
    assert not any(secret in stored for secret in ("李雷", "13900139000", "科技路", "王小明", "13800138000", "9000"))


def test_importing_again_changes_nothing_and_blanks_keep_what_is_known(database: Database, load: Any) -> None:
    full = f"waybill,status,freight,receiver_name,receiver_phone\n{SF},派送中,12,李雷,13900139000\n"
    events = f"waybill,time,city,code,text\n{SF},2026-11-20 10:00,深圳,1002,到达\n"
    for _ in range(2):
        load("shipments", full)
        load("events", events)
    load("shipments", f"waybill,status,freight,receiver_name,receiver_phone\n{SF},,,,\n")
    assert count(database, Shipment) == count(database, Party) == count(database, ShipmentEvent) == 1
    with database.read() as session:
        party = session.execute(select(Party)).scalar_one()
    assert (party.name, party.phone) == ("李雷", "13900139000") and party.tail_hash
    assert shipment(database).freight == 12


def test_a_changed_row_of_the_same_shipment_wins_even_within_one_file(database: Database, load: Any) -> None:
    report = load("shipments", f"waybill,freight,service\n{SF},12,标快\n{SF},15,\n")
    row = shipment(database)
    assert report.good == 2 and (row.freight, row.service) == (15, "标快")


def test_scans_may_come_before_their_shipment_and_say_its_status(database: Database, load: Any) -> None:
    load("events", f"waybill,time,city,code,text\n{SF},2026-11-20 10:00,深圳,exception/damaged,外包装破损\n")
    load("shipments", f"waybill,status,receiver_city\n{SF},签收,深圳\n")
    row = shipment(database)
    assert (row.status, row.reason, row.receiver_city) == ("exception", "damaged", "深圳")


@pytest.mark.parametrize(("row", "reason"), [
    (f"{SF},,5,x", "time is missing"), (f"{SF},2199-01-01,5,x", "future"), (f"{SF},2026-11-20,77777,x", "77777"),
    (f"{SF},2026-11-20,,x", "code is missing"), ("12,2026-11-20,5,x", "waybill"), (f"{SF},yesterday,5,x", "yesterday"),
])  # fmt: skip
def test_a_scan_that_cannot_be_is_refused(
    load: Any, capsys: pytest.CaptureFixture[str], row: str, reason: str
) -> None:
    report = load("events", f"waybill,time,code,text\n{row}\n")
    (told,) = [line for line in capsys.readouterr().err.splitlines() if "line 2: " in line]
    assert (report.good, report.bad) == (0, 1) and reason in told.split("line 2: ")[1]


@pytest.mark.parametrize("written", [
    "2026-11-20 10:00", "2026-11-20T10:00:00+08:00", "2026-11-20T02:00:00Z", "2026/11/20 10:00:00",
])  # fmt: skip
def test_times_are_read_as_people_and_systems_write_them(database: Database, load: Any, written: str) -> None:
    load("events", f"waybill,time,code,text\n{SF},{written},5,x\n")
    assert shipment(database).last_event_at == datetime(2026, 11, 20, 2, tzinfo=timezone.utc)


START = datetime(2026, 11, 1, tzinfo=timezone.utc)
CODES = ("103", "1002", "5", "exception/damaged", "exception/held", "301", "unknown")
SCANS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(CODES)), min_size=1, max_size=8, unique=True)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(scans=SCANS, seed=st.integers(0, 999))
def test_any_order_of_scans_in_any_number_of_files_gives_the_same_shipment(
    database: Database, load: Any, scans: list[tuple[int, str]], seed: int
) -> None:
    def state(order: list[tuple[int, str]], files: int) -> tuple[Any, ...]:
        with database.write() as session:
            session.execute(delete(Shipment))
            session.commit()
        for part in range(files):
            rows = [f"{SF},{(START + timedelta(hours=h)).isoformat()},{code},x" for h, code in order[part::files]]
            load("events", "\n".join(["waybill,time,code,text", *rows]))
        row = shipment(database)
        return row.status, row.reason, row.last_event_at, count(database, ShipmentEvent)

    shuffled = random.Random(seed).sample(scans, len(scans))
    assert state(scans, 1) == state(shuffled, 1) == state(shuffled, 3)


def answer(**fields: Any) -> str:
    scans = [
        {"time": "2026-11-21 09:00:00", "context": "快递员王小明派件", "areaName": "广东,深圳市,南山区"},
        {"time": "2026-11-20 08:00:00", "context": "已揽收", "location": "杭州市"},
    ]
    base = {"message": "ok", "nu": SF, "com": "shunfeng", "status": "200", "state": "5", "data": scans}
    return json.dumps(base | fields, ensure_ascii=False) + "\n"


def test_a_kuaidi100_answer_becomes_a_shipment_with_scans_and_a_phone_to_verify_with(
    database: Database, load: Any
) -> None:
    for _ in range(2):
        assert load("kuaidi100", answer(phone="13900135821")).good == 1
    row = shipment(database)
    assert (row.carrier, row.status) == ("SF", "out_for_delivery")
    with database.read() as session:
        events = session.execute(select(ShipmentEvent).order_by(ShipmentEvent.at)).scalars().all()
        assert [event.city for event in events] == ["杭州", "深圳"]
        party = session.execute(select(Party)).scalar_one()
        assert party.role == "receiver" and party.tail_hash


def test_scans_with_advanced_codes_keep_their_own_meaning(database: Database, load: Any) -> None:
    scans = [{"ftime": "2026-11-21 09:00:00", "context": "破损", "statusCode": "209"}]
    load("kuaidi100", answer(data=scans, state="2"))
    assert (shipment(database).status, shipment(database).reason) == ("exception", "damaged")


def test_a_phone_asked_with_that_belongs_to_a_known_side_adds_nobody(database: Database, load: Any) -> None:
    load("shipments", f"waybill,sender_name,sender_phone\n{SF},王小明,13800138000\n")
    load("kuaidi100", answer(phone="8000"))
    assert count(database, Party) == 1


@pytest.mark.parametrize("line", [
    "[]\n", "{\n", answer(data=[]), answer(status="408", returnCode="408"), answer(nu=""), answer(data=["x"]),
    answer(data=[{"context": "x"}]), answer(state="99"), "\udcff\n", "[" * 100_000 + "\n",
])  # fmt: skip
def test_a_line_that_is_no_answer_is_refused_and_the_next_one_taken(load: Any, line: str) -> None:
    report = load("kuaidi100", line + answer())
    assert (report.good, report.bad) == (1, 1)
