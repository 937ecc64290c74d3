"""Lines of ASS as WebVTT cues."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.cues import PLAIN, Cue, Style, cue, webvtt


def shown(text: str, style: Style = PLAIN, height: float = 0.0) -> tuple[str, str] | None:
    made = cue(1.0, 2.0, text, style, height)
    return None if made is None else (made.text, made.settings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello", "Hello"),
        (r"{\i1}Hello{\i0} you", "<i>Hello</i> you"),
        (r"{\b1\i1}both{\b0} one{\i0}", "<b><i>both</i></b><i> one</i>"),
        (r"{\b700}heavy{\b400} light", "<b>heavy</b> light"),
        (r"{\u1}under{\r} plain", "<u>under</u> plain"),
        (r"{\i1}a\Nb", "<i>a</i>\n<i>b</i>"),
        (r"a\N\N\Nb\N", "a\nb"),
        (r"a\nb\hc", "a b\u00a0c"),
        ("a\n\n\rb", "a\nb"),
        (r"{\pos(1,2)\fs20\c&HFF&\k20}x{a comment}y", "xy"),
        (r"{\t(0,500,\i1\fs(3))\fad(1,2)}x", "x"),
        (r"{\p1}m 0 0 l 9 9{\p0}word", "word"),
        (r"{\be1\bord2\iclip(1,2)\ud\pbo3\blur1\alpha&H0&\fax1}x", "x"),
        ("a < b & c > d --> e", "a &lt; b &amp; c &gt; d --&gt; e"),
        (r"{\an8\i1 never closed", "never closed"),
        ("{ never closed", " never closed".strip()),
        (r"\{braces\}", "{braces}"),
        ("odd } one", "odd  one"),
        (r"{\i}x", "x"),
        (r"{\i99999999999999999999}x", "x"),
        ("a\u2028\u2028b", "a\nb"),
    ],
)
def test_text(text: str, expected: str) -> None:
    made = shown(text)
    assert made is not None
    assert made[0] == expected


@pytest.mark.parametrize("text", ["", " ", r"\N\N", r"{\p1}m 0 0", r"{\i1}{\i0}", "{only a comment}"])
def test_nothing_to_read(text: str) -> None:
    assert shown(text) is None
    assert cue(2.0, 2.0, "x") is None


@pytest.mark.parametrize(
    ("text", "style", "settings"),
    [
        ("x", Style(), ""),
        (r"{\an8}x", Style(), "line:0"),
        (r"{\an7}x", Style(), "line:0 align:left"),
        (r"{\an6}x", Style(), "line:45% align:right"),
        (r"{\an1}x", Style(), "align:left"),
        (r"{\an8}x{\an2}", Style(), "line:0"),
        (r"{\a6}x", Style(), "line:0"),
        (r"{\a10}x", Style(), "line:45%"),
        (r"{\a4}x", Style(), ""),
        (r"{\an0}x", Style(), ""),
        ("x", Style(alignment=9), "line:0 align:right"),
        (r"{\an2}x", Style(alignment=9), ""),
        (r"{\pos(100,20)}x", Style(), "line:0"),
        (r"{\an8\pos(100,190)}x", Style(), "line:45%"),
        (r"{\pos(100,350)}x", Style(), ""),
        (r"{\pos(a,b)}x", Style(alignment=8), "line:0"),
        (r"{\pos(1)}x", Style(), ""),
    ],
)
def test_places(text: str, style: Style, settings: str) -> None:
    assert shown(text, style, 360.0) == ("x", settings)


def test_a_place_in_a_picture_of_unknown_height_is_not_guessed() -> None:
    assert shown(r"{\pos(100,20)}x") == ("x", "")


def test_a_style_holds_until_a_command_says_otherwise() -> None:
    italic = Style(italic=True, bold=True)
    assert shown(r"a{\i0}b{\i}c{\i0}d{\rOther}e", italic) == ("<b><i>a</i>b<i>c</i>d<i>e</i></b>", "")


def test_a_file() -> None:
    text = webvtt([Cue(1.0, 2.5, "a", "line:0"), Cue(3661.0004, 3662.9996, "b\nc")])
    assert text == "WEBVTT\n\n00:00:01.000 --> 00:00:02.500 line:0\na\n\n01:01:01.000 --> 01:01:03.000\nb\nc\n"


CODES = [
    r"{\i1}",
    r"{\b1}",
    r"{\an8}",
    r"{\pos(1,2)}",
    r"{\t(\i1)}",
    r"{\r}",
    r"{\u1\b0}",
    r"{\fnArial",
    r"\i1}",
    r"{\k1",
]
SIGNS = ["{", "}", "{{", "}}", "{*}", "\\", r"\N", r"\{", r"\\{\\i1}", "(", ")", "<i>", "-->", "&lt;", "\n"]
COMMANDS = st.sampled_from([*CODES, *SIGNS])
MARKED = re.compile(r"</?[biu]>")


@given(st.lists(st.one_of(COMMANDS, st.text(max_size=6)), max_size=12).map("".join), st.builds(Style))
def test_whatever_it_holds_it_is_one_cue_without_commands(text: str, style: Style) -> None:
    made = cue(0.0, 1.0, text, style, 100.0)
    if made is None:
        return
    assert "\n\n" not in made.text
    assert not made.text.startswith("\n")
    assert "-->" not in made.text
    assert all(line.strip() for line in made.text.splitlines())
    bare = MARKED.sub("", made.text)
    assert "<" not in bare
    assert ">" not in bare
    opened: list[str] = []
    for tag in MARKED.findall(made.text):
        if tag.startswith("</"):
            assert opened.pop() == tag[2]
        else:
            opened.append(tag[1])
    assert opened == []


@given(st.lists(st.one_of(COMMANDS, st.text(alphabet="ab {}\\pi1()", max_size=6)), max_size=12).map("".join))
def test_no_command_is_ever_shown(text: str) -> None:
    while r"\{" in text or r"\}" in text:  # what is escaped is meant to be read; taking one out may make another
        text = text.replace(r"\{", "").replace(r"\}", "")
    made = cue(0.0, 1.0, text, Style(), 100.0)
    if made is not None:
        assert "{" not in made.text
        assert "}" not in made.text
