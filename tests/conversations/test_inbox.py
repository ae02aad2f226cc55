"""What comes in: ids given once, buttons and files of one's own conversation only, files judged by content."""

import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversations import inbox
from bot.conversations.answers import Answer, Question, Reply
from bot.conversations.errors import FileRefused, UnknownChoice, UnknownConversation, UnknownFile
from bot.conversations.inbox import MAX_FILE_BYTES, open_conversation, read_file, receive, store_file
from bot.conversations.text import MAX_STORED, MAX_UNDERSTOOD, clean, for_dialogue
from bot.db import Database

from .support import Customer, answer_all

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


def keep(customer: Customer, name: str, data: bytes) -> str:
    with customer.database.write() as session:
        file_id = store_file(session, customer.id, name, data)
        session.commit()
        return file_id


def test_the_same_sender_of_a_channel_has_one_conversation(database: Database) -> None:
    with database.write() as session:
        first = open_conversation(session, "rest", "key:小明").id
        assert open_conversation(session, "rest", "key:小明").id == first
        assert open_conversation(session, "rest", "key:小红").id != first
        session.commit()


def test_twenty_copies_of_one_message_at_once_are_one_message(database: Database) -> None:
    customer, ids = Customer(database), set()

    def send() -> None:
        ids.add(customer.send("一", client_id="same").seq)

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ids == {1} and len(customer.sees()) == 1


def test_a_message_to_no_conversation_is_refused(database: Database) -> None:
    with database.write() as session, pytest.raises(UnknownConversation):
        receive(session, "nobody", "1", text="一")


def test_a_button_shows_its_title_and_keeps_its_payload_on_the_server(database: Database) -> None:
    customer = Customer(database)
    customer.send("你好")
    answer_all(database)
    assert "/track_shipment" not in str(customer.sees())
    customer.send(choice=customer.choice("查快递"))
    answer_all(database)
    assert customer.sees()[2]["text"] == "查快递"
    assert customer.hears()[-1] == "您说：/track_shipment"


async def offering(question: Question) -> Answer:
    """Repeats what it was asked and offers choices of all kinds."""
    choices = (
        ("确认", "/affirm"), ("I don't have it", "/skip"), ("2 分", "/rate_2"), ("2300", "/pick_2300"),
        ("查这件", "/track_1"), ("查这件", "/track_2"),
    )  # fmt: skip
    return Answer(replies=[Reply(f"您说：{question.text}", choices=choices)])


@pytest.mark.parametrize(
    ("typed", "payload"),
    [
        ("确认", "/affirm"), (" 确认。", "/affirm"), ("i don’t have it", "/skip"), ("I DON'T HAVE IT!", "/skip"),
        ("２分", "/rate_2"),
    ],  # fmt: skip
)
def test_the_typed_words_of_an_open_choice_are_that_choice_and_stay_in_the_transcript(
    database: Database, typed: str, payload: str
) -> None:
    customer = Customer(database)
    for words in ("你好", typed):
        customer.send(words)
        answer_all(database, offering)
    assert customer.sees()[2]["text"] == typed.strip()
    assert customer.hears()[-1] == f"您说：{payload}"


@pytest.mark.parametrize("typed", ["确认？", "确认地址", "2", "2300", "查这件"])
def test_other_words_than_a_choices_a_bare_number_and_words_of_two_choices_stay_words(
    database: Database, typed: str
) -> None:
    customer = Customer(database)
    for words in ("你好", typed):
        customer.send(words)
        answer_all(database, offering)
    assert customer.hears()[-1] == f"您说：{typed}"


def test_the_words_of_a_choice_that_was_passed_over_are_words_again(database: Database) -> None:
    customer = Customer(database)
    customer.send("你好")
    answer_all(database, offering)
    customer.send("等一下")
    customer.send("确认")
    answer_all(database, offering)
    assert customer.hears()[-1] == "您说：确认"


