from pathlib import Path

import pytest

from tests.support.settings_sources import complaint, from_yaml, loaded
from wyoming_azure_realtime.errors import SettingsError


class TestListeners:
    @pytest.mark.parametrize("uri", ["tcp://0.0.0.0", "http://x:1", "unix://", "10300", "tcp://x:99999"])
    def test_an_impossible_address_is_refused_with_its_source(self, uri: str) -> None:
        with pytest.raises(
            SettingsError, match=r"listeners\[0\]\.uri is .*command line --uri.*tcp://HOST:PORT"
        ):
            loaded(uri=[uri])

    @pytest.mark.parametrize("uri", ["tcp://127.0.0.1:1", "unix:///x", "stdio://"])
    def test_no_address_is_listened_on_twice(self, uri: str) -> None:
        with pytest.raises(SettingsError, match=r"listeners\[1\]\.uri .*listeners\[0\]\.uri has already"):
            loaded(uri=[uri, uri])

    def test_free_ports_are_never_the_same(self) -> None:
        assert len(loaded(uri=["tcp://127.0.0.1:0", "tcp://127.0.0.1:0"]).settings.listeners) == 2

    def test_there_is_at_least_one_and_not_any_number(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match=r"listeners is a list of 0 \(file .*:1\)"):
            from_yaml(tmp_path, "listeners: []")
        with pytest.raises(SettingsError, match="listeners is a list of 65"):
            loaded(uri=["tcp://127.0.0.1:0"] * 65)

    def test_a_profile_exists(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match=r"listeners\[0\]\.profile is 'kitchen' .*attic, default"):
            from_yaml(tmp_path, "profiles: {attic: {}}\nlisteners: [{uri: 'stdio://', profile: kitchen}]")

    def test_the_default_profile_exists_beside_others(self, tmp_path: Path) -> None:
        text = "profiles: {kitchen: {voice: echo}}"
        assert set(from_yaml(tmp_path, text).settings.profiles) == {"default", "kitchen"}

    @pytest.mark.parametrize("name", ["a b", "a.b", "''", "ü", "x" * 41])
    def test_a_profile_has_a_name_that_fits_into_keys(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(SettingsError, match=r"profiles is given a profile named .*:1\)"):
            from_yaml(tmp_path, f"profiles: {{{name}: {{voice: echo}}}}")


class TestAllowedNetworks:
    def test_by_default_it_is_the_home(self) -> None:
        assert loaded().settings.allowed_networks == ("local",)

    def test_several_share_a_variable(self) -> None:
        given = loaded({"ALLOWED_NETWORKS": "local, 203.0.113.0/24,2001:db8::/32"}).settings
        assert given.allowed_networks == ("local", "203.0.113.0/24", "2001:db8::/32")

    def test_the_file_has_a_list(self, tmp_path: Path) -> None:
        assert from_yaml(tmp_path, "allowed_networks: [any]").settings.allowed_networks == ("any",)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("192.168.1.5/24", r"that address is in the network 192\.168\.1\.0/24"),
            ("local,kitchen", "a list with 'kitchen', but it is no network"),
            ("0.0.0.0/99", "it is no network"),
        ],
    )
    def test_anything_else_is_refused_with_its_source_and_what_would_do(self, text: str, reason: str) -> None:
        message = rf"allowed_networks is .*{reason} .*_ALLOWED_NETWORKS.*local"
        with pytest.raises(SettingsError, match=message):
            loaded({"ALLOWED_NETWORKS": text})

    @pytest.mark.parametrize(("text", "number"), [("[]", 0), (str(["10.0.0.1"] * 1001), 1001)])
    def test_nobody_and_endlessly_many_are_refused(self, tmp_path: Path, text: str, number: int) -> None:
        with pytest.raises(SettingsError, match=f"allowed_networks is a list of {number} .*1 to 1000"):
            from_yaml(tmp_path, f"allowed_networks: {text}")


