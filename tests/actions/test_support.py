"""What actions share: above all, whose work happens once."""

from rasa_sdk import Tracker

from actions.support import message_key


def tracker(conversation: str, **message: object) -> Tracker:
    return Tracker(conversation, {}, {"text": "提交", **message}, [], False, None, {}, None)


def test_a_message_that_is_answered_again_has_the_same_key() -> None:
    first, again = (tracker("c1", metadata={"inbox_id": 7}) for _ in range(2))
    assert message_key(first) == message_key(again)


def test_no_two_conversations_share_a_key_even_if_an_inbox_id_is_given_again() -> None:
    keys = {message_key(tracker(conversation, metadata={"inbox_id": 7})) for conversation in ("c1", "c2")}
    assert len(keys) == 2


def test_without_an_inbox_each_message_of_rasas_shell_has_its_own_key() -> None:
    assert len({message_key(tracker("default", message_id=number)) for number in ("a", "b")}) == 2
