"""What the measured customers say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

SMALL_TALK = ("你好", "谢谢", "你是机器人吗", "hello")
QUESTIONS = (
    "能寄锂电池吗", "上海到北京2公斤多少钱", "杭州有网点吗", "保价怎么收费", "丢了怎么赔", "广州到成都几天能到",
    "can I send a power bank", "how do I get an invoice",
)  # fmt: skip
LEFT_FOR_AGENT = ("有人在吗", "麻烦快一点", "我的快递还没到", "SF1358204679013", "谢谢")


@dataclass(frozen=True)
class Say:
    """One message of a customer, typed or (with `tap`) a button with this title."""

    text: str
    tap: bool = False
    sent: str = "once"
    """once, or with the same client_id: "again" after it was acknowledged, or "twice" at the same moment."""
    hurried: bool = False
    """The next message follows without waiting for the answer to this one."""
    confirms: bool = False
    """A complaint is sent off with it."""
    asks_person: bool = False
    for_agent: bool = False
    """A person has been asked for: the bot keeps silent."""


def tracking(random: Random, parcels: list[tuple[str, str]]) -> list[Say]:
    waybill, tail = random.choice(parcels)
    return [Say(f"{waybill} 到哪了"), Say("看详细物流", tap=True), Say(tail)]


def complaint(numbers: Random) -> list[Say]:
    return [
        Say("包裹破损了"),
        Say("外箱压坏了，里面的杯子碎了两个"),
        Say(f"SF1{numbers.randrange(10**12):012d}"),
        Say(f"139{numbers.randrange(10**8):08d}"),
        Say("确认提交", tap=True, confirms=True),
        Say("我的投诉处理得怎么样了"),
    ]


def question(random: Random) -> list[Say]:
    return [Say(random.choice(QUESTIONS + SMALL_TALK))]


def plan(seed: int, messages: int, parcels: list[tuple[str, str]], numbers: Random, *, hands_off: bool) -> list[Say]:
    """One customer's whole chat of `messages` messages; with `hands_off` it ends with a person, from about half way.

    Every chat complains once, about a parcel and from a phone of its own, drawn from `numbers`. Some messages are
    repeated, some not waited for.
    """
    random = Random(seed)
    dialogues = [complaint(numbers)]
    bot_messages = messages * 6 // 10 if hands_off else messages
    while (left := bot_messages - sum(map(len, dialogues))) > 0:
        fits = [one for one in (tracking(random, parcels), question(random)) if len(one) <= left]
        dialogues.append(random.choice(fits))
    random.shuffle(dialogues)
    said = [say for dialogue in dialogues for say in dialogue]
    if hands_off:
        said[-1] = Say("转人工", asks_person=True)
        said += [Say(random.choice(LEFT_FOR_AGENT), for_agent=True) for _ in range(messages - len(said))]
    followers = [*said[1:], None]
    return [_sent_somehow(random, say, follower) for say, follower in zip(said, followers, strict=True)]


def _sent_somehow(random: Random, say: Say, follower: Say | None) -> Say:
    needs_answer = follower is None or follower.tap or say.confirms or say.asks_person
    hurried = random.random() < 0.15 and not needs_answer
    return replace(say, sent=random.choices(("once", "again", "twice"), (6, 1, 1))[0], hurried=hurried)


def calm(plan: list[Say]) -> list[Say]:
    """The same words, each sent once and waited for."""
    return [replace(say, sent="once", hurried=False) for say in plan]


def usual_chat(random: Random, parcels: list[tuple[str, str]]) -> Iterator[str]:
    """A greeting, two parcels, three questions, thanks."""
    yield random.choice(SMALL_TALK)
    for waybill, _ in random.sample(parcels, 2):
        yield f"{waybill} 到哪了"
        yield random.choice(QUESTIONS)
    yield random.choice(QUESTIONS)
    yield "谢谢"
