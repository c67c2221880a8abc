"""The files of a Whisper model, and what goes into it and comes out."""

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.offline import whisper_model as module
from wyoming_azure_realtime.offline.whisper_model import (
    PACKAGE,
    RATE,
    Vocabulary,
    find_model,
    languages_of,
    log_mel,
    mel_filters,
    prepare_model,
)

RANDOM = np.random.default_rng(5)


def letters() -> list[str]:
    """Every letter of byte-level BPE, as GPT-2 has them: bytes that are seen, then the others from 256 on."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(byte) for byte in seen] + [chr(256 + n) for n in range(256 - len(seen))]


def write_model(folder: Path, *, end: int = 50_256, merges: object = ()) -> Path:
    """A model of which only the words are real."""
    folder.mkdir(parents=True, exist_ok=True)
    joined = ["Ġt", "Ġtu", "Ġturn", "rn", "on", "Ġon"]
    words = {text: number for number, text in enumerate([*letters(), *joined])}
    special = [
        "endoftext",
        "startoftranscript",
        "en",
        "de",
        "haw",
        "transcribe",
        "startofprev",
        "notimestamps",
    ]
    added = [{"id": end + n, "content": f"<|{name}|>"} for n, name in enumerate(special)]
    content = {
        "added_tokens": added,
        "model": {"vocab": words, "merges": merges or ["Ġ t", "Ġt u", "r n", "Ġtu rn", "o n", "Ġ on"]},
    }
    (folder / "tokenizer.json").write_text(json.dumps(content))
    for name in ("config.json", "model.bin"):
        (folder / name).write_text("{}")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


def test_the_filters_are_those_that_whisper_was_trained_with() -> None:
    # facts about the table that comes with OpenAI's whisper, mel_filters.npz
    eighty, more = mel_filters(80), mel_filters(128)
    assert eighty.shape == (80, 201)
    assert more.shape == (128, 201)
    assert eighty.max() == pytest.approx(0.025880685)
    assert more.max() == pytest.approx(0.041681748)
    assert eighty.sum(axis=1) * 40 == pytest.approx(1, abs=0.35)
    assert np.all(np.diff(eighty.argmax(axis=1)) >= 0)


@pytest.mark.parametrize("samples", [0, 1, 100, 201, 400, RATE, 30 * RATE, 31 * RATE])
def test_whatever_the_length_the_spectra_are_those_of_thirty_seconds(samples: int) -> None:
    spectra = log_mel(RANDOM.normal(0, 0.1, samples).astype(np.float32), 80)
    assert spectra.shape == (80, 3000)
    assert np.isfinite(spectra).all()
    assert spectra.max() - spectra.min() <= 2.0


def test_what_follows_a_recording_is_silence_for_the_model() -> None:
    sound = RANDOM.normal(0, 0.1, RATE).astype(np.float32)
    padded = np.concatenate((sound, np.zeros(29 * RATE, np.float32)))
    assert np.allclose(log_mel(sound, 80), log_mel(padded, 80), atol=1e-5)


def test_a_tone_is_in_the_band_of_its_frequency() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    band = int(log_mel(tone, 80)[:, 50].argmax())
    assert band == int(mel_filters(80)[:, 25].argmax())  # 40 Hz apart: the 25th is 1 kHz


def test_texts_become_tokens_as_the_merges_say(model: Path) -> None:
    vocabulary = Vocabulary(model)
    turn, on = vocabulary.encode(" turn on")
    assert vocabulary.decode([turn, on]) == "turn on"
    assert vocabulary.decode([on, vocabulary.special("endoftext")]) == "on"
    assert write_model(model, merges=[["Ġ", "t"]]) == model
    assert len(Vocabulary(model).encode(" turn")) == 4


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    vocabulary = _vocabulary()
    assert vocabulary.decode(vocabulary.encode(text)) == text.encode(errors="replace").decode().strip()


@functools.cache
def _vocabulary() -> Vocabulary:
    import tempfile  # noqa: PLC0415 - once for all examples

    with tempfile.TemporaryDirectory() as folder:
        return Vocabulary(write_model(Path(folder)))


def test_english_models_hear_english_and_others_all_their_languages(model: Path) -> None:
    assert languages_of(model) == ("en",)
    assert languages_of(write_model(model, end=50_257)) == ("en", "de", "haw")


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"added_tokens": [], "model": {"vocab": {}, "merges": []}}']
)
def test_a_file_that_is_no_vocabulary_is_told(model: Path, content: str) -> None:
    (model / "tokenizer.json").write_text(content)
    with pytest.raises(SettingsError):
        Vocabulary(model)


def test_a_folder_is_taken_as_it_is_if_it_is_whole(model: Path) -> None:
    assert prepare_model(str(model)) == model
    (model / "config.json").unlink()
    with pytest.raises(SettingsError, match=r"lacks config\.json"):
        find_model(str(model))


def test_weights_that_are_not_the_known_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    write_model(tmp_path / "whisper-tiny.en")
    with pytest.raises(SettingsError, match="digest differs"):
        prepare_model("", tmp_path)


def test_the_package_s_weights_are_the_known_ones() -> None:
    pytest.importorskip(PACKAGE)
    assert languages_of(prepare_model("")) == ("en",)


def test_without_weights_and_without_leave_to_download_them_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match=r"embedded\.model"):
        find_model("")


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A host with the files of a model, where no package brings them."""
    served = write_model(tmp_path / "served")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Say nothing."""

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=served)
    ) as host:
        thread = threading.Thread(target=host.serve_forever)
        thread.start()
        monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
        monkeypatch.setattr(module, "DOWNLOADS", f"http://127.0.0.1:{host.server_port}")
        monkeypatch.setattr(
            module, "_WEIGHTS_SHA256", "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        )
        yield served
        host.shutdown()
        thread.join()


def test_what_may_be_downloaded_is_and_only_once(downloads: Path, tmp_path: Path) -> None:
    folder = prepare_model("", tmp_path / "cache")
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.bin", "tokenizer.json"]
    (downloads / "model.bin").unlink()
    assert prepare_model("", tmp_path / "cache") == folder


def test_a_download_that_fails_is_told_and_leaves_no_model(downloads: Path, tmp_path: Path) -> None:
    (downloads / "model.bin").unlink()
    with pytest.raises(SettingsError, match="cannot be downloaded"):
        prepare_model("", tmp_path / "cache")
    with pytest.raises(SettingsError, match="cannot be downloaded"):
        prepare_model("", tmp_path / "cache")
