"""Languages that the transcription and speech models document, with the regions that households use.

Source: the vendor's list for whisper-1 and the models after it (57 languages with a word error rate under
50 %). Home Assistant sends a language only if it stands here literally, so regional codes are listed too.
"""

_PLAIN = (
    "af ar az be bg bs ca cs cy da de el en es et fa fi fr gl he hi hr hu hy id is it ja kk kn ko lt lv mi "
    "mk mr ms nb ne nl no pl pt ro ru sk sl sr sv sw ta th tl tr uk ur vi zh"
)

_REGIONS = {
    "ar": "AE EG JO KW LB QA SA",
    "de": "AT CH DE",
    "en": "AU CA GB IE IN NZ SG US ZA",
    "es": "419 AR CL CO ES MX PE US",
    "fr": "BE CA CH FR",
    "it": "CH IT",
    "nl": "BE NL",
    "pt": "BR PT",
    "zh": "CN HK TW",
    "af": "ZA", "az": "AZ", "be": "BY", "bg": "BG", "bs": "BA", "ca": "ES", "cs": "CZ", "cy": "GB",
    "da": "DK", "el": "GR", "et": "EE", "fa": "IR", "fi": "FI", "gl": "ES", "he": "IL", "hi": "IN",
    "hr": "HR", "hu": "HU", "hy": "AM", "id": "ID", "is": "IS", "ja": "JP", "kk": "KZ", "kn": "IN",
    "ko": "KR", "lt": "LT", "lv": "LV", "mi": "NZ", "mk": "MK", "mr": "IN", "ms": "MY", "nb": "NO",
    "ne": "NP",
    "no": "NO", "pl": "PL", "ro": "RO", "ru": "RU", "sk": "SK", "sl": "SI", "sr": "RS", "sv": "SE",
    "sw": "KE", "ta": "IN", "th": "TH", "tl": "PH", "tr": "TR", "uk": "UA", "ur": "PK", "vi": "VN",
}  # fmt: skip

ALL = tuple(
    code
    for plain in _PLAIN.split()
    for code in (plain, *(f"{plain}-{region}" for region in _REGIONS.get(plain, "").split()))
)

ENGLISH = ("en", "en-US", "en-GB", "en-AU", "en-CA", "en-IE", "en-IN", "en-NZ", "en-ZA")


def matches(offered: str, wanted: str) -> bool:
    """Whether a model or voice of language `offered` serves `wanted`: the same language, any region."""
    return offered.lower().replace("_", "-").split("-")[0] == wanted.lower().replace("_", "-").split("-")[0]
