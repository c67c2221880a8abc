# ruff: noqa: RUF001 (characters as they are spoken and written)
"""What is guessed is unsure, and what would be another meaning is never guessed."""

from tests.verification.corpus import verdict
from wyoming_azure_realtime.verification.likeness import is_like, is_same_word
from wyoming_azure_realtime.verification.tokens import fold


def test_a_word_is_like_itself_in_another_writing() -> None:
    cases = [
        ("Deejay", "DJ"),
        ("Tuya", "Tuia"),
        ("έφτασε", "έφθασε"),
        ("Spotify", "ספוטיפיי"),
        ("Spotify", "Σποτιφάι"),
        ("Spotify", "スポティファイ"),
        ("YouTube", "Ютуб"),
        ("Samsung", "삼성"),
        ("Netflix", "넷플릭스"),
        ("Living", "लिविंग"),
        ("Lights", "Λάιτς"),
        ("crêpe", "crêpes"),
        ("messages", "msgs"),
    ]
    both = [pair for one, other in cases for pair in ((one, other), (other, one))]
    assert not [pair for pair in both if not is_like(*map(fold, pair))]


def test_another_word_is_not() -> None:
    cases = [
        ("Mario", "Maria"),
        ("Küche", "Flur"),
        ("Kari", "Mari"),
        ("Spotify", "ביטלס"),
        ("Sonos", "Яндекс"),
        ("パスタ", "ピザ"),
        ("민수", "민지"),
        ("aktiviert", "deaktiviert"),
    ]
    assert not [case for case in cases if is_like(*map(fold, case))]


def test_letters_that_a_script_leaves_out_make_no_other_word() -> None:
    assert is_same_word(fold("תכנית"), fold("תוכנית"))
    assert is_same_word(fold("कि"), fold("की")) is False  # too short
    assert is_same_word(fold("हिन्दी"), fold("हिंदि"))
    assert not is_same_word(fold("שלום"), fold("שבוע"))


def test_what_is_not_understood_is_unsure() -> None:
    cases = [
        ("de", "Es läuft Radio Deejay.", "Es läuft Radio DJ."),
        ("it", "Il cloud di Tuya non risponde.", "Il cloud di Tuia non risponde."),
        ("he", "מנגן ב-Spotify.", "מנגן בספוטיפיי."),
        ("ja", "夜に駆けるを再生します", "夜にかけるを再生します"),
        ("ja", "ほかに何かありますか", "他に何かありますか"),
        ("zh", "正在Sonos上播放", "正在索诺斯上播放"),
        ("es", "Vive en la Col. Roma Norte.", "Vive en la Colonia Roma Norte."),
        ("es", "Viene T4 E11 de la serie", "Viene temporada 4 episodio 11 de la serie"),
        ("fr", "Pour la pâte à crêpes", "Pour la pâte à crêpe"),
        ("en", "Turn off the lights", "Turn off the light"),
        ("ar", "الفاتورة 145.50 ريال", "الفاتورة 145 ريالا و50 هللة"),
    ]
    assert not [case for case in cases if verdict(*case[1:], case[:1]) not in {"unsure", "complete"}]


def test_another_meaning_is_a_mismatch() -> None:
    cases = [
        ("pl", "Włączyłem światło.", "Wyłączyłem światło."),
        ("ru", "Свет включён.", "Свет выключен."),
        ("cs", "Světlo je zapnuté.", "Světlo je vypnuté."),
        ("hu", "Felkapcsoltam a villanyt.", "Lekapcsoltam a villanyt."),
        ("pt", "Luz ligada.", "Luz desligada."),
        ("fr", "C'est au-dessus.", "C'est au-dessous."),
        ("de", "Das Licht ist aus.", "Das Licht ist an."),
        ("en", "Wind from the northwest.", "Wind from the northeast."),
        ("ja", "外の気温は-3.5 °Cです。", "外の気温は3.5度です。"),
        ("ja", "スイッチをONにしました。", "スイッチをオフにしました。"),
        ("es", "Cuesta 5 $.", "Cuesta 5 £."),
        ("fr", "C'est le 05/11.", "C'est le 11 mai."),
        ("en", "It cost $3.42 today.", "It cost £3.42 today."),
        ("fi", "Kokous on 3.4.2026.", "Kokous on 4.3.2026."),
        ("vi", "Cuộc hẹn ngày 03/04/2026.", "Cuộc hẹn ngày 4 tháng 3 năm 2026."),
        ("pt", "São 90 graus.", "São noventa e um graus."),
    ]
    assert not [case for case in cases if verdict(*case[1:], case[:1]) != "mismatch"]


def test_a_rule_that_is_understood_is_sure() -> None:
    cases = [
        (
            "cs",
            "Schůzka je 3. 4. 2026 ve 14:00.",
            "Schůzka je třetího dubna dva tisíce dvacet šest ve čtrnáct hodin.",
        ),
        ("cs", "Je čtvrtek 19. 3.", "Je čtvrtek devatenáctého března."),
        ("nl", "Zet hem op 20½ graad.", "Zet hem op twintig en een halve graad."),
        ("en", "Smoke's been detected.", "Smoke has been detected."),
        ("en", "The code is K7-QX-93.", "The code is kay seven queue ex nine three."),
        ("fr", "Composez le 3615.", "Composez le trente-six quinze."),
        ("fr", "Rendez-vous le 05/11.", "Rendez-vous le cinq novembre."),
        ("de", "Die A8 ist frei.", "Die A acht ist frei."),
        ("de", "Geöffnet Mo–Fr 9–17 Uhr.", "Geöffnet Montag bis Freitag von neun bis siebzehn Uhr."),
        ("en", "It cost $1.2M.", "It cost one point two million dollars."),
        ("ru", "Цена 150,50 руб. за кило.", "Цена сто пятьдесят рублей пятьдесят копеек за кило."),
        ("ru", "Давление 745 мм рт. ст.", "Давление семьсот сорок пять миллиметров ртутного столба."),
        ("zh", "费用12.5元。", "费用十二块五。"),
        ("ja", "会議は15:30からです。", "会議は午後3時半からです。"),
        ("he", "סיום התכנית בשעה 8", "סיום התוכנית בשעה 8"),
    ]
    assert not [case for case in cases if verdict(*case[1:], case[:1]) != "complete"]
