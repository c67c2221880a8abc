import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.settings.addresses import (
    StdioAddress,
    TcpAddress,
    UnixAddress,
    is_loopback,
    parse_host_port,
    parse_uri,
)


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("tcp://0.0.0.0:10300", TcpAddress("0.0.0.0", 10300)),
        ("TCP://0.0.0.0:10300/", TcpAddress("0.0.0.0", 10300)),
        ("tcp://my-host.local:0", TcpAddress("my-host.local", 0)),
        ("tcp://[::]:10300", TcpAddress("::", 10300)),
        ("tcp://[fe80::1]:65535", TcpAddress("fe80::1", 65535)),
        ("unix:///run/speech.sock", UnixAddress("/run/speech.sock")),
        ("unix://speech.sock", UnixAddress("speech.sock")),
        ("stdio://", StdioAddress()),
        ("stdio:///", StdioAddress()),
    ],
)
def test_a_uri_is_tcp_unix_or_stdio(uri, address):
    assert parse_uri(uri) == address


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "10300",
        "0.0.0.0:10300",
        "tcp:0.0.0.0:10300",
        "http://0.0.0.0:10300",
        "tcp://",
        "tcp://host",
        "tcp://:10300",
        "tcp://host:",
        "tcp://host:65536",
        "tcp://host:-1",
        "tcp://host:1e3",
        "tcp://host:\u0661",
        "tcp://host:10300/path",
        "tcp://::1:10300",
        "tcp://[::1:10300",
        "tcp://[localhost]:10300",
        "tcp://a b:1",
        "unix://",
        "unix:///" + "x" * 200,
        "unix:///" + "ü" * 60,
        "stdio://x",
        "stdio",
    ],
)
def test_anything_else_is_refused_with_a_reason(uri):
    with pytest.raises(ValueError, match=r"(has|is|end|needs) "):
        parse_uri(uri)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_value_error(text):
    for parse in (parse_uri, parse_host_port):
        with contextlib.suppress(ValueError):
            parse(text)


@given(st.ip_addresses(), st.integers(0, 65535))
def test_an_address_is_written_as_it_is_read(ip, port):
    address = TcpAddress(str(ip), port)
    assert parse_host_port(str(address)) == address


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "::1"])
def test_loopback_is_this_machine_alone(host):
    assert is_loopback(host)
    assert TcpAddress(host, 1).loopback


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "127.evil.example", "localhost.evil.example", "10.0.0.1", ""]
)
def test_nothing_else_is_loopback(host):
    assert not is_loopback(host)
