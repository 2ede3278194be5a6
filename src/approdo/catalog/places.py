"""Places, by the codes that Amazon gives."""

from collections.abc import Collection

from approdo.catalog.models import Place


def places(codes: Collection[str]) -> dict[str, Place]:
    """What is known of the places with these codes, by code."""
    return {place.code: place for place in Place.objects.filter(code__in=codes)}
