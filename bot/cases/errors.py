"""What can go wrong with a case.

CaseError
├── UnknownCase   no case of that number
└── NotAllowed    the state does not allow the transition; `allowed` names those it does
"""


class CaseError(Exception):
    """Base of this room's errors."""


class UnknownCase(CaseError):
    pass


class NotAllowed(CaseError):
    def __init__(self, transition: str, state: str, allowed: list[str]) -> None:
        super().__init__(f"{transition} is not allowed in state {state}; allowed: {', '.join(allowed) or 'none'}")
        self.allowed = allowed
