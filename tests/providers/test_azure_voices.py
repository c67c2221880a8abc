import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.providers.azure_voices import FILE, documented, written
from wyoming_azure_realtime.providers import azure_voices as module
from wyoming_azure_realtime.providers.azure_voices import (
    AzureVoice,
    Gender,
    azure_voice,
    azure_voices,
    find_voices,
    is_azure_voice_name,
    nearest,
    recognition_locales,
)
from wyoming_azure_realtime.providers.voices import GENDERS, realtime_name

VOICES = azure_voices()


def names(found: tuple[AzureVoice, ...]) -> list[str]:
    return [voice.name for voice in found]


@pytest.mark.parametrize(
    ("name", "locale", "gender"),
    [
        # of the lists of Home Assistant Cloud and of Microsoft's tutorials
        ("en-US-JennyNeural", "en-US", "female"),
        ("en-US-GuyNeural", "en-US", "male"),
        ("en-GB-SoniaNeural", "en-GB", "female"),
        ("de-DE-KatjaNeural", "de-DE", "female"),
        ("nl-NL-MaartenNeural", "nl-NL", "male"),
        ("nb-NO-PernilleNeural", "nb-NO", "female"),
        ("pa-IN-OjasNeural", "pa-IN", "male"),
        # what the samples of the Speech SDK and of Voice Live speak with
        ("en-US-AvaMultilingualNeural", "en-US", "female"),
        ("en-US-Ava:DragonHDLatestNeural", "en-US", "female"),
        ("de-DE-Florian:DragonHDLatestNeural", "de-DE", "male"),
        # more than two subtags, a script, a dialect, small letters, no region
        ("iu-Cans-CA-SiqiniqNeural", "iu-Cans-CA", "female"),
        ("sr-Latn-RS-NicholasNeural", "sr-Latn-RS", "male"),
        ("zh-CN-liaoning-XiaobeiNeural", "zh-CN-liaoning", "female"),
        ("zh-CN-guangxi-YunqiNeural", "zh-CN-guangxi", "male"),
        ("wuu-CN-YunzheNeural", "wuu-CN", "male"),
        ("en-us-emma:DragonHDOmniLatestNeural", "en-US", "female"),
        ("en-Multitalker:DragonHDLatestNeural", "en-US", "neutral"),
        ("tr-TR-Aydın:MAI-Voice-2", "tr-TR", "male"),  # noqa: RUF001
    ],
)
def test_well_known_voices_are_there(name: str, locale: str, gender: str) -> None:
    voice = VOICES[name]
    assert (voice.name, voice.locale, voice.gender) == (name, locale, gender)
    assert azure_voice(name.upper() if name.isascii() else name) is voice


def test_styles_roles_and_languages_are_those_of_the_voice() -> None:
    assert "whispering" in VOICES["en-US-JennyNeural"].styles
    assert VOICES["zh-CN-YunxiNeural"].roles == ("Boy", "Narrator", "YoungAdultMale")
    jenny, ava = VOICES["en-US-JennyMultilingualNeural"], VOICES["en-US-AvaMultilingualNeural"]
    assert (len(jenny.languages), len(ava.languages)) == (40, 90)  # 41 and 91 with their own
    assert "nb-NO" in ava.languages
    assert "en-US" not in ava.languages
    assert VOICES["en-US-Phoebe:DragonHDOmniLatestNeural"].multilingual
    assert not VOICES["en-US-GuyNeural"].multilingual


def test_every_name_is_recognised_and_begins_with_its_language() -> None:
    assert len(VOICES) > 700
    assert len({name.lower() for name in VOICES}) == len(VOICES)
    for name, voice in VOICES.items():
        assert is_azure_voice_name(name)
        assert name.split("-")[0] == voice.locale.split("-")[0] or "Multitalker" in name
        assert voice.short_name
        assert len({*voice.styles}) == len(voice.styles)
        assert realtime_name(name) in GENDERS


