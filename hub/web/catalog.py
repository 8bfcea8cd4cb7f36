"""The texts of the console: gather them, keep the Chinese catalogue complete, compile it.

After changing a text run `python -m hub.web.catalog`, translate what it lists in
`translations/zh/LC_MESSAGES/messages.po`, and run it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).parent
CHINESE = HERE / "translations" / "zh" / "LC_MESSAGES" / "messages.po"

_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
_OPTIONS = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
_WORDS = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2)}


def template() -> Catalog:
    """Every text of the console as the source has it."""
    catalog = Catalog(project="Returns Hub", charset="utf-8", fuzzy=False)
    for filename, _line, message, _comments, context in sorted(
        extract_from_dir(str(HERE), _METHODS, _OPTIONS, keywords=_WORDS), key=lambda found: found[:2]
    ):
        catalog.add(message, None, [(filename, 0)], context=context)
    return catalog


def read() -> Catalog:
    """The Chinese catalogue as it stands."""
    with CHINESE.open("rb") as file:
        return read_po(file, locale="zh")


def missing(catalog: Catalog) -> Iterator[str]:
    """Texts that the source has and the catalogue does not translate."""
    for message in template():
        if message.id and not _translated(catalog, message.id):
            yield message.id if isinstance(message.id, str) else message.id[0]


def _translated(catalog: Catalog, text: str | Sequence[str]) -> bool:
    found = catalog.get(text if isinstance(text, str) else text[0])
    if found is None or found.fuzzy:
        return False
    return all(found.string) if isinstance(found.string, list | tuple) else bool(found.string)


def update() -> None:
    """Bring the catalogue up to date with the source and compile it."""
    catalog = read()
    catalog.update(template(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    catalog.msgid_bugs_address = catalog.last_translator = ""
    with CHINESE.open("wb") as file:
        write_po(file, catalog, width=120, sort_output=True, omit_header=False, ignore_obsolete=True)
    with CHINESE.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalog)


if __name__ == "__main__":
    update()
    for text in missing(read()):
        print(f"not translated yet: {text}")
