"""Languages of subtitles, as their names say them.

Rules: a word is an ISO 639-1 or 639-2 code (both of the latter's, ``ger`` and ``deu``), an English name, the language's
own name, or what fansub groups write (``chs``, ``vostfr``); the answer is the shortest BCP 47 tag (``de``, ``pt-BR``).
"""

from __future__ import annotations

import re

# Tag, then every word for it.
_TABLE = """
af afr afrikaans; ar ara arabic العربية; az aze azerbaijani; be bel belarusian; bg bul bulgarian български;
bn ben bengali bangla; bs bos bosnian; ca cat catalan català; cs cze ces czech čeština cesky; cy wel cym welsh;
da dan danish dansk; de ger deu german deutsch; el gre ell greek ελληνικά; en eng english; eo epo esperanto;
es spa esp spanish español espanol castellano castilian; et est estonian eesti; eu baq eus basque euskara;
fa per fas persian farsi فارسی; fi fin finnish suomi; fil tgl tl filipino tagalog;
fr fre fra french français francais vostfr vff; ga gle irish; gl glg galician galego; gu guj gujarati;
he heb iw hebrew עברית; hi hin hindi; hr hrv scr croatian hrvatski; hu hun hungarian magyar; hy arm hye armenian;
id ind in indonesian bahasa; is ice isl icelandic; it ita italian italiano; ja jpn jap jp japanese 日本語;
ka geo kat georgian; kk kaz kazakh; km khm khmer; kn kan kannada; ko kor kr korean 한국어; ku kur kurdish;
la lat latin; lb ltz luxembourgish; lo lao; lt lit lithuanian lietuvių; lv lav latvian latviešu; mk mac mkd macedonian;
ml mal malayalam; mn mon mongolian; mr mar marathi; ms may msa malay; my bur mya burmese; nb nob bokmål bokmal;
ne nep nepali; nl dut nld dutch nederlands flemish vlaams; nn nno nynorsk; no nor norwegian norsk; pa pan punjabi;
pl pol polish polski; pt por portuguese português portugues; ro rum ron romanian română romana; ru rus russian русский;
si sin sinhala; sk slo slk slovak slovenčina; sl slv slovenian slovene slovenščina; sq alb sqi albanian shqip;
sr srp scc serbian српски srpski; sv swe svenska swedish; sw swa swahili; ta tam tamil; te tel telugu; th tha thai ไทย;
tr tur turkish türkçe turkce; uk ukr ukrainian українська; ur urd urdu; uz uzb uzbek; vi vie vietnamese;
zh chi zho chinese 中文 mandarin; pt-BR pob ptbr brazilian brasileiro; es-419 latino latinoamerica; zh-Hans chs sc
simplified 简体 简中; zh-Hant cht tc traditional 繁體 繁体 繁中; zh-HK yue cantonese 粤语; fr-CA vfq québécois
quebecois; en-US american; en-GB british
"""
_TAGS = {
    word: words[0] for entry in _TABLE.split(";") if (words := entry.split()) for word in (words[0].lower(), *words[1:])
}
_REGION = re.compile(r"([a-z]{2,3})[-_]([a-z]{2}|[0-9]{3}|hans|hant)")


def language_of(word: str) -> str:
    """The tag of a language's name or code, with a region if it has one (``pt-br``, ``zh_hans``); empty if unknown."""
    word = word.lower()
    if word in _TAGS:
        return _TAGS[word]
    match = _REGION.fullmatch(word)
    if match is None or match[1] not in _TAGS:
        return ""
    region = match[2].title() if len(match[2]) == 4 else match[2].upper()
    return f"{_TAGS[match[1]]}-{region}"