@pytest.mark.parametrize(
    ("text", "is_name"),
    [
        ("en-US-SomebodyNewNeural", True),
        ("en-us-somebody:DragonHDv1Neural", True),
        ("yue-CN-XNeural", True),
        ("zh-CN-henan-YundengNeural", True),
        ("en-US-AlloyMultilingualNeuralHD", True),
        ("JennyNeural", False),
        ("en-US-Jenny", False),
        ("alloy", False),
        ("de_DE-thorsten-medium", False),
        ("en-US", False),
        ("en-US-Neural", False),
        (" en-US-JennyNeural", False),
        ("en-US-JennyNeural\n", False),
        ("en-US-" + "a" * 100 + "Neural", False),
    ],
)
def test_names_are_known_by_their_form(text: str, is_name: bool) -> None:
    assert is_azure_voice_name(text) is is_name


def test_a_search_finds_the_best_first() -> None:
    assert names(find_voices("EN-us-jennyneural")) == ["en-US-JennyNeural"]
    assert names(find_voices("jenny")) == [
        "en-US-JennyNeural",
        "en-US-JennyMultilingualNeural",
        "en-US-Jenny:DragonHDLatestNeural",
    ]
    assert names(find_voices("KatjaNeural")) == ["de-DE-KatjaNeural"]
    norwegian = ["nb-NO-PernilleNeural", "nb-NO-FinnNeural", "nb-NO-IselinNeural"]
    for text in ("nb-NO", "nb_no", "nb", "no"):
        found = find_voices(text)
        assert names(found[:3]) == norwegian
        assert found[3:]
        assert all("nb-NO" in voice.languages for voice in found[3:])
    assert [voice.locale for voice in find_voices("de-AT")[:3]][:2] == ["de-AT", "de-AT"]
    assert find_voices("de-AT")[2].locale in ("de-CH", "de-DE")
    assert find_voices("zh-CN-liaoning")[0].name == "zh-CN-liaoning-XiaobeiNeural"
    assert find_voices("sr-Latn")[0].locale == "sr-Latn-RS"
    assert {voice.short_name for voice in find_voices("pernil")} == {"Pernille"}
    assert find_voices("") == find_voices("nobody") == find_voices("xx") == find_voices("a" * 101) == ()


@given(st.sampled_from(sorted(VOICES)) | st.text(max_size=12))
def test_a_search_finds_nothing_twice_and_a_name_alone(text: str) -> None:
    found = find_voices(text)
    assert len(set(names(found))) == len(found)
    if text in VOICES:
        assert names(found) == [text]


def test_the_nearest_voice_speaks_the_language_then_is_of_the_gender_then_of_the_region() -> None:
    offered: list[tuple[str, Gender, tuple[str, ...]]] = [
        (voice.name, voice.gender, (voice.locale,))
        for voice in VOICES.values()
        if voice.locale in ("de-DE", "de-AT", "nb-NO")
    ]
    assert nearest("de-AT", "male", offered) == "de-AT-JonasNeural"
    assert nearest("de-CH", "female", offered) == "de-AT-IngridNeural"
    assert nearest("no", "male", offered) == "nb-NO-FinnNeural"
    assert nearest("", "male", [("a", "female", ()), ("b", "neutral", ()), ("c", "male", ())]) == "c"
    assert nearest("fr", "male", [("a", "female", ()), ("b", "neutral", ())]) == "b"
    assert nearest("fr", "male", []) is None


@pytest.mark.parametrize("name", ["echo", "onyx", "nova", "shimmer", "ash"])
def test_openai_voices_have_the_gender_that_microsoft_gives_them(name: str) -> None:
    assert GENDERS[name] == VOICES[f"en-US-{name.capitalize()}TurboMultilingualNeural"].gender


@pytest.mark.parametrize(
    ("asked", "speaks"),
    [
        ("de-DE-KatjaNeural", "coral"),
        ("ConradNeural", "ash"),
        ("en-US-Ava:DragonHDLatestNeural", "coral"),
        ("en-US-BlueNeural", "alloy"),
        ("en-US-GuyNeural", "echo"),
        (" de_DE-KatjaNeural ", "coral"),
        ("Microsoft Server Speech Text to Speech Voice (de-DE, ConradNeural)", "ash"),
        # newer than the data: by others that are called so, else a neutral one
        ("nb-NO-AvaMultilingualNeuralHD", "coral"),
        ("EN-gb-andrew:dragonhdv9neural", "ash"),
        ("de-DE-NobodyNeural", "alloy"),
        ("xx-XX-Nobody:DragonHDLatestNeural", "alloy"),
        # no such names
        ("neural", "neural"),
        ("de-DE-Katja", "de-de-katja"),
        ("a:b", "a:b"),
    ],
)
def test_a_realtime_model_speaks_for_it_with_a_voice_of_its_gender(asked: str, speaks: str) -> None:
    assert realtime_name(asked) == speaks


