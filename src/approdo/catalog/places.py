"""Fulfilment centres by their codes: found for whoever asks, and noted when orders name new ones."""

import re
from collections.abc import Collection, Mapping

from django.db.models import Case, F, Value, When

from approdo.catalog.models import Place
from approdo.many import among, select
from approdo.sdk.documents import Address

ABOUT = ("name", "address", "postal_code", "city")
"""A place of which none of these is known is unknown."""


def places(codes: Collection[str]) -> dict[str, Place]:
    """The places with these codes; a code that nobody has met is absent."""
    return {place.code: place for place in Place.objects.filter(among("code", set(codes)))} if codes else {}


def countries(codes: Collection[str]) -> dict[str, str]:
    """The countries of these places, as far as they are known."""
    rows = select(Place, ("code", "country"), {}, "code", set(codes)) if codes else []
    return {code: country for code, country in rows if country}


def note(met: Mapping[str, Address | None]) -> None:
    """Keep each code that orders name, with the address where one came with it.

    An unknown place is filled from it; what a person wrote stays, and so does what is known. Costs one question
    where nothing is new.
    """
    if not met:
        return
    known = {code: any(about) for code, *about in select(Place, ("code", *ABOUT), {}, "code", met)}
    found = {code: _described(address) for code, address in sorted(met.items())}
    Place.objects.bulk_create(
        (Place(code=code, from_orders=bool(about), **about) for code, about in found.items() if code not in known),
        ignore_conflicts=True,
    )
    for code, about in found.items():
        if about and not known.get(code):
            _fill(code, about)


def _fill(code: str, about: dict[str, str]) -> None:
    country = about.get("country", "")
    unknown = Place.objects.filter(code=code, **dict.fromkeys(ABOUT, ""))
    unknown.update(
        **{**about, "from_orders": True, "country": Case(When(country="", then=Value(country)), default=F("country"))}
    )


def _described(address: Address | None) -> dict[str, str]:
    """The columns that the address fills; none where it says no more than a country."""
    if address is None:
        return {}
    lines = ", ".join(filter(None, (address.line_1, address.line_2, address.line_3)))
    about = {
        "name": (address.name or "")[:200],
        "address": lines[:500],
        "postal_code": (address.postal_code or "")[:40],
        "city": (address.city or "")[:200],
    }
    return {**about, "country": country_of(address)} if any(about.values()) else {}


def country_of(address: Address | None) -> str:
    """The address's country in two capital letters; empty where it names none that way."""
    country = (address.country_code or "").strip().upper() if address else ""
    return country if re.fullmatch("[A-Z]{2}", country) else ""
