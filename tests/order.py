"""In which order tests run: in every process those first that wait for processes of their own, so that none is the last."""

from itertools import chain, groupby

import pytest


def slow_first(items: list[pytest.Item], processes: int) -> list[pytest.Item]:
    """The tests anew: xdist cuts them into `processes` equal parts, each of which begins with its share of slow ones.

    The tests of a file stay together, for what they share is made once.
    """
    quick = [item for item in items if not item.get_closest_marker("hub")]
    slow = [item for item in items if item.get_closest_marker("hub")]
    shares: list[list[pytest.Item]] = [[] for _ in range(processes)]
    for tests in sorted((list(tests) for _, tests in groupby(slow, key=lambda item: item.path)), key=len, reverse=True):
        min(shares, key=len).extend(tests)
    parts: list[list[pytest.Item]] = []
    for place, share in enumerate(shares):
        size = (len(items) - sum(map(len, parts))) // (processes - place)
        room = max(0, size - len(share))
        parts.append([*share, *quick[:room]])
        quick = quick[room:]
    return [*chain.from_iterable(parts), *quick]
