"""Figures to read: tables, and the distribution of what was added as a histogram and as a picture."""

import math
from collections.abc import Sequence
from itertools import pairwise

from tests.bench.crowds import Fit, Load
from tests.bench.pairs import Pairs
from tests.support.figures import median, quantile

_BARS = " ▁▂▃▄▅▆▇█"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they must be; the first one to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *cells]).rstrip())
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


PAIRS_HEAD = ["", "server", "p95", "bare", "p95", "added", "95 % sure", "p95", "pairs"]


def pairs_row(name: str, pairs: Pairs) -> list[str]:
    """Medians; of the paired differences also where their true median lies."""
    by = 1000 if pairs.unit == "ms" else 1
    low, high = sure(pairs.added)
    numbers = [median(pairs.server), quantile(pairs.server, 0.95), median(pairs.bare)]
    numbers += [quantile(pairs.bare, 0.95), median(pairs.added)]
    cells = [f"{number * by:.2f}" for number in numbers]
    between = f"{low * by:.2f} … {high * by:.2f}"
    label = f"{name}, {pairs.unit}" if pairs.unit else name
    return [label, *cells, between, f"{quantile(pairs.added, 0.95) * by:.2f}", str(len(pairs.added))]


def sure(values: Sequence[float]) -> tuple[float, float]:
    """Between which of the values the true median lies, 95 times in 100 (order statistics)."""
    ordered, half = sorted(values), 0.98 * math.sqrt(len(values))
    low = max(0, math.floor(len(values) / 2 - half))
    high = min(len(values) - 1, math.ceil(len(values) / 2 + half))
    return ordered[low], ordered[high]


def loads_table(loads: Sequence[Load], cpu: Fit, receiving: Fit, memory: Fit) -> str:
    """A row for each number of streams, with what the fit says."""
    head = ["live streams", "server, % of a core", "each", "only receiving", "each", "sink", "driver"]
    rows = [[*head, "memory, MB", "longest wait, ms"]]
    for load in loads:
        count = load.streams
        shares = [load.server, load.server / count, load.receiving, load.receiving / count]
        shares += [load.sink, load.driver]
        rows.append(
            [
                str(load.streams),
                *(f"{share * 100:.2f}" for share in shares),
                f"{load.memory / 1e6:.1f}",
                f"{load.waited * 1000:.0f}",
            ]
        )
    fits = [
        f"CPU: {cpu.each * 100:.3f} % a stream + {cpu.base * 100:.2f} %, {_off(cpu)}",
        f"only receiving: {receiving.each * 100:.3f} % a stream + {receiving.base * 100:.2f} %",
        f"memory: {memory.each / 1e3:.0f} kB a stream + {memory.base / 1e6:.1f} MB, {_off(memory)}",
        f"live streams on one core, extrapolated: {capacity(cpu):.0f}",
    ]
    return "\n".join([table(rows), *fits])


def _off(fit: Fit) -> str:
    return f"off by {fit.residual:.1%} at most"


def capacity(cpu: Fit) -> float:
    """Streams that would fill a core, if the line went on."""
    return (1 - cpu.base) / cpu.each


def histogram(values: Sequence[float], width: int = 60) -> str:
    """One line of bars between the least value and p99, in milliseconds."""
    low, high = min(values), quantile(values, 0.99)
    counts = _counts(values, low, high, width)
    bars = "".join(_BARS[math.ceil(count / max(counts) * (len(_BARS) - 1))] for count in counts)
    return f"{low * 1000:8.2f} ms |{bars}| {high * 1000:.2f} ms (p99)"


def picture(distributions: dict[str, Pairs]) -> str:
    """An SVG: for each name how the bare values and those of the server are distributed."""
    height = 90
    size = f'width="720" height="{height * len(distributions)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for number, (name, pairs) in enumerate(distributions.items()):
        parts += _panel(name, pairs, number * height)
    return "\n".join([*parts, "</svg>\n"])


def _panel(name: str, pairs: Pairs, top: int) -> list[str]:
    low, high = 0.0, max(quantile(pairs.server, 0.99), quantile(pairs.bare, 0.99))
    parts = [f'<text x="10" y="{top + 16}">{name}: bare (grey) and server (blue), ms</text>']
    for values, colour in ((pairs.bare, "#999999"), (pairs.server, "#3366cc")):
        counts = _counts(values, low, high, 140)
        for place, count in enumerate(counts):
            tall = round(50 * count / max(counts), 1)
            if tall:
                parts.append(
                    f'<rect x="{10 + 5 * place}" y="{top + 72 - tall}" width="4" height="{tall}"'
                    f' fill="{colour}" fill-opacity="0.7"/>'
                )
    for share in range(5):
        label = f"{high * 1000 * share / 4:.2f}"
        parts.append(f'<text x="{10 + 168 * share}" y="{top + 85}" font-size="9">{label}</text>')
    return parts


def _counts(values: Sequence[float], low: float, high: float, width: int) -> list[int]:
    edges = [low + (high - low) * number / width for number in range(width + 1)]
    edges[-1] = math.nextafter(edges[-1], math.inf)
    return [sum(1 for value in values if one <= value < other) for one, other in pairwise(edges)]
