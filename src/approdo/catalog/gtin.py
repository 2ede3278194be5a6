"""Article numbers of GS1: EAN, UPC and case codes, which are one number in several lengths."""

SHORTEST, LENGTH = 8, 14


def gtin14(text: str) -> str | None:
    """The number in 14 digits, or none where it is no article number: letters, a wrong length or check digit.

    Leading zeros do not matter: a UPC is an EAN with one more, and tables made in a spreadsheet have lost theirs.
    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and SHORTEST <= len(digits) <= LENGTH and digits.strip("0")):
        return None
    digits = digits.zfill(LENGTH)
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits))
    return None if weighted % 10 else digits


def spellings(number: str) -> list[str]:
    """In how many ways a number of 14 digits may be written: with all of its leading zeros, with fewer, without."""
    shortest = number.lstrip("0")
    return [shortest.zfill(length) for length in range(max(len(shortest), SHORTEST), LENGTH + 1)]


def usual(number: str) -> str:
    """A number without zeros that say nothing, as it is usually written: 8, 13 or 14 digits."""
    digits = number.lstrip("0")
    return digits.zfill(next(length for length in (SHORTEST, 13, LENGTH) if len(digits) <= length))
