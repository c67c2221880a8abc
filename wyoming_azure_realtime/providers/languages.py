"""Languages: which ones services offer, and what OpenAI's models call them. Tags are BCP 47.

Sources: the list in OpenAI's guide to speech to text, the languages that Whisper's tokenizer has
(openai/whisper, `whisper/tokenizer.py`), those of Home Assistant, all read in November 2026. The guide is
quoted as saying that codes are ISO 639-1, that newer models take zh-cn, zh-tw and zh-hk as well, and that
others are refused (stablyai/orca, pull request 13157). Other names of a language: IANA's registry of subtags.
"""

_PLAIN = (
    "af ar az be bg bn bs ca cs cy da de el en es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka "
    "kk kn ko kw lb lt lv mi mk ml mn mr ms nb ne nl nn no pa pl pt ro ru sk sl sq sr sv sw ta te th tl "
    "tr uk ur vi yue zh"
)

_REGIONS = {
    "ar": "AE EG JO KW LB QA SA",
    "bn": "BD IN",
    "de": "AT CH DE",
    "en": "AU CA GB IE IN NZ SG US ZA",
    "es": "419 AR CL CO ES MX PE US",
    "fr": "BE CA CH FR",
    "it": "CH IT",
    "nl": "BE NL",
    "pt": "BR PT",
    "zh": "CN HK TW",
    "af": "ZA", "az": "AZ", "be": "BY", "bg": "BG", "bs": "BA", "ca": "ES", "cs": "CZ", "cy": "GB",
    "da": "DK", "el": "GR", "et": "EE", "eu": "ES", "fa": "IR", "fi": "FI", "ga": "IE", "gl": "ES",
    "gu": "IN", "he": "IL", "hi": "IN", "hr": "HR", "hu": "HU", "hy": "AM", "id": "ID", "is": "IS",
    "ja": "JP", "ka": "GE", "kk": "KZ", "kn": "IN", "ko": "KR", "kw": "GB", "lb": "LU", "lt": "LT",
    "lv": "LV", "mi": "NZ", "mk": "MK", "ml": "IN", "mn": "MN", "mr": "IN", "ms": "MY", "nb": "NO",
    "ne": "NP", "nn": "NO", "no": "NO", "pa": "IN", "pl": "PL", "ro": "RO", "ru": "RU", "sk": "SK",
    "sl": "SI", "sq": "AL", "sr": "RS", "sv": "SE", "sw": "KE", "ta": "IN", "te": "IN", "th": "TH",
    "tl": "PH", "tr": "TR", "uk": "UA", "ur": "PK", "vi": "VN", "yue": "HK",
}  # fmt: skip

ALL = tuple(
    code
    for plain in _PLAIN.split()
    for code in (plain, *(f"{plain}-{region}" for region in _REGIONS.get(plain, "").split()))
)

ENGLISH = ("en", "en-US", "en-GB", "en-AU", "en-CA", "en-IE", "en-IN", "en-NZ", "en-ZA")

# One language under several names; the name here is the one that OpenAI's models know.
_SAME = {"nb": "no", "nn": "no", "iw": "he", "in": "id", "ji": "yi", "fil": "tl", "cmn": "zh"}

# Where Chinese is written: subtags in small letters, the more particular ones first.
_CHINESE = {
    "hk": "zh-hk",
    "mo": "zh-hk",
    "tw": "zh-tw",
    "hant": "zh-tw",
    "cn": "zh-cn",
    "sg": "zh-cn",
    "hans": "zh-cn",
}

IN_TRADITIONAL_CHINESE = "以下是繁體中文。"
"""A prompt whose script a model goes on in, where it can only be told that Chinese is spoken."""


def language_of(tag: str) -> str:
    """The language of a tag without script and region, under one name for each language."""
    plain = _subtags(tag)[0]
    return _SAME.get(plain, plain)


def matches(offered: str, requested: str) -> bool:
    """Whether a model or voice of language `offered` serves `requested`: the same language, any region."""
    return language_of(offered) == language_of(requested)


def openai_code(tag: str, *, regional: bool) -> str:
    """What OpenAI's models call a language, empty for none. `regional`: Chinese may have a region."""
    plain, *others = _subtags(tag)
    language = _SAME.get(plain, plain)
    if language not in ("zh", "yue"):
        return language
    where = next((code for subtag, code in _CHINESE.items() if subtag in others), "")
    if language == "yue":  # spoken Cantonese; no other code for it is documented
        where = where or "zh-hk"
    return where if regional and where else "zh"


def in_traditional_chinese(tag: str) -> bool:
    """Whether the tag's language is Chinese in traditional characters."""
    return openai_code(tag, regional=True) in ("zh-tw", "zh-hk")


def _subtags(tag: str) -> list[str]:
    return tag.replace("_", "-").lower().split("-")
