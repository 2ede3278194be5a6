"""Consumers to whom Direct Fulfillment orders go. None of them lives.

Names, streets and towns say that they are examples, and no network gives anybody such telephone
numbers.

Names and gift messages hold what breaks software: other alphabets, accents in two pieces, markup,
separators, what a spreadsheet takes for a formula.
"""

from dataclasses import dataclass
from random import Random

from amazon_simulator.direct_shapes import DirectAddress


@dataclass(frozen=True)
class _Home:
    """Where the consumers of a country live; `#` in a telephone number is a digit."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    street: str
    towns: tuple[tuple[str, str, str], ...]
    phone: str


def _home(given: str, family: str, street: str, towns: str, phone: str) -> _Home:
    places = [town.split("/") for town in towns.split(", ")]
    return _Home(
        tuple(given.split()),
        tuple(family.split()),
        street,
        tuple((city, postal_code, region) for city, postal_code, region in places),
        phone,
    )


_HOMES = {
    "IT": _home("Prova Finta Esempio Niccolò", "Di-Prova Inventati D'Esempio Perù-Finto", "Via dell'Esempio {}",
                "Borgofinto/00099/XX, Sant'Inventata sul Nulla/09999/ZZ", "+39 000 00000##"),
    "DE": _home("Erika Muster Jürgen Änne", "Musterfrau Beispiel Groß-Muster Erfunden", "Beispielstraße {}",
                "Musterstadt/00999/Musterland, Bad Erfunden/09999/Beispielgau", "+49 30 23125 0##"),
    "FR": _home("Exemple Zoé Gaëlle Fictif", "Inventé D'Exemple Lœuvre-Fictive Noël", "{} rue de l'Exemple",
                "Ville-Fictive/00999/Île-Fictive, Saint-Exemple/09999/Nulle-Part", "+33 1 99 00 00 ##"),
    "ES": _home("Ejemplo Iñaki Begoña Ficticia", "Inventado Peña-Ficticia Ejémplez Niño", "Calle del Ejemplo {}, 2º B",
                "Villaficticia/00999/Ninguna, Ejemplar del Río/09999/Inventada", "+34 000 0000##"),
    "GB": _home("Example Fictional Siân Testy", "Sample O'Sample Mac-Example Nobody", "{} Example Street",
                "Fictionham/ZZ99 9ZZ/Nowhereshire, Little Sampling/ZZ99 3VZ/Exampleshire", "+44 1632 9600##"),
    "PL": _home("Próbna Żółć Przykład Łucja", "Zmyślona Przykładowska Próbny Ćwierć", "ul. Przykładowa {}/3",
                "Zmyślonowo/00-999/wymyślone, Łódź-Próbna/09-999/przykładowe", "+48 00 000 00 ##"),
    "SE": _home("Exempel Påhittad Åsa Örjan", "Exempelsson Påhittad Övning Ärligh", "Exempelgatan {}",
                "Påhittköping/009 99/Ingenstans, Övre Exempel/099 99/Exempelbygd", "+46 8 465 004 ##"),
    "NL": _home("Voorbeeld Verzonnen Daniëlle Fictie", "Van-'t-Voorbeeld Verzonnen IJzinga De-Fictie",
                "Voorbeeldstraat {}-hs", "Verzonnen aan Zee/0099 ZZ/Nergensland, 's-Voorbeeld/0999 ZZ/Fictie",
                "+31 00 00000##"),
}  # fmt: skip

_NAMES_OF_THE_WORLD = (
    "Зразок Вигаданий",
    "Тест Примеров",
    "Δοκιμή Παραδείγματος",
    "測試 範例",
    "テスト 見本",
    "تجربة مثال",
    "דנה דוגמה",
    "ทดสอบ ตัวอย่าง",
    "İğne Örnekoğlu",
    "Rene\u0301 Exemple",  # an accent of its own, behind its letter
    "Example 🙂 Emoji",
    'O\'Sample & Figli <Finti> "S.r.l."; Reparto, Prova',
    '=HYPERLINK("x";"Formula Example")',
    "  Spaces  Example ",
    "Nobody-With-A-Very-Long-Example-Name-That-No-Label-And-No-Column-Of-Thirty-Five-Signs-Can-Hold Sample",
)

# Neighbours without a marketplace of their own, in their own writing.
_ABROAD = (
    DirectAddress(
        name="Υπόδειγμα Δοκιμαστικού",
        address_line1="Οδός Παραδείγματος 12",
        city="Δοκιμούπολη",
        state_or_region="Πουθενά",
        postal_code="009 99",
        country_code="GR",
        phone="+30 000 000 0000",
    ),
    DirectAddress(
        name="Пример Измислен",
        address_line1="ул. „Проба“ 7, вх. Б, ап. 4",
        city="Примерово",
        state_or_region="Никъде",
        postal_code="0999",
        country_code="BG",
    ),
    DirectAddress(
        name="Ukázka Vymyšlený",
        attention="Příklad, s.r.o.",
        address_line1="Příkladová 5",
        city="Vymyšlov",
        district="Ukázkov",
        state_or_region="Nikde",
        postal_code="009 99",
        country_code="CZ",
    ),
)

GIFT_MESSAGES = (
    "An invented greeting for an invented birthday.",
    "Tanti auguri finti!\nDalla zia d'esempio",
    "Alles Gute & viel Spaß <3",
    "З днем народження, Зразку! 🎁",
    "🎉🎉",
    '"Quoted"; with, separators\tand a tab',
)


def consumer(random: Random, country: str) -> DirectAddress:
    """Somebody in this country (of ours, else Italy), or now and then in another."""
    if random.random() < 0.04:
        return random.choice(_ABROAD)
    home = _HOMES.get(country, _HOMES["IT"])
    name = f"{random.choice(home.given)} {random.choice(home.family)}"
    if random.random() < 0.15:
        name = random.choice(_NAMES_OF_THE_WORLD)
    city, postal_code, region = random.choice(home.towns)
    phone = "".join(random.choice("0123456789") if sign == "#" else sign for sign in home.phone)
    return DirectAddress(
        name=name,
        attention=f"c/o {random.choice(home.family)}" if random.random() < 0.1 else None,
        address_line1=home.street.format(random.randint(1, 199)),
        address_line2=f"App. {random.randint(1, 40)}" if random.random() < 0.25 else None,
        city=city,
        state_or_region=region,
        postal_code=postal_code,
        country_code=country if country in _HOMES else "IT",
        phone=phone if random.random() < 0.7 else None,
    )
