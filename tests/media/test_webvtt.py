"""Subtitles of any kind as WebVTT."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.media.webvtt import decode, to_webvtt

SRT = "1\n00:00:01,000 --> 00:00:02,500\n{}\n\n"


def test_subrip_keeps_times_and_italics():
    text = to_webvtt(SRT.format("<i>Hello</i> you").encode(), "srt")
    assert text.startswith("WEBVTT")
    assert "00:00:01.000 --> 00:00:02.500" in text
    assert "<i>Hello</i>" in text


def test_ass_drops_comments_and_drawings():
    head = "[Script Info]\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    line = "{}: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{}\n"
    text = to_webvtt(
        (
            head
            + line.format("Dialogue", r"{\pos(1,2)}Hi\Nthere")
            + line.format("Comment", "secret")
            + line.format("Dialogue", r"{\p1}m 0 0 l 9 9{\p0}")
        ).encode(),
        "ass",
    )
    assert "Hi\nthere" in text
    assert "secret" not in text
    assert "m 0 0" not in text


ASS = r"""[Script Info]
PlayResY: 360
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Sign,Arial,20,&H0,&H0,&H0,&H0,0,-1,0,0,100,100,0,0,1,1,0,9,0,0,0,1
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\b1}Second{\b0} {\an8 torn
Dialogue: 0,0:00:01.00,0:00:02.00,Sign,,0,0,0,,{\blur3}First
Dialogue: 1,0:00:01.00,0:00:02.00,Sign,,0,0,0,,{\bord2}First
Dialogue: 0,0:00:05.00,0:00:06.00,Missing,,0,0,0,,{\pos(10,20)}Third
""".replace("\\\n", "")


def test_ass_keeps_what_webvtt_knows():
    assert to_webvtt(ASS.encode(), "ass").split("\n\n")[1:] == [
        "00:00:01.000 --> 00:00:02.000 line:0 align:right\n<i>First</i>",
        "00:00:03.000 --> 00:00:04.000\n<b>Second</b>  torn",
        "00:00:05.000 --> 00:00:06.000 line:0\nThird\n",
    ]


def test_subrip_has_places_and_markup_too():
    text = to_webvtt(SRT.format("{\\an8}<b>Up</b> <font color='red'>here</font> & <u>there").encode(), "srt")
    assert text.endswith("00:00:02.500 line:0\n<b>Up</b> here &amp; <u>there</u>\n")


def test_microdvd_counts_frames():
    assert "00:00:10.000" not in to_webvtt(b"{240}{480}hello|you\n", "sub")
    assert "00:00:10.010 --> 00:00:20.020\nhello\nyou" in to_webvtt(b"{240}{480}hello|you\n", "sub")


def test_webvtt_stays_as_it_is():
    text = "WEBVTT\n\nSTYLE\n::cue { color: red }\n\n00:01.000 --> 00:02.000\nx\n"
    assert to_webvtt(b"\xef\xbb\xbf" + text.encode(), "vtt") == text


def test_an_arrow_in_the_text_ends_no_cue():
    text = to_webvtt(SRT.format("a --> b").encode(), "srt")
    assert text.count("-->") == 1
    assert "a --&gt; b" in text


@pytest.mark.parametrize(
    ("data", "language", "text"),
    [
        ("é", "", "é"),
        ("\ufeffé", "", "é"),
        ("Grüße", "", "Grüße"),
    ],
)
def test_unicode(data, language, text):
    for encoding in ("utf-8", "utf-16"):
        if encoding == "utf-8" or not data.startswith("\ufeff"):
            assert decode(data.encode(encoding), language) == text


@pytest.mark.parametrize(
    ("text", "encoding", "language"),
    [
        ("Où êtes-vous ?", "cp1252", "fr"),
        ("Où êtes-vous ?", "cp1252", ""),
        ("Zażółć gęślą jaźń", "cp1250", "pl"),
        ("Привет, мир", "cp1251", "ru"),
        ("Γειά σου", "cp1253", "el"),
        ("שלום", "cp1255", "he"),
        ("日本語の字幕", "shift_jis", "ja"),
        ("Это довольно длинный текст, по которому язык узнаётся сам собой. " * 3, "cp1251", ""),
    ],
)
def test_what_was_written_before_unicode(text, encoding, language):
    assert decode(text.encode(encoding), language) == text


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"garbage", b"\0" * 100, b"1\n00:00:02,000 --> 00:00:01,000\nx\n"])
def test_what_cannot_be_read_says_so(data):
    with pytest.raises(InputError, match="cannot be read"):
        to_webvtt(data, "srt")


@given(st.binary(max_size=300), st.sampled_from(["srt", "ass", "vtt", "sub", "smi", "ttml", "sbv"]))
def test_any_bytes_end_well(data, suffix):
    try:
        assert to_webvtt(data, suffix).startswith("WEBVTT")
    except InputError:
        pass


@given(st.text(alphabet="ab{}\\\nNih1()&<> -,", max_size=80), st.sampled_from(["srt", "ass"]))
def test_no_command_is_shown_whatever_the_file_is(text, suffix):
    line = ASS.partition("[Events]")[0] + "[Events]\n" + ASS.splitlines()[6]
    whole = SRT.format(text) if suffix == "srt" else f"{line}\nDialogue: 0,0:00:01.00,0:00:02.00,Sign,,0,0,0,,{text}\n"
    try:
        found = to_webvtt(whole.replace("\\{", "").replace("\\}", "").encode(), suffix)
    except InputError:
        return
    assert "{" not in found
    assert "}" not in found
