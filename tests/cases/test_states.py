"""The state machine against a plain reading of the picture in DESIGN §5."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cases.errors import NotAllowed
from bot.cases.states import KINDS, NEW, STATES, TRANSITIONS, UNFINISHED, after, allowed

# The picture, written down once more by hand: from a state to the states one step away, for a complaint.
PICTURE = {
    "new": {"acknowledged", "triaged", "withdrawn", "merged"},
    "acknowledged": {"triaged", "investigating", "withdrawn", "merged", "rejected"},
    "triaged": {
        "investigating", "waiting_customer", "waiting_third_party", "withdrawn", "merged", "rejected",
    },
    "investigating": {
        "waiting_customer", "waiting_third_party", "proposed", "withdrawn", "merged", "rejected",
    },
    "waiting_customer": {"investigating", "withdrawn", "merged"},
    "waiting_third_party": {"investigating", "withdrawn", "merged"},
    "proposed": {"resolved", "investigating", "withdrawn", "merged"},
    "resolved": {"closed", "investigating"},
    "closed": {"investigating"},
    "withdrawn": set(),
    "merged": set(),
    "rejected": set(),
}  # fmt: skip


def test_a_complaint_can_take_exactly_the_steps_of_the_picture() -> None:
    for state, nearby in PICTURE.items():
        assert {after(state, "complaint", name) for name in allowed(state, "complaint")} - {state} == nearby, state


@given(st.lists(st.sampled_from(sorted(TRANSITIONS)), max_size=30), st.sampled_from(KINDS))
def test_any_sequence_of_wishes_stays_on_the_picture_and_a_refused_one_changes_nothing(
    wishes: list[str], kind: str
) -> None:
    state = NEW
    for wish in wishes:
        try:
            following = after(state, kind, wish)
        except NotAllowed as refusal:
            assert wish not in refusal.allowed and refusal.allowed == allowed(state, kind)
            continue
        assert following in PICTURE[state] | {state} or (following == "resolved" and kind != "complaint")
        state = following
    assert state in STATES


@pytest.mark.parametrize("kind", KINDS)
def test_every_unfinished_case_can_still_come_to_an_end(kind: str) -> None:
    for start in UNFINISHED:
        reached, edge = {start}, [start]
        while edge:
            state = edge.pop()
            for name in allowed(state, kind):
                if (following := after(state, kind, name)) not in reached:
                    reached.add(following)
                    edge.append(following)
        assert {"closed", "withdrawn"} <= reached


def test_praise_and_suggestions_are_settled_without_a_proposal_and_complaints_are_not() -> None:
    assert "settle" in allowed("acknowledged", "praise") and "settle" not in allowed("acknowledged", "complaint")
