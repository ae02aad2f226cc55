"""Every text a customer may read, with its place: domain.yml, bot/wording, the widget, the catalog."""

import re
from dataclasses import dataclass
from typing import Any

import yaml

from bot import catalog, wording
from bot.settings import ROOT

WIDGET = ROOT / "bot" / "widget"


@dataclass(frozen=True)
class Said:
    """One text in one language, `titles` and `payloads` those of its buttons."""

    language: str
    text: str
    titles: tuple[str, ...] = ()
    payloads: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        return (self.text, *self.titles)


@dataclass(frozen=True)
class Pair:
    """What is said at one place: `key` is a response, a key of bot/wording, `widget.<key>`, `catalog.<kind>.<name>`."""

    key: str
    zh: Said
    en: Said

    @property
    def both(self) -> tuple[Said, Said]:
        return self.zh, self.en


def read_yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def pair(key: str, zh: str, en: str) -> Pair:
    return Pair(key, Said("zh", zh), Said("en", en))


def responses() -> list[Pair]:
    """The unconditional Chinese default and the last variation, which tests/faq/test_wording.py knows to be English."""
    return [Pair(name, _said("zh", said[0]), _said("en", said[-1])) for name, said in _domain()["responses"].items()]


def spoken_outside_rasa() -> list[Pair]:
    zh, en = wording.texts("zh"), wording.texts("en")
    return [pair(key, zh.get(key, ""), en.get(key, "")) for key in sorted({*zh, *en})]


def widget() -> list[Pair]:
    """The tables of texts.js and embed.js, whose literals are YAML too, and the page's sentence without scripts."""
    tables = re.search(r"const TEXTS = (\{.*?\n\});", _source("static/app/texts.js"), re.DOTALL)
    assert tables
    pairs = _table(*(yaml.safe_load(tables[1])[language] for language in wording.LANGUAGES), "widget")
    button = re.findall(r"[?:] (\{ open: .*? \})", _source("static/embed.js"))
    zh, _, en = re.findall(r"<noscript>(.*)</noscript>", _source("templates/page.html"))[0].partition("。 ")
    return [*pairs, *_table(*map(yaml.safe_load, button), "embed"), pair("page.noscript", f"{zh}。", en)]


def from_the_catalog() -> list[Pair]:
    """Names and advice that answers quote: things to send and their classes, outlets, cities, carriers."""
    things = catalog.read("prohibited")
    outlets = catalog.read("outlets")["outlets"]
    named = {
        "item": [(item["zh"], item["en"]) for item in things["items"]],
        "advice": [(item["advice"], item["advice_en"]) for item in things["items"] if "advice" in item],
        "class": things["classes"].values(),
        "outlet": [(outlet["name"], outlet["name_en"]) for outlet in outlets],
        "address": [(outlet["address"], outlet["address_en"]) for outlet in outlets],
        "city": [names for region in catalog.read("cities")["regions"].values() for names in region],
        "canned": [(reply["zh"], reply["en"]) for reply in catalog.read("canned")["replies"].values()],
        "carrier": [(carrier["zh"], carrier["en"]) for carrier in catalog.carriers().values()],
    }
    return [pair(f"catalog.{kind}.{zh}", zh, en) for kind, names in named.items() for zh, en in names]


def everything() -> list[Pair]:
    return [*responses(), *spoken_outside_rasa(), *widget(), *from_the_catalog()]


def first_answers() -> dict[str, set[str]]:
    """Each intent with the actions that answer it where a rule begins with it, outside any form."""
    answers: dict[str, set[str]] = {}
    for path in sorted((ROOT / "data").glob("*/rules.yml")):
        for rule in yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]:
            first, *then = rule["steps"]
            actions = {step["action"] for step in then if "action" in step}
            for step in first.get("or", [first]):
                answers.setdefault(step.get("intent", ""), set()).update(actions)
    return answers


def intents() -> list[str]:
    return [name if isinstance(name, str) else next(iter(name)) for name in _domain()["intents"]]


def _domain() -> Any:
    return read_yaml("domain.yml")


def _said(language: str, variation: dict[str, Any]) -> Said:
    buttons = variation.get("buttons", [])
    titles, payloads = (tuple(str(button[part]) for button in buttons) for part in ("title", "payload"))
    return Said(language, variation.get("text", ""), titles, payloads)


def _source(path: str) -> str:
    return (WIDGET / path).read_text(encoding="utf-8")


def _table(zh: dict[str, Any], en: dict[str, Any], room: str) -> list[Pair]:
    return [pair(f"{room}.{key}", _joined(zh.get(key, "")), _joined(en.get(key, ""))) for key in sorted({*zh, *en})]


def _joined(said: str | list[str]) -> str:
    return said if isinstance(said, str) else "\n".join(said)
