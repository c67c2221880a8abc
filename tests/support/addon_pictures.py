"""The add-on's pictures, drawn: `python -m tests.support.addon_pictures` writes them anew."""

import math
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

FOLDER = Path(__file__).parents[2] / "config" / "addon"
SIZES = {"icon.png": (128, 128), "logo.png": (250, 100)}

Pixels = npt.NDArray[np.uint8]

_TOP, _BOTTOM, _BAR = (0, 120, 212), (0, 178, 169), (255, 255, 255)
_FINE = 4  # samples of a pixel in each direction, for smooth edges
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def draw(width: int, height: int) -> Pixels:
    """A rounded plate with a voice on it: rows of RGBA."""
    y, x = np.mgrid[0 : height * _FINE, 0 : width * _FINE].astype(np.float64) / _FINE + 0.5 / _FINE
    margin = height * 0.04
    plate = _rounded(x, y, (margin, margin, width - margin, height - margin), height * 0.22)
    shade = (y / height)[..., None]
    colour = np.array(_TOP) * (1 - shade) + np.array(_BOTTOM) * shade
    for left, top, right, bottom in _bars(width, height):
        bar = _rounded(x, y, (left, top, right, bottom), (right - left) / 2)
        colour = np.where(bar[..., None], np.array(_BAR, dtype=np.float64), colour)
    fine = np.dstack([colour * plate[..., None], plate * 255.0])
    mean = fine.reshape(height, _FINE, width, _FINE, 4).mean(axis=(1, 3))
    alpha = mean[..., 3:] / 255.0
    mean[..., :3] = np.divide(mean[..., :3], alpha, out=np.zeros_like(mean[..., :3]), where=alpha > 0)
    return np.asarray(np.rint(mean), dtype=np.uint8)


def _bars(width: int, height: int) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of every bar: loud in the middle, quiet at both ends."""
    step = height * 0.14
    number = int((width - height * 0.4) / step) | 1
    first = width / 2 - step * (number - 1) / 2
    bars = []
    for index in range(number):
        middle = first + step * index
        loud = math.cos((index - number // 2) / number * math.pi * 0.9) * (1.0 if index % 2 == 0 else 0.6)
        half = height * (0.05 + 0.26 * loud)
        bars.append((middle - height * 0.04, height / 2 - half, middle + height * 0.04, height / 2 + half))
    return bars


def _rounded(
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    box: tuple[float, float, float, float],
    radius: float,
) -> npt.NDArray[np.bool_]:
    left, top, right, bottom = box
    across = np.maximum(np.maximum(left + radius - x, x - right + radius), 0)
    down = np.maximum(np.maximum(top + radius - y, y - bottom + radius), 0)
    return np.asarray(across**2 + down**2 <= radius**2)


def write_png(pixels: Pixels) -> bytes:
    """A PNG of RGBA, 8 bits each."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\x00" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pieces = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_piece(kind, data) for kind, data in pieces)


def read_png(data: bytes) -> Pixels:
    """The pixels of what `write_png` wrote; however it was compressed."""
    assert data.startswith(_SIGNATURE)
    at, pieces = len(_SIGNATURE), {}
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + body)
        pieces[kind] = body
        at += length + 12
    width, height = struct.unpack_from(">II", pieces[b"IHDR"])
    rows = np.frombuffer(zlib.decompress(pieces[b"IDAT"]), np.uint8).reshape(height, 1 + width * 4)
    return rows[:, 1:].reshape(height, width, 4)


def _piece(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    for name, size in SIZES.items():
        (FOLDER / name).write_bytes(write_png(draw(*size)))
