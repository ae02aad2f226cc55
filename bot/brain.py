"""Rasa's Agent behind one small function: a question in; replies, events and wishes out.

Actions run in this process instead of behind HTTP. What Rasa would swallow (an action's exception) fails the turn.
"""

from __future__ import annotations

import inspect
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import dask.core
from rasa.core.actions.action import RemoteAction
from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.shared.core.events import BotUttered, Event
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.utils import common
from rasa.utils.endpoints import ClientResponseError, EndpointConfig
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection

from bot.conversations.answers import Answer, BrainFault, Question, Reply
from bot.nlu.language import asked_for
from bot.tracker import TurnTrackerStore, rows


class InProcessActions(EndpointConfig):
    """Answers Rasa's calls to the action server from the `actions` package of this process."""

    def __init__(self) -> None:
        super().__init__(url="in-process", enable_selective_domain=True)
        self._executor = ActionExecutor()
        self._executor.register_package("actions")
        self._faults: dict[str, Exception] = {}
        self.domain: dict[str, Any] = {}

    async def request(self, *_: Any, **call: Any) -> Any:
        action_call = {**call["json"], "domain": self.domain}
        try:
            return await self._executor.run(action_call)
        except ActionExecutionRejection as rejection:
            text = json.dumps({"action_name": rejection.action_name, "error": rejection.message})
            raise ClientResponseError(400, "rejected", text) from rejection
        except Exception as error:
            self._faults.setdefault(action_call["sender_id"], error)
            raise

    def fault(self, sender_id: str) -> Exception | None:
        """What an action of this turn raised, given once; Rasa itself only logs it and carries on."""
        return self._faults.pop(sender_id, None)


class SilentChannel(OutputChannel):
    """Replies are read from the BotUttered events: an output channel would split them at blank lines."""

    @classmethod
    def name(cls) -> str:
        return "yida"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        return None


class Brain:
    """A loaded model that answers questions. Not thread-safe: it lives in one event loop."""

    def __init__(self, agent: Agent, actions: InProcessActions, store: TurnTrackerStore) -> None:
        self._agent = agent
        self._actions = actions
        self._store = store

    @classmethod
    def load(cls, model: Path) -> Brain:
        _spare_rasa()
        actions = InProcessActions()
        store = TurnTrackerStore(None)
        agent = Agent.load(str(model), action_endpoint=actions)
        # In place of the fail-safe wrapper, which forgets the conversation when the store fails.
        agent.tracker_store = agent.processor.tracker_store = store
        store.domain = agent.domain
        actions.domain = agent.domain.as_dict()
        return cls(agent, actions, store)

    async def answer(self, question: Question) -> Answer:
        """Raises what an action or the store raised, and BrainFault when Rasa saved nothing."""
        sender = question.conversation_id
        message = UserMessage(
            _read(question.text),
            SilentChannel(),
            sender,
            input_channel=question.channel,
            message_id=str(question.inbox_id),
            metadata={"inbox_id": question.inbox_id, "language": question.language, "channel": question.channel},
        )
        self._store.speak(sender, question.language)
        try:
            await self._agent.processor.handle_message(message)
        finally:
            fault = self._actions.fault(sender)
            tracker, events = self._store.take(sender)
        if fault is not None:
            raise fault
        if tracker is None:
            raise BrainFault("the dialogue ended without saving")
        return _answer(tracker, events)


def _read(text: str) -> str:
    """The text, or the button press it comes to: a language is asked for by rule, in whichever the words are."""
    language = asked_for(text)
    return f'/speak{{"language": "{language}"}}' if language else text


def _spare_rasa() -> None:
    """Work that Rasa does for every message and that changes nothing here: more than half of an action's turn."""
    # Checks each action's response with a JSON schema that it checks first; ours come from the SDK in this process.
    RemoteAction._validate_action_result = lambda self, result: True
    # Finds the class of each event among all subclasses, looked up anew every time.
    common.all_subclasses = lru_cache(maxsize=None)(inspect.unwrap(common.all_subclasses))
    # Schedules the model's graph as if it ran on many machines; it is a short chain.
    dask.get = dask.core.get  # type: ignore[assignment]
    # Copies every slot for every prediction, by way of what pickling would make of it.
    Slot.__copy__ = _copied_slot


def _copied_slot(slot: Slot) -> Slot:
    copied = object.__new__(type(slot))
    copied.__dict__.update(slot.__dict__)
    return copied


def _answer(tracker: DialogueStateTracker, events: list[Event]) -> Answer:
    said = [event for event in events if isinstance(event, BotUttered)]
    wishes = [(event.data or {}).get("custom") or {} for event in said]
    return Answer(
        replies=[reply for reply in map(_reply, said) if reply.text or reply.card],
        events=rows(events),
        handoff=next((wish["handoff"] for wish in wishes if "handoff" in wish), None),
        language=tracker.get_slot("language"),
    )


def _reply(event: BotUttered) -> Reply:
    data = event.data or {}
    buttons = data.get("buttons") or ()
    return Reply(
        text=event.text or "",
        choices=tuple((button["title"], button["payload"]) for button in buttons),
        card=(data.get("custom") or {}).get("card"),
        file_id=(data.get("custom") or {}).get("file"),
    )
