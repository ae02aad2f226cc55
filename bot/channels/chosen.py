"""The messaging platforms that credentials.yml names, made from the settings."""

from __future__ import annotations

from collections.abc import Callable

import yaml

from bot.channels.feishu import Feishu
from bot.channels.line import Line
from bot.channels.platforms import Platform
from bot.channels.telegram import Telegram
from bot.channels.wechat import WeChat
from bot.channels.wecom import WeCom
from bot.channels.whatsapp import WhatsApp
from bot.settings import Settings

KNOWN: dict[str, tuple[tuple[str, ...], Callable[[Settings], Platform]]] = {
    "wechat": (("wechat_app_id", "wechat_app_secret", "wechat_token", "wechat_aes_key"), WeChat),
    "wecom": (("wecom_corp_id", "wecom_secret", "wecom_token", "wecom_aes_key"), WeCom),
    "telegram": (("telegram_token", "telegram_secret"), Telegram),
    "whatsapp": (("whatsapp_token", "whatsapp_number_id", "whatsapp_secret", "whatsapp_verify_token"), WhatsApp),
    "feishu": (
        ("feishu_app_id", "feishu_app_secret", "feishu_encrypt_key", "feishu_verification_token"), Feishu,
    ),
    "line": (("line_token", "line_secret"), Line),
}
"""For each platform the settings it cannot do without, and what makes it of them."""
OTHERS = ("socketio",)
"""Channels that need no settings, served by the web side itself."""


def names(settings: Settings) -> list[str]:
    """Those under `channels` of the section `yida`, as they stand there."""
    given = yaml.safe_load(settings.credentials_path.read_text(encoding="utf-8")) or {}
    return [str(name) for name in (given.get("yida") or {}).get("channels") or ()]


def configured(settings: Settings) -> list[Platform]:
    """The platforms in service: those that are named and have all they need."""
    wanted = [name for name in names(settings) if name in KNOWN and not _missing(name, settings)]
    return [KNOWN[name][1](settings) for name in wanted if not _unusable(name, settings)]


def problems(settings: Settings) -> list[str]:
    """What is wrong with the platforms that are named, a sentence each."""
    named = names(settings)
    known = (*KNOWN, *OTHERS)
    unknown = [f"{name} is no channel we know ({', '.join(known)})" for name in named if name not in known]
    lacking = {name: _missing(name, settings) for name in named if name in KNOWN}
    wrong = [f"{name}: {_unusable(name, settings)}" for name, missing in lacking.items() if not missing]
    needs = [f"{name} needs {', '.join(missing)}" for name, missing in lacking.items() if missing]
    return unknown + needs + [sentence for sentence in wrong if not sentence.endswith(": ")]


def _unusable(name: str, settings: Settings) -> str:
    """What is wrong with a setting that is there; empty where nothing is."""
    try:
        KNOWN[name][1](settings)
    except ValueError as error:
        return str(error)
    return ""


def _missing(name: str, settings: Settings) -> list[str]:
    return [f"YIDA_{need.upper()}" for need in KNOWN[name][0] if not getattr(settings, need)]
