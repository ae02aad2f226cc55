"""Pictures made for tests."""

import struct
import zlib


def png(width: int = 320, height: int = 240) -> bytes:
    """A PNG of a cardboard box with a torn corner: something to look at in screenshots, and no real photo."""
    rows = b"".join(b"\0" + bytes(_row(y, width, height)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _row(y: int, width: int, height: int) -> list[int]:
    pixels: list[int] = []
    for x in range(width):
        pixels += _colour(x / width, y / height)
    return pixels


def _colour(across: float, down: float) -> tuple[int, int, int]:
    if not (0.15 < across < 0.85 and 0.2 < down < 0.85):
        return 226, 228, 224  # background
    torn = (0.85 - across) + (down - 0.2) * 0.8
    if torn < 0.2:
        return (226, 228, 224) if torn < 0.12 + 0.03 * (int(across * 60) % 2) else (139, 101, 66)  # torn corner
    return (214, 196, 150) if 0.46 < across < 0.54 else (183, 140, 94)  # tape, cardboard


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
