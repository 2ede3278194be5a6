"""Parties and addresses, which Retail and Direct Fulfillment write alike (reference 8)."""

from decimal import Decimal
from functools import lru_cache

import msgspec
from msgspec import Struct

from approdo.connectors.amazon_vendor.wire.values import Loose, to_text
from approdo.sdk.documents import Address, Party, TaxRegistration

REMEMBERED = 1000


class AddressRecord(
    Struct,
    omit_defaults=True,
    rename={
        "line_1": "addressLine1",
        "line_2": "addressLine2",
        "line_3": "addressLine3",
        "state_or_region": "stateOrRegion",
        "postal_code": "postalCode",
        "country_code": "countryCode",
    },
):
    """A postal address; `attention` comes with Direct Fulfillment only."""

    name: Loose = None
    attention: Loose = None
    line_1: Loose = None
    line_2: Loose = None
    line_3: Loose = None
    city: Loose = None
    county: Loose = None
    district: Loose = None
    state_or_region: Loose = None
    postal_code: Loose = None
    country_code: Loose = None
    phone: Loose = None


class _TaxInfo(Struct, omit_defaults=True, rename={"type": "taxRegistrationType", "number": "taxRegistrationNumber"}):
    type: Loose = None
    number: Loose = None


class PartyRecord(Struct, rename="camel", omit_defaults=True):
    """A vendor code, a warehouse or fulfilment centre, or one of Amazon's companies."""

    party_id: Loose = None
    address: AddressRecord | None = None
    tax_info: _TaxInfo | None = None


_PARTY = msgspec.json.Decoder(PartyRecord | None, float_hook=Decimal)


def to_party(party: PartyRecord | None) -> Party | None:
    """The party as our documents name it."""
    if party is None:
        return None
    return Party(
        id=to_text(party.party_id) or None,
        address=to_address(party.address) if party.address else None,
        tax_registration=TaxRegistration(**to_texts(party.tax_info)) if party.tax_info else None,
    )


@lru_cache(REMEMBERED)
def read_party(raw: bytes) -> Party | None:
    """The same of a party's JSON: one vendor's orders name the same few parties. Not for consumers, whom it remembers.

    Raises as `msgspec` does for what is no party.
    """
    return to_party(_PARTY.decode(raw)) if raw else None


def to_address(address: AddressRecord) -> Address:
    """The address with what it holds."""
    return Address(**to_texts(address))


def to_texts(record: Struct) -> dict[str, str]:
    """The members that hold something, by the names that our documents use."""
    texts = {name: to_text(value) for name, value in msgspec.structs.asdict(record).items()}
    return {name: text for name, text in texts.items() if text}