def test_the_words_of_a_choice_of_yesterday_are_words_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = Customer(database)
    customer.send("你好")
    answer_all(database, offering)
    monkeypatch.setattr(inbox, "CHOICE_LIFETIME", timedelta(0))
    customer.send("确认")
    answer_all(database, offering)
    assert customer.hears()[-1] == "您说：确认"


@pytest.mark.parametrize("guess", ["", "2", "2-", "2-AAAAAAAAAAAAAAAA", "-", "99999999999-x", "x-y", "２-a"])
def test_a_guessed_button_is_refused(database: Database, guess: str) -> None:
    customer = Customer(database)
    customer.send("你好")
    answer_all(database)
    with pytest.raises(UnknownChoice):
        customer.send(choice=guess)


def test_another_customers_button_is_refused(database: Database) -> None:
    one, other = Customer(database), Customer(database)
    for customer in (one, other):
        customer.send("你好")
    answer_all(database)
    with pytest.raises(UnknownChoice):
        other.send(choice=one.choice("查快递"))


def test_a_button_of_yesterday_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = Customer(database)
    customer.send("你好")
    answer_all(database)
    monkeypatch.setattr(inbox, "CHOICE_LIFETIME", timedelta(0))
    with pytest.raises(UnknownChoice):
        customer.send(choice=customer.choice("查快递"))


def test_a_photo_is_kept_under_its_name_and_type(database: Database) -> None:
    customer = Customer(database)
    file_id = keep(customer, "箱子.png", PNG)
    customer.send(file_id=file_id)
    with database.read() as session:
        file = read_file(session, customer.id, file_id)
    assert (file.content, file.name, file.media_type) == (PNG, "箱子.png", "image/png")
    assert customer.sees()[0]["file"] == {"id": file_id, "name": "箱子.png", "media_type": "image/png"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "file_empty"),
        (b"<html><script>alert(1)</script></html>", "file_type"),
        (b"MZ\x90\x00\x03", "file_type"),
        (b"just words", "file_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "file_type"),
        (PNG + b"\0" * MAX_FILE_BYTES, "file_too_large"),
    ],
    ids=["empty", "html", "program", "words", "svg", "large"],
)
def test_what_is_no_photo_or_pdf_is_refused_with_the_reason(database: Database, data: bytes, reason: str) -> None:
    with pytest.raises(FileRefused) as refused:
        keep(Customer(database), "photo.png", data)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01" + b"\0" * 47 + b"\xff\xd9", "image/jpeg"),
        (b"\xff\xd8\xff\xe1\x00\x18Exif\x00\x00II*\x00" + b"\0" * 40 + b"\xff\xd9", "image/jpeg"),
        (PNG, "image/png"),
        (b"GIF89a\x01\x00\x01\x00\x80\x00\x00", "image/gif"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00", "image/webp"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "image/heif"),
        (b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF", "application/pdf"),
    ],
    ids=["jfif", "exif", "png", "gif", "webp", "heic", "pdf"],
)
def test_photos_and_pdfs_are_known_by_their_content(database: Database, data: bytes, media_type: str) -> None:
    customer = Customer(database)
    file_id = keep(customer, "upload.bin", data)
    with database.read() as session:
        assert read_file(session, customer.id, file_id).media_type == media_type


def test_another_customers_file_is_neither_read_nor_sent(database: Database) -> None:
    one, other = Customer(database), Customer(database)
    file_id = keep(one, "a.png", PNG)
    with pytest.raises(UnknownFile):
        other.send(file_id=file_id)
    with database.read() as session:
        assert read_file(session, other.id, file_id) is None


@given(st.text(max_size=1000) | st.text(alphabet=st.characters(whitelist_categories=("Cc", "Cs", "Co", "Zs"))))
def test_cleaned_text_can_be_stored_and_obeyed_by_nobody(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned and len(cleaned) <= MAX_STORED and clean(cleaned) == cleaned
    asked = for_dialogue(cleaned)
    assert not asked.startswith("/") and len(asked) <= MAX_UNDERSTOOD
