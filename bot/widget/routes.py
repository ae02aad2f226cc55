"""The customers' web chat as files: the page at `/`, the loader other sites include, and their scripts and styles.

Nothing here knows the customer: the page talks to `/chat/*` (DESIGN §4) like any other client.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.types import Scope

from bot.settings import settings

FOLDER = Path(__file__).resolve().parent
REVALIDATE = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}


class RevalidatedFiles(StaticFiles):
    """Files a browser asks about each time: after an upgrade no old script meets a new one."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(REVALIDATE)
        return response


def page_policy(frame_ancestors: str) -> str:
    """The page's Content-Security-Policy; `frame_ancestors` are the sites that may embed it."""
    rules = (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        f"frame-ancestors {frame_ancestors}",
    )
    return "; ".join(rules)


def routes() -> list[BaseRoute]:
    """The page (`/`), the embed loader (`/widget.js`) and what they load (`/widget/static`)."""
    templates = Jinja2Templates(directory=FOLDER / "templates")

    async def page(request: Request) -> Response:
        headers = {
            **REVALIDATE,
            "Content-Security-Policy": page_policy(settings().frame_ancestors),
            "Referrer-Policy": "no-referrer",
        }
        return templates.TemplateResponse(request, "page.html", {"timezone": settings().timezone}, headers=headers)

    async def loader(request: Request) -> Response:
        headers = {**REVALIDATE, "Cross-Origin-Resource-Policy": "cross-origin"}
        return FileResponse(FOLDER / "static" / "embed.js", media_type="text/javascript", headers=headers)

    return [
        Route("/", page),
        Route("/widget.js", loader),
        Mount("/widget/static", RevalidatedFiles(directory=FOLDER / "static", check_dir=False)),
    ]
