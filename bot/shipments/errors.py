"""Errors of the shipments room.

ShipmentsError
├── UnknownCode   a status code that the catalog does not list
├── BadRow        a row of an import file that cannot be taken; the message is one sentence, without personal data
├── UnknownRequest   no service request of that number
└── StepNotAllowed   its state does not allow the step; `allowed` names those it does
"""


class ShipmentsError(Exception):
    pass


class UnknownCode(ShipmentsError):
    pass


class BadRow(ShipmentsError):
    pass


class UnknownRequest(ShipmentsError):
    """There is no service request of this number."""


class StepNotAllowed(ShipmentsError):
    """A service request cannot take this step from its state; `allowed` names the steps it can."""

    def __init__(self, name: str, state: str, allowed: list[str]) -> None:
        super().__init__(f"{name!r} is not possible from {state!r}; possible: {', '.join(allowed) or 'nothing'}")
        self.allowed = allowed