def test_locales_of_recognition() -> None:
    locales = recognition_locales()
    assert {"af-ZA", "de-CH", "en-US", "fil-PH", "nb-NO", "wuu-CN", "zh-CN-sichuan", "zu-ZA"} <= {*locales}
    assert len(locales) > 140
    assert list(locales) == sorted(set(locales))


def test_the_data_are_read_when_they_are_asked_for() -> None:
    code = (
        "import wyoming_azure_realtime.api, wyoming_azure_realtime.providers.azure_voices as voices;"
        "from wyoming_azure_realtime.providers.voices import realtime_name; realtime_name('nobody');"
        "assert voices._data.cache_info().currsize == 0; voices.azure_voices();"
        "assert voices._data.cache_info().currsize == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert Path(module.__file__).with_suffix(".tsv") == FILE
    assert FILE.stat().st_size < 150_000


# ruff: noqa: E501 - a row of a table is one line

OF_TODAY = """
| Locale (BCP-47) | Language | Fast transcription support | Monolingual |
| --- | --- | --- | --- |
| `zu-ZA` | isiZulu | ✅ |  |
| `af-ZA` | Afrikaans | ❌ |  |

| Locale (BCP-47) | Language | Type | Text to speech voices | Style/Roles | Voice conversion |
| --- | --- | --- | --- | --- | --- |
| `de-DE` | German | Neural HD | `de-DE-Mia:MAI-Voice-2`<sup>1</sup> (Female) | **Styles**<br/>`sad`, `calm`<br/>**Roles**<br/>`Boy` | ❌ |
| `iu-CANS-CA` | Inuktitut | Standard | `iu-Cans-CA-TaqqiqNeural`<sup>3</sup> (Male) |  | ❌ |

<sup>6</sup> The `de-DE-Mia:MAI-Voice-2` voice also supports the following secondary locales: `wuu-CN`, and `zh-TW`. To
"""
OF_LAST_YEAR = """
| Locale (BCP-47) | Language | Text to speech voices |
| ----- | ----- | ----- |
| `en-GB` | English | `en-GB-AnaNeural` (Female, Child)<br/>`en-GB-OllieMultilingualNeural`<sup>1,4</sup> (Male)<br/>`en-GB-MiaNeural` |

| Locale (BCP-47) | Language | Fast transcription support |
| ----- | ----- | ----- |
| `af-ZA` | Afrikaans | ✅ |

| Voice | Styles |Roles |
| ----- | ----- | ----- |
| `en-GB-AnaNeural` | `cheerful`, `sad` | Not supported |

| Voice   | Auto-detected language (locale) | All languages (locale) supported from SSML    |
| ------- | ------------------------------- | ------ |
| `en-GB-OllieMultilingualNeural`<sup>1,2</sup> (Male) <br/> | German (`de-DE`) | Irish (Ireland) (`ga-IE`), English (`en-GB`) |
"""


def test_the_documentation_of_today_and_that_of_last_year_are_understood() -> None:
    today = documented([OF_TODAY])
    assert written(today, "x").splitlines()[-7:] == [
        "# From: x",
        "recognition\taf-ZA zu-ZA",
        "languages\t1\twuu-CN zh-TW",
        "locale\tde-DE",
        "voice\tde-DE-Mia:MAI-Voice-2\tf\t1\tsad calm\tBoy",
        "locale\tiu-Cans-CA",
        "voice\tiu-Cans-CA-TaqqiqNeural\tm\t\t\t",
    ]
    before = documented([OF_LAST_YEAR])
    assert written(before, "x").splitlines()[-5:] == [
        "recognition\taf-ZA",
        "languages\t1\ten-GB ga-IE",
        "locale\ten-GB",
        "voice\ten-GB-AnaNeural\tf\t\tcheerful sad\t",
        "voice\ten-GB-OllieMultilingualNeural\tm\t1\t\t",
    ]
    assert before.left_out == ["en-GB-MiaNeural"]
    with pytest.raises(ValueError, match="no table"):
        documented(["nothing"])