class TestHttp:
    @pytest.mark.parametrize("listen", ["127.0.0.1:5000", "localhost:1", "[::1]:0", "127.9.9.9:80", "off"])
    def test_loopback_needs_no_token(self, listen: str) -> None:
        assert loaded(http=listen).settings.http.listen == listen

    @pytest.mark.parametrize("listen", ["0.0.0.0:5000", "[::]:5000", "192.168.1.2:80", "speech.local:80"])
    def test_anything_else_needs_one(self, listen: str) -> None:
        with pytest.raises(SettingsError, match=r"http\.listen .*--http.*WYOMING_AZURE_REALTIME_HTTP_TOKEN"):
            loaded(http=listen)
        assert loaded({"HTTP_TOKEN": "t"}, http=listen).settings.http.listen == listen

    def test_beyond_loopback_a_trusted_proxy_does_as_well(self) -> None:
        assert loaded({"HTTP_TRUSTED_PROXY": "172.30.32.2"}, http="0.0.0.0:8099").given("http.listen")

    @pytest.mark.parametrize(
        "proxy", ["proxy.local", "10.0.0.0/8", "1.2.3", "[::1]", "127.0.0.1", "::1", "localhost"]
    )
    def test_a_trusted_proxy_is_one_address_of_another_machine(self, proxy: str) -> None:
        with pytest.raises(
            SettingsError, match=r"http\.trusted_proxy is .*Allowed: another machine's IP address"
        ):
            loaded({"HTTP_TRUSTED_PROXY": proxy})

    @pytest.mark.parametrize("listen", ["5000", ":5000", "on", "Off", "http://x:5000", "::1:5000", "x:65536"])
    def test_other_forms_are_refused(self, listen: str) -> None:
        with pytest.raises(SettingsError, match=r"http\.listen is .*Allowed: HOST:PORT"):
            loaded(http=listen)

    @pytest.mark.parametrize("token", ["two words", "trailing ", "ümlaut", "new\nline", "\x7f"])
    def test_a_token_fits_into_a_header_and_is_not_shown(self, token: str) -> None:
        message = complaint(lambda: loaded({"HTTP_TOKEN": token}))
        assert message.startswith("http.token is a text that no HTTP header can carry (environment ")
        assert token not in message


class TestTheRest:
    def test_the_pool_keeps_no_more_than_it_may_have(self) -> None:
        with pytest.raises(SettingsError, match=r"pool\.min_size is 5, more than pool\.max_size .*at most 4"):
            loaded({"POOL_MIN_SIZE": "5", "POOL_MAX_SIZE": "4"})

    @pytest.mark.parametrize("name", ["x" * 64, "ü" * 32, "a\nb"])
    def test_an_announced_name_fits_into_a_label(self, name: str) -> None:
        with pytest.raises(SettingsError, match=r"zeroconf\.name is .*--zeroconf.*63 bytes"):
            loaded(zeroconf=name)

    @pytest.mark.parametrize(
        "text", ["%(levelname)s %(message)s", "%(asctime)s %(name)-9s %(message).99s %%"]
    )
    def test_a_log_format_is_one_of_python(self, text: str) -> None:
        assert loaded(log_format=text).settings.log.format == text

    @pytest.mark.parametrize(
        "text",
        ["", "plain", "%(nonsense)s", "%(message)", "%(message)d", "%s", "{message}", "%(name)99999s"],
    )
    def test_other_formats_are_refused(self, text: str) -> None:
        with pytest.raises(SettingsError, match=r"log\.format is .*command line --log-format"):
            loaded(log_format=text)


class TestFallback:
    def test_it_is_a_list_in_order_of_preference(self) -> None:
        fallback = loaded(
            {"FALLBACK_TTS": "tcp://core-piper:10200, unix:///run/voice.sock,embedded"}
        ).settings
        assert fallback.fallback.tts == ("tcp://core-piper:10200", "unix:///run/voice.sock", "embedded")
        assert fallback.fallback.asr == ()

    @pytest.mark.parametrize(
        "text", ["stdio://", "tcp://x", "tcp://x:0", "http://x:1", "none", "embedded,embedded", "tcp://a@b:1"]
    )
    @pytest.mark.parametrize("use", ["asr", "tts"])
    def test_anything_else_is_refused_with_its_source(self, use: str, text: str) -> None:
        with pytest.raises(
            SettingsError, match=rf"fallback\.{use} is .*environment .*unix://PATH or embedded"
        ):
            loaded({f"FALLBACK_{use.upper()}": text})

    def test_the_server_is_no_fallback_for_itself(self) -> None:
        assert "which is this server itself" in complaint(
            lambda: loaded({"FALLBACK_ASR": "tcp://127.0.0.1:10300"})
        )
