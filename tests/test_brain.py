"""The dialogue in this process, with the real model: what it hands to a turn, and what fails one."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from rasa.core.agent import Agent
from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.utils.endpoints import ClientResponseError
from rasa_sdk.interfaces import ActionExecutionRejection
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from bot.brain import Brain, InProcessActions
from bot.conversations.answers import Answer, Question
from bot.conversations.models import DialogueEvent
from bot.db import Database
from bot.nlu.policy import OfferingRulePolicy
from bot.tracker import TurnTrackerStore, YidaTrackerStore
from tests.support.model import trained_model_path


class Chat:
    """A customer's chat with the brain, committed after each answer as a turn does."""

    def __init__(self, brain: Brain, database: Database, name: str = "c1", language: str = "zh") -> None:
        self.brain, self.database, self.name, self.language, self.count = brain, database, name, language, 0

    def say(self, words: str) -> Answer:
        self.count += 1
        question = Question(self.name, self.count, words, self.language, "web")
        answer = asyncio.run(self.brain.answer(question))
        with self.database.write() as session:
            session.add_all(DialogueEvent(sender_id=self.name, **event) for event in answer.events)
            session.commit()
        return answer

    def slots(self) -> dict:
        tracker = asyncio.run(self.brain._store.retrieve(self.name))
        assert tracker is not None
        return tracker.current_slot_values()


def test_an_answer_has_replies_with_buttons_and_its_events(brain: Brain, database: Database) -> None:
    answer = Chat(brain, database).say("你好")
    assert answer.replies[0].text and answer.replies[0].choices[0][1].startswith("/")
    assert [event["type_name"] for event in answer.events].count("bot") == len(answer.replies)


def test_answering_writes_nothing_by_itself(brain: Brain, database: Database) -> None:
    asyncio.run(brain.answer(Question("c1", 1, "你好", "zh", "web")))
    with database.read() as session:
        assert session.execute(select(DialogueEvent)).first() is None


def test_the_events_are_ciphertext_in_the_database(brain: Brain, database: Database) -> None:
    Chat(brain, database).say("我的电话13800138000")
    with database.read() as session:
        stored = session.execute(text("select data from rasa_events")).scalars().all()
    assert stored and not any("13800138000" in data for data in stored)


def test_the_reply_follows_the_customers_language_at_once(brain: Brain, database: Database) -> None:
    chat = Chat(brain, database)
    assert chat.say("hello").replies[0].text.isascii()
    assert not chat.say("你好").replies[0].text.isascii()
    assert chat.say("hello").language == "en"


def test_a_chat_begins_in_the_language_of_its_page(brain: Brain, database: Database) -> None:
    assert Chat(brain, database, language="en").say("/greet").replies[0].text.isascii()


def test_an_actions_exception_fails_the_turn(brain: Brain, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(action_call: dict) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(brain._actions._executor, "run", broken)
        Chat(brain, database).say("你好")
    assert Chat(brain, database).say("你好").replies, "the next message is answered"


def test_a_rejected_action_is_told_to_rasa_in_its_own_way_and_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    actions = InProcessActions()

    async def rejecting(action_call: dict) -> None:
        raise ActionExecutionRejection("complaint_form")

    monkeypatch.setattr(actions._executor, "run", rejecting)
    with pytest.raises(ClientResponseError) as told:
        asyncio.run(actions.request(json={"sender_id": "c1"}))
    assert told.value.status == 400 and json.loads(told.value.text)["action_name"] == "complaint_form"
    assert actions.fault("c1") is None


def test_a_store_that_fails_fails_the_turn_and_forgets_nothing(
    brain: Brain, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = Chat(brain, database)
    chat.say("hello")

    def down(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("down"))

    with monkeypatch.context() as patched:
        patched.setattr(TurnTrackerStore, "_last_stored", down)
        patched.setattr(YidaTrackerStore, "_event_query", down)
        with pytest.raises(OperationalError):
            chat.say("保价怎么收费")
    assert chat.slots()["language"] == "en"


def test_nothing_personal_is_carried_into_the_next_session(
    brain: Brain, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = Chat(brain, database)
    chat.say("杯子碎了 我要投诉 单号SF1234567890123 电话13800138000")
    assert "13800138000" in json.dumps(chat.slots())
    now = time.time()
    monkeypatch.setattr("rasa.core.processor.time.time", lambda: now + 3 * 3600)
    monkeypatch.setattr("rasa.shared.core.events.time.time", lambda: now + 3 * 3600)
    chat.say("你好")
    after = json.dumps(chat.slots(), default=str)
    assert "13800138000" not in after and "SF1234567890123" not in after


def test_rasas_own_tools_save_to_the_same_store(database: Database) -> None:
    async def talk() -> None:
        agent = Agent.load(str(trained_model_path()), tracker_store=YidaTrackerStore(None))
        await agent.handle_text("/greet", sender_id="shell")

    asyncio.run(talk())
    with database.read() as session:
        assert "user" in session.execute(select(DialogueEvent.type_name)).scalars().all()


def test_the_rules_that_are_left_uncompared_are_none_that_fit(brain: Brain) -> None:
    nodes = brain._agent.processor.graph_runner._instantiated_nodes.values()
    (policy,) = (node._component for node in nodes if isinstance(node._component, OfferingRulePolicy))
    for name in (RULES, RULES_FOR_LOOP_UNHAPPY_PATH):
        lookup = policy.lookup[name]
        assert len(lookup) > 50
        for rule in lookup:
            states = json.loads(rule)
            fitting = policy._get_possible_keys(lookup, states)
            assert rule in fitting and fitting == RulePolicy._get_possible_keys(policy, lookup, states)
