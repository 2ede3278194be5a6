"""Declared options, checked for a model: the sdk's problems as Django's validation errors."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from approdo.nodes.sentences import explain
from approdo.sdk.errors import InvalidOptions
from approdo.sdk.options import Option, clean

PREFIX = "option_"
"""Begins the name of a form field that stands for an option."""


class OptionError(ValidationError):
    """What is wrong with one option. Django merges a model's errors; name and sentence stay readable."""

    def __init__(self, option: str, sentence: str) -> None:
        self.option, self.sentence = option, sentence
        super().__init__(f"{option}: {sentence}", code="invalid_options")


class OptionsError(ValidationError):
    """Options that do not fit their declaration; `problems` maps each to its sentence."""

    def __init__(self, error: InvalidOptions) -> None:
        self.problems = {p.option: str(explain(p.code, p.params)) for p in error.problems}
        super().__init__([OptionError(name, text) for name, text in self.problems.items()])


def checked_options(declared: Sequence[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """The options with defaults, as plain JSON. Raises `OptionsError`, in the reader's language."""
    try:
        return clean(declared, given)
    except InvalidOptions as error:
        raise OptionsError(error) from None
