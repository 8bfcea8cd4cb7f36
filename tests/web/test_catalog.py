"""Both languages are complete: a text that nobody translated fails here, not on a person's screen."""

from __future__ import annotations

import re
from typing import get_args

from babel.messages.catalog import Message
from babel.messages.mofile import read_mo

from connectors.kit import errors
from connectors.kit.errors import ConnectorError, InvalidWebhook
from hub.store import journal, reviews
from hub.web import catalog, words

PLACES = re.compile(r"%\(\w+\)[sd]")


def _key(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    if not message.id:
        return None  # the header
    one, two = ((text,) if isinstance(text, str) else tuple(text) for text in (message.id, message.string))
    return one, two


def test_every_text_is_translated() -> None:
    assert list(catalog.missing(catalog.read())) == [], "translate them, then run: python -m hub.web.catalog"


def test_the_compiled_catalogue_is_the_written_one() -> None:
    with catalog.CHINESE.with_suffix(".mo").open("rb") as file:
        compiled = read_mo(file)
    written = catalog.read()
    assert {_key(message) for message in compiled} == {_key(message) for message in written}


def test_translations_keep_their_blanks() -> None:
    for message in catalog.read():
        if message.id:
            texts = [message.string] if isinstance(message.string, str) else message.string
            known = set(PLACES.findall(message.id if isinstance(message.id, str) else message.id[1]))
            assert all(set(PLACES.findall(text)) == known for text in texts), message.id


def test_no_text_that_the_source_has_lost() -> None:
    known = {message.id for message in catalog.template()}
    assert {message.id for message in catalog.read()} - known == set()


def test_no_word_of_the_machinery_stands_raw_on_a_page() -> None:
    assert set(words.WORDS["stage"]) == set(get_args(journal.Stage))
    assert set(words.WORDS["answer"]) == {*get_args(reviews.Answer), "settled"}
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ConnectorError)}
    calls = {kind.__name__ for kind in kinds if kind is not ConnectorError and not issubclass(kind, InvalidWebhook)}
    assert set(words.WORDS["outcome"]) == {"ok", *calls}


def test_every_colour_belongs_to_a_word_that_exists() -> None:
    known = {value for table in (*words.WORDS.values(), *words.LABELLED.values()) for value in table}
    assert {word.rpartition(".")[2] for word in words._TONE_OF} - known == set()
