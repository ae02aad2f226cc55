"""One server and one browser for the chat page's tests; nothing of the page may come from elsewhere."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import Watched, chromium
from tests.support.server import Server
from tests.widget.customer import Customer

OpenPage = Callable[..., Customer]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[OpenPage]:
    """Opens the chat as a new customer: `open_page("/?lang=en", viewport=…)`. Afterwards checks what it loaded."""
    opened = []

    def open_page(path: str = "/", **context_options: Any) -> Customer:
        context = browser.new_context(**{"locale": "zh-CN", **context_options})
        opened.append((context, Watched(context)))
        page = context.new_page()
        page.goto(server.base_url + path)
        customer = Customer(page)
        expect(customer.log).to_have_attribute("aria-busy", "false", timeout=20_000)
        return customer

    yield open_page
    for context, watched in opened:
        context.close()
        assert watched.complaints == []
        assert watched.hosts() == {server.base_url.removeprefix("http://")}


@pytest.fixture
def customer(open_page: OpenPage) -> Customer:
    return open_page()
