"""What is said about the tables that people keep: SKU recodings and places, and importing them."""

from collections.abc import Mapping

from approdo.sdk.errors import Sentence
from approdo.sdk.text import marked as _

TABLE_SENTENCES: Mapping[str, Sentence] = {
    # codes
    "not_digits": Sentence(_("“{value}” is not an EAN."), _("An EAN has digits only.")),
    "not_an_ean": Sentence(
        _("“{value}” is not an EAN: it has {count} digits."),
        _("An EAN has 8, 12, 13 or 14; a spreadsheet may have dropped the zeros in front."),
    ),
    "wrong_check_digit": Sentence(
        _("“{value}” is not an EAN: its last digit would have to be {right}."), _("Correct the digits.")
    ),
    "not_an_asin": Sentence(_("“{value}” is not an ASIN."), _("An ASIN has ten letters and digits, as B07XYZ1234.")),
    "not_a_marketplace": Sentence(_("There is no marketplace “{value}”."), _("Known: {known}.")),
    "not_a_country": Sentence(_("“{value}” is not a country."), _("Write two letters, as IT.")),
    "not_a_time_zone": Sentence(
        _("There is no time zone “{name}”."), _("Write it as Europe/Rome, or leave it empty for the node's.")
    ),
    "recoding_exists": Sentence(
        _("“{external}” already has a recoding for this node, vendor code, marketplace and kind: to “{sku}”."),
        _("Change that one."),
    ),
    # files
    "table_empty": Sentence(_("The file is empty."), _("Its first line has to name the columns.")),
    "table_too_long": Sentence(_("The file has more than {most} rows."), _("Import it in several parts.")),
    "table_too_large": Sentence(_("The file is larger than {most} MB."), _("Import it in several parts.")),
    "spreadsheet_too_large": Sentence(
        _("The spreadsheet would unpack to more than {most} MB."), _("Import it in several parts, or save it as CSV.")
    ),
    "old_spreadsheet": Sentence(_("This is a spreadsheet in the old format XLS."), _("Save it as XLSX or CSV.")),
    "not_a_spreadsheet": Sentence(
        _("This spreadsheet cannot be read ({reason})."), _("Save it as XLSX, or as CSV, once more.")
    ),
    "not_a_table": Sentence(_("This file is neither CSV nor XLSX."), _("Save the table as XLSX or CSV.")),
    "not_csv": Sentence(
        _("The file cannot be read from line {line} on: {reason}."),
        _("Look for a quotation mark that is opened and not closed."),
    ),
    "columns_missing": Sentence(
        _("The first line does not name the columns {missing}; it reads: {given}."),
        _("Take the first line of the template; names may be English or Italian, in any order."),
    ),
    "columns_twice": Sentence(_("Several columns mean the same: {names}."), _("Leave one of them.")),
    # lines of a file
    "digits_lost": Sentence(
        _("“{value}” is a number that a spreadsheet shortened: the digits it dropped are not in the file."),
        _("Make the column a text column, enter the code again, then save."),
    ),
    "cell_is_formula": Sentence(
        _("The cell holds a formula ({value})."), _("Formulas are not reckoned here: paste its result as a value.")
    ),
    "cell_is_error": Sentence(_("The cell holds an error ({value}).")),
    "cell_is_date": Sentence(
        _("The spreadsheet made a date of this code ({value})."),
        _("Make the column a text column and enter the code again."),
    ),
    "cells_left_over": Sentence(
        _("There are more cells than columns: “{value}” is left over."),
        _("A text that holds the separator has to stand in quotation marks."),
    ),
    "line_repeats": Sentence(
        _("Line {line} says something else about the same code."), _("Leave one of the two lines.")
    ),
    # importing
    "import_refused": Sentence(
        _("Refused lines: {count}. Nothing was changed."),
        _("Correct them, or leave them out with `skip_refused=true`."),
    ),
    "table_changed": Sentence(
        _("The table changed while it was imported into. Nothing was changed."), _("Send the import again.")
    ),
}
"""Codes of `ApprodoError` and of problems with rows, each with its sentence."""
