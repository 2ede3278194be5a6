"""The countries that the simulated Amazon buys for: currency, clock, company, warehouses."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from amazon_simulator.shapes import Address, Party, TaxInfo


@dataclass(frozen=True, eq=False)
class Country:
    """A country; `rate` turns EUR into its currency. Companies and VAT numbers are made up."""

    code: str
    currency: str
    rate: Decimal
    time_zone: str
    street: str
    postal_code: str
    city: str
    vat: str
    fulfilment_centres: tuple[str, ...]

    @cached_property
    def zone(self) -> ZoneInfo:
        """The clock by which a day of delivery begins."""
        return ZoneInfo(self.time_zone)

    @cached_property
    def buying_party(self) -> Party:
        """Amazon's buying company: the id only, as usual (reference 5.3)."""
        return Party(party_id=f"AMZ{self.code}")

    @cached_property
    def bill_to_party(self) -> Party:
        """The company to be invoiced: in Europe with address and VAT number (reference 5.3)."""
        address = Address(
            name=f"Amazon EU Sarl, {self.code} branch (simulated)",
            address_line1=self.street,
            city=self.city,
            postal_code=self.postal_code,
            country_code=self.code,
        )
        vat = TaxInfo(tax_registration_type="VAT", tax_registration_number=self.vat)
        return Party(party_id=f"AMZ{self.code}", address=address, tax_info=vat)


def _country(code: str, money: str, clock: str, address: str, vat: str, centres: str) -> Country:
    currency, rate = money.split()
    street, postal_code, city = address.split(", ")
    return Country(code, currency, Decimal(rate), clock, street, postal_code, city, vat, tuple(centres.split()))


COUNTRIES = {
    country.code: country
    for country in (
        _country("IT", "EUR 1", "Europe/Rome", "Viale dei Collaudi 3, 20124, Milano",
                 "IT09999990962", "MXP5 MXP3 FCO1 BGY1 TRN1 BLQ1"),
        _country("DE", "EUR 1", "Europe/Berlin", "Probegasse 12, 80807, München",
                 "DE999999970", "LEJ1 LEJ3 DTM2 FRA3 MUC3 HAM2"),
        _country("FR", "EUR 1", "Europe/Paris", "Rue des Essais 67, 92110, Clichy",
                 "FR99999999970", "ORY1 ORY4 LYS1 LIL1 MRS1"),
        _country("ES", "EUR 1", "Europe/Madrid", "Calle de Pruebas 61, 28045, Madrid",
                 "ESW9999997A", "BCN1 BCN2 MAD4 SVQ1 VLC1"),
        _country("GB", "GBP 0.86", "Europe/London", "1 Rehearsal Place, EC2A 2FA, London",
                 "GB999999973", "LBA4 BHX4 EDI4 LTN4 MAN2"),
        _country("PL", "PLN 4.32", "Europe/Warsaw", "ul. Próbna 8, 54-613, Wrocław",
                 "PL9999999997", "WRO5 POZ1 KTW1 LCJ2"),
        _country("SE", "SEK 11.42", "Europe/Stockholm", "Provgatan 15, 111 22, Stockholm",
                 "SE999999999701", "ARN1 GOT1"),
        _country("NL", "EUR 1", "Europe/Amsterdam", "Proefkade 2, 1101 BA, Amsterdam",
                 "NL999999999B97", "AMS1 RTM1"),
    )
}  # fmt: skip
