"""A code has one sentence, wherever it stands."""

from collections import Counter

import pytest

from approdo.nodes.sentences import parts

pytestmark = pytest.mark.once


def test_no_code_has_two_sentences():
    codes = Counter(code for sentences in parts() for code in sentences)
    assert [code for code, times in codes.items() if times > 1] == []
