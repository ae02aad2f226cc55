"""Everything under /desk: JSON, live events, pages and their files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.desk import (
    api,
    canned,
    case_pages,
    cases,
    customers,
    events,
    learning,
    login,
    pages,
    panel,
    reports,
    searching,
    suggesting,
    team,
    unmasking,
)
from bot.desk.throttle import Throttle
from bot.reports.files import STATIC as REPORT_STATIC

STATIC = Path(__file__).with_name("static")


class RevalidatedFiles(StaticFiles):
    """Files a browser asks about each time: after an upgrade no old script meets a new page."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def peer(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def routes(address_of: Callable[[Request], str] = peer) -> list[BaseRoute]:
    """To be mounted at /desk. `address_of` tells a visitor's network address, for the throttle of logins."""
    throttle = Throttle()
    workspace = (canned, suggesting, searching, team, unmasking, learning)
    rooms = (cases, customers, events, panel, *workspace)
    json = [*api.routes(throttle, address_of), *(route for room in rooms for route in room.routes())]
    return [
        Mount("/api", routes=json),
        Mount("/static", RevalidatedFiles(directory=STATIC)),
        Mount("/report-static", RevalidatedFiles(directory=REPORT_STATIC)),
        *login.routes(throttle, address_of),
        *case_pages.routes(),
        *pages.routes(),
        *(route for room in workspace for route in room.page_routes()),
        *reports.routes(),
    ]
