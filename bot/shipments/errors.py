"""Errors of the shipments room.

ShipmentsError
├── UnknownCode   a status code that the catalog does not list
└── BadRow        a row of an import file that cannot be taken; the message is one sentence, without personal data
"""


class ShipmentsError(Exception):
    pass


class UnknownCode(ShipmentsError):
    pass


class BadRow(ShipmentsError):
    pass
