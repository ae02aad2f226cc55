"""Photos: chosen, looked at, sent, seen again; and one clear sentence for what cannot be sent."""

from playwright.sync_api import expect

from tests.support.images import png
from tests.widget.customer import Customer

PHOTO = {"name": "破损.png", "mimeType": "image/png", "buffer": png()}


def picture_is_drawn(customer: Customer) -> bool:
    photo = customer.messages_of("customer").locator("img")
    expect(photo).to_be_visible()
    return bool(photo.evaluate("image => image.decode().then(() => image.naturalWidth === 320)"))


def test_a_photo_is_previewed_sent_and_seen_after_a_reload(customer: Customer) -> None:
    customer.choose_files(PHOTO)
    expect(customer.page.get_by_role("img", name="破损.png")).to_be_visible()
    customer.page.get_by_role("button", name="发送").click()
    expect(customer.messages_of("customer")).to_have_count(1)
    assert picture_is_drawn(customer)
    expect(customer.messages_of("bot")).to_have_count(1)
    customer.page.reload()
    assert picture_is_drawn(customer)
    assert customer.shown() == customer.stored()


def test_a_pdf_is_saved_under_its_name(customer: Customer) -> None:
    customer.choose_files({"name": "发票.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 a receipt"})
    customer.page.get_by_role("button", name="发送").click()
    expect(customer.messages_of("customer")).to_have_count(1)
    with customer.page.expect_download() as saved:
        customer.messages_of("customer").get_by_role("button", name="发票.pdf").click()
    assert saved.value.suggested_filename == "发票.pdf"
    assert saved.value.path().read_bytes() == b"%PDF-1.4 a receipt"


def test_a_photo_and_words_go_out_together_photo_first(customer: Customer) -> None:
    customer.choose_files(PHOTO)
    customer.say("盒子一角压坏了")
    expect(customer.messages_of("customer")).to_have_count(2)
    expect(customer.messages_of("customer").first.locator("img")).to_be_visible()
    expect(customer.messages_of("customer").nth(1)).to_contain_text("盒子一角压坏了")


def test_a_chosen_file_can_be_taken_back(customer: Customer) -> None:
    customer.choose_files(PHOTO)
    customer.page.get_by_role("button", name="移除 破损.png").click()
    expect(customer.page.get_by_role("button", name="发送")).to_be_disabled()


def test_a_wrong_kind_of_file_is_refused_in_one_sentence(customer: Customer) -> None:
    customer.choose_files({"name": "清单.docx", "mimeType": "application/msword", "buffer": b"x"})
    expect(customer.page.get_by_role("alert")).to_have_text(
        "“清单.docx”不能发送：请选照片（JPG、PNG、GIF、WebP、HEIC）或 PDF 文件。"
    )


def test_too_large_a_file_is_refused_before_it_travels(customer: Customer) -> None:
    customer.choose_files({"name": "大.jpg", "mimeType": "image/jpeg", "buffer": b"\xff" * (10 * 1024 * 1024 + 1)})
    expect(customer.page.get_by_role("alert")).to_have_text("“大.jpg”超过 10 MB，请压缩后再发。")
    expect(customer.page.get_by_role("button", name="发送")).to_be_disabled()


def test_a_file_that_is_not_what_its_name_says_is_refused_by_the_server(customer: Customer) -> None:
    customer.choose_files({"name": "假.png", "mimeType": "image/png", "buffer": b"MZ this is a program"})
    customer.page.get_by_role("button", name="发送").click()
    failed = customer.page.locator('[data-state="failed"]')
    expect(failed).to_contain_text("PDF")
    expect(failed.get_by_role("button", name="重试")).to_have_count(0)
