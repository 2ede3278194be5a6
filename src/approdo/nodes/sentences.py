"""Turns codes and parameters into sentences, in the language of whoever reads them."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from approdo.connectors import NODE_TYPES
from approdo.sdk.errors import ApprodoError, InvalidOptions, Sentence
from approdo.sdk.export_sentences import EXPORT_SENTENCES
from approdo.sdk.sentences import SENTENCES
from approdo.sdk.table_sentences import TABLE_SENTENCES

UNKNOWN = Sentence("{code}")


class Explanation(NamedTuple):
    """A message and the next step, ready to be shown."""

    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


def explain(code: str, params: Mapping[str, Any] | None = None) -> Explanation:
    """The sentence of a stored code in the active language. A code without a sentence shows itself."""
    sentence = _catalogue().get(code, UNKNOWN)
    values = _Lenient({"code": code, **(params or {})})
    reason = values.pop("reason_code", None)
    if isinstance(reason, str):
        values["reason"] = explain(reason, values).message
    return Explanation(_filled(sentence.message, values), _filled(sentence.hint, values))


def explain_error(error: ApprodoError) -> Explanation:
    """The same for an error at hand."""
    if isinstance(error, InvalidOptions):
        parts = [f"{p.option}: {explain(p.code, p.params)}" for p in error.problems]
        return Explanation(" ".join(parts), "")
    return explain(error.code, error.params)


def validation_error(code: str, **params: Any) -> ValidationError:
    """Django's form of an error, carrying code and parameters."""
    return ValidationError(str(explain(code, params)), code=code, params=None)


def _filled(text: str, values: Mapping[str, Any]) -> str:
    return gettext(text).format_map(values) if text else ""


class _Lenient(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "?"


@cache
def _catalogue() -> dict[str, Sentence]:
    return {code: sentence for sentences in parts() for code, sentence in sentences.items()}


def parts() -> list[Mapping[str, Sentence]]:
    """Where the sentences stand: no code in two of them."""
    return [SENTENCES, EXPORT_SENTENCES, TABLE_SENTENCES, *(node_type.sentences for node_type in NODE_TYPES)]
