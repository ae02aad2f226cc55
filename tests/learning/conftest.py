"""The desk's web side and its people, as the desk's own tests have them."""

from tests.desk.conftest import address, app, chen, lin, login, visitor, zhou

__all__ = ["address", "app", "chen", "lin", "login", "visitor", "zhou"]
