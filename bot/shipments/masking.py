"""Couriers' texts as customers may read them: without the names and numbers of people (GB/T 41833)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from bot.privacy import mask_name, mask_phone

_NUMBER = r"(?:(?:\+|00)?86[ -]?)?(?:1[3-9]\d[ -]?\d{4}[ -]?\d{4}|0\d{2,3}[ -]?\d{7,8})(?![\dA-Za-z])"
_PHONE = re.compile(r"(?<![\dA-Za-z])" + _NUMBER)
_ROLE = (
    "快递员|派件员|派送员|配送员|收派员|揽收员|揽件员|业务员|投递员|派件人|派送人|揽收人|揽件人|取件人|签收人|收件人|收货人"
    "|寄件人|联系人|代收人|小哥|司机"
)
# What follows a role and is no name: verbs, relations, places, titles.
_NO_NAME = (
    "正在|已|为您|将|电话|手机|联系|本人|会|上门|派|签|取|代|门|前台|同事|家|物业|快递|驿站|丰巢|菜鸟|他人|未|拒|地址|不|要|因"
    "|来|处理|信息|通知|姓名|名字|是|的|在|和|与|或|疑|请|如|有|详|拨|咨询|客服|热线|服务|投诉|网点|站点|门店"
)
_ENDS = r"(?=[^\u4e00-\u9fff]|$|正在|已|为您|为你|将|电话|手机|联系|派送|派件|签收|取件|送达|揽收|收取|代收|会|上门)"
_HAN_NAME = rf"(?!{_NO_NAME})[\u4e00-\u9fff·]{{2,4}}?"
_AFTER_ROLE = re.compile(rf"((?:{_ROLE})[\s:：为是【\[（(「“]{{0,3}})({_HAN_NAME}){_ENDS}")
_BEFORE_PHONE = re.compile(
    rf"(?<![\u4e00-\u9fff])()({_HAN_NAME})(?=[\s,，:：;；（(\]】]{{0,2}}(?:联系)?(?:电话|手机)?[:：]?\s*[（(]?{_NUMBER})"
)
_AFTER_ENGLISH_ROLE = re.compile(
    r"((?i:courier|driver|signed (?:for )?by|receiver|recipient|sender)[: ]+)([A-Z][a-z]+(?: [A-Z][a-z]+){0,2})"
)


def masked(
    text: str,
    names: Iterable[str] = (),
    *,
    name: Callable[[str], str] = mask_name,
    phone: Callable[[str], str] = mask_phone,
) -> str:
    """The text with phones and people's names starred; `names` are people known to be on the shipment.

    `name` and `phone` give what stands in place of one.
    """
    for known in sorted(filter(lambda known: len(known) > 1, names), key=len, reverse=True):
        text = text.replace(known, name(known))
    for pattern in (_AFTER_ROLE, _BEFORE_PHONE, _AFTER_ENGLISH_ROLE):
        text = pattern.sub(lambda found: found[1] + name(found[2]), text)
    return _PHONE.sub(lambda found: phone(found[0]), text)
