"""Copies the browser files out of node_modules and cuts every address a browser would load something from.

ChatUI's style names remote fonts, two of its components remote pictures. We serve everything ourselves, so
those go; what still points elsewhere after that stops the installation.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

FILES = {
    "react.production.min.js": "react/umd/react.production.min.js",
    "react-dom.production.min.js": "react-dom/umd/react-dom.production.min.js",
    "chatui.js": "@chatui/core/dist/index.js",
    "chatui.css": "@chatui/core/dist/index.css",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
}
REMOTE = r"(?:https?:)?//[^\s\"'()]+"
FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}")
STYLE_ADDRESS = re.compile(rf"url\(\s*[\"']?{REMOTE}[\"']?\s*\)|@import\s[^;]*;")
SCRIPT_ADDRESS = re.compile(rf"([\"'])({REMOTE})\1")
SOURCE_MAP = re.compile(r"^(?://|/\*)[#@] sourceMappingURL=.*$", re.MULTILINE)
# Names, not addresses: namespaces, React's help text, core-js's licence. No browser loads them.
ONLY_NAMES = ("http://www.w3.org/", "https://reactjs.org/docs/error-decoder", "https://github.com/zloirock/core-js")
NOTHING = "data:,"


class RemoteAddressError(Exception):
    """A browser file would load something from elsewhere."""


def copy_browser_files(modules: Path, vendor: Path) -> None:
    """Fills the `vendor` folder from `modules` (node_modules); RemoteAddressError if an address is left."""
    shutil.rmtree(vendor, ignore_errors=True)
    vendor.mkdir(parents=True)
    for name, source in FILES.items():
        text = (modules / source).read_text(encoding="utf-8")
        clean = clean_style(text) if name.endswith(".css") else clean_script(text)
        if left := remote_addresses(clean):
            raise RemoteAddressError(f"{name} would load {', '.join(left)}")
        (vendor / name).write_text(clean, encoding="utf-8")


def clean_style(text: str) -> str:
    """A style sheet without remote fonts, pictures and imports."""
    local_fonts = FONT_FACE.sub(lambda face: "" if re.search(REMOTE, face[0]) else face[0], text)
    return SOURCE_MAP.sub("", STYLE_ADDRESS.sub("none", local_fonts))


def clean_script(text: str) -> str:
    """A script whose remote pictures are empty ones."""

    def replace(quoted: re.Match[str]) -> str:
        quote, address = quoted.groups()
        return quoted[0] if address.startswith(ONLY_NAMES) else f"{quote}{NOTHING}{quote}"

    return SOURCE_MAP.sub("", SCRIPT_ADDRESS.sub(replace, text))


def remote_addresses(text: str) -> list[str]:
    """Every address in a style or a script from which a browser would load something."""
    quoted = [match[2] for match in SCRIPT_ADDRESS.finditer(text)]
    styled = re.findall(rf"url\(\s*[\"']?({REMOTE})", text) + re.findall(r"@import\s[^;]*", text)
    return [address for address in quoted + styled if not address.startswith(ONLY_NAMES)]
