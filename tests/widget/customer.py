"""The chat page in a customer's hands: what they do and what they see."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Frame, Locator, Page, expect

ANSWERED_MS = 20_000


class Customer:
    """`page` is the chat: the page itself, or the frame in which another site shows it."""

    def __init__(self, page: Page | Frame) -> None:
        self.page = page
        self.input = page.locator("#composer")
        self.log = page.get_by_role("log")
        self.replies = page.locator('[data-from="bot"]')
        self.own = page.locator('[data-from="customer"]')
        self.waiting_bar = page.locator(".WaitingBar")

    def say(self, text: str) -> None:
        self.input.fill(text)
        self.input.press("Enter")

    def ask(self, text: str) -> Locator:
        """Says `text` and gives the first reply to it."""
        before = self.messages_of("bot").count()
        self.say(text)
        reply = self.messages_of("bot").nth(before)
        expect(reply).to_be_visible(timeout=ANSWERED_MS)
        return reply

    def choose(self, title: str) -> Locator:
        """Taps the open choice `title` and gives the first reply to it."""
        before = self.messages_of("bot").count()
        self.open_choices().filter(has_text=title).click()
        reply = self.messages_of("bot").nth(before)
        expect(reply).to_be_visible(timeout=ANSWERED_MS)
        return reply

    def messages_of(self, sender: str) -> Locator:
        """Messages the server has confirmed, oldest first."""
        return self.page.locator(f'[data-from="{sender}"][data-id]')

    def open_choices(self) -> Locator:
        return self.log.locator(".Choice:not(:disabled)")

    def choose_files(self, *files: Any) -> None:
        self.page.locator('input[type="file"]').set_input_files(list(files))

    def shown(self) -> list[tuple[int, str]]:
        """Id and sender of every message on the page, from top to bottom."""
        entries = self.page.locator("[data-id]")
        return entries.evaluate_all("all => all.map(one => [Number(one.dataset.id), one.dataset.from])")

    def stored(self) -> list[tuple[int, str]]:
        """The same as the server has it, over the page's own session."""
        messages = self.page.evaluate("fetch('/chat/messages?after=0').then(answer => answer.json())")["messages"]
        return [[message["id"], message["from"]] for message in messages]

    def own_texts(self) -> list[str]:
        return self.own.locator(".Bubble").all_inner_texts()
