"""The desk's web side and its people, as the desk's own tests have them."""

from tests.desk.conftest import address, app, browser, chen, context, lin, login, seen, visitor, zhou

__all__ = ["address", "app", "browser", "chen", "context", "lin", "login", "seen", "visitor", "zhou"]
