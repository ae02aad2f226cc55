"""What can go wrong with a case.

CaseError
├── UnknownCase   no case of that number
├── BadSurvey     a score that is none of 1 to 5, an unknown dimension, or nothing to record
├── BadFinding    a cause that catalog/quality.yml does not know
├── TooLate       a finished case is not opened again after so long; `days` is how long it may be
├── BadMerge      into itself, into a finished case, or into one of another customer
├── BadIncident   an unknown kind, no or an unknown place, a twin, an end before its beginning; or closed already
└── NotAllowed    the state does not allow the transition; `allowed` names those it does
"""


class CaseError(Exception):
    """Base of this room's errors."""


class UnknownCase(CaseError):
    pass


class TooLate(CaseError):
    def __init__(self, days: int) -> None:
        super().__init__(f"a case can be opened again within {days} days")
        self.days = days


class BadMerge(CaseError):
    pass


class BadIncident(CaseError):
    pass


class BadSurvey(CaseError):
    pass


class BadFinding(CaseError):
    pass


class NotAllowed(CaseError):
    def __init__(self, transition: str, state: str, allowed: list[str]) -> None:
        super().__init__(f"{transition} is not allowed in state {state}; allowed: {', '.join(allowed) or 'none'}")
        self.allowed = allowed
