from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core import languages
from headrace.core.languages import language_of


@pytest.mark.parametrize(
    ("word", "tag"),
    [
        ("en", "en"),
        ("ENG", "en"),
        ("English", "en"),
        ("ger", "de"),
        ("deu", "de"),
        ("Deutsch", "de"),
        ("pt-BR", "pt-BR"),
        ("pt_br", "pt-BR"),
        ("por-br", "pt-BR"),
        ("pob", "pt-BR"),
        ("es-419", "es-419"),
        ("es-MX", "es-MX"),
        ("zh-hans", "zh-Hans"),
        ("zh_TW", "zh-TW"),
        ("CHS", "zh-Hans"),
        ("hi", "hi"),
        ("日本語", "ja"),
        ("jp", "ja"),
        ("", ""),
        ("xx", ""),
        ("xx-BR", ""),
        ("forced", ""),
        ("en-", ""),
        ("web", ""),
        ("1080p", ""),
    ],
)
def test_languages(word: str, tag: str) -> None:
    assert language_of(word) == tag


def test_the_table_is_well_formed() -> None:
    entries = [entry.split() for entry in languages._TABLE.split(";")]
    words = [word.lower() for entry in entries for word in entry]
    assert len(words) == len(set(words)) == len(languages._TAGS), "a word stands twice"
    for entry in entries:
        assert re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2}|-[0-9]{3}|-Han[st])?", entry[0])
        assert entry[1:] == [word.lower() for word in entry[1:]]


@given(st.sampled_from(sorted(languages._TAGS)))
def test_a_tag_is_its_own_tag(word: str) -> None:
    assert language_of(language_of(word)) == language_of(word)


@given(st.text())
def test_any_word(word: str) -> None:
    assert language_of(word).isascii()
