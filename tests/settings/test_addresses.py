import contextlib
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.settings.addresses import (
    Address,
    StdioAddress,
    TcpAddress,
    UnixAddress,
    is_loopback,
    is_private,
    parse_host_port,
    parse_network,
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
def test_a_uri_is_tcp_unix_or_stdio(uri: str, address: Address) -> None:
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
def test_anything_else_is_refused_with_a_reason(uri: str) -> None:
    with pytest.raises(ValueError, match=r"(has|is|end|needs) "):
        parse_uri(uri)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    for parse in (parse_uri, parse_host_port):
        with contextlib.suppress(ValueError):
            parse(text)


@given(st.ip_addresses(), st.integers(0, 65535))
def test_an_address_is_written_as_it_is_read(ip: IPv4Address | IPv6Address, port: int) -> None:
    address = TcpAddress(str(ip), port)
    assert parse_host_port(str(address)) == address


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "::1"])
def test_loopback_is_this_machine_alone(host: str) -> None:
    assert is_loopback(host)
    assert TcpAddress(host, 1).loopback


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "127.evil.example", "localhost.evil.example", "10.0.0.1", ""]
)
def test_nothing_else_is_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("192.168.1.0/24", "192.168.1.0/24"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("203.0.113.7", "203.0.113.7/32"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("::ffff:192.168.0.0/112", "192.168.0.0/16"),
        ("::/0", "::/0"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_a_network_is_one_of_ipv4_or_of_ipv6(text: str, network: str) -> None:
    assert parse_network(text) == ip_network(network)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("192.168.1.5/24", "that address is in the network 192.168.1.0/24"),
        ("2001:db8::1/32", "that address is in the network 2001:db8::/32"),
        ("home", "it is no network and no address"),
        ("192.168.1.0/33", "it is no network and no address"),
        ("192.168.1", "it is no network and no address"),
        ("", "it is no network and no address"),
    ],
)
def test_what_is_no_network_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        parse_network(text)


@given(st.text(alphabet="0123456789abcdef:./%x", max_size=40))
def test_any_text_is_a_network_or_a_reason(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_network(text).version in (4, 6)


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("192.168.1.20", True),
        ("10.1.2.3", True),
        ("172.31.0.1", True),
        ("169.254.7.7", True),
        ("100.64.0.1", True),
        ("fd12::5", True),
        ("::ffff:192.168.1.20", True),
        ("localhost", True),
        ("localai", True),
        ("gpu.local", True),
        ("GPU.home.arpa.", True),
        ("172.32.0.1", False),
        ("100.128.0.1", False),
        ("8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("2001:4860:4860::8888", False),
        ("0.0.0.0", False),
        ("134744072", False),
        ("0x08080808", False),
        ("", False),
        (".", False),
        ("local", True),
        ("evil.example", False),
        ("gpu.local.evil.example", False),
    ],
)
def test_what_can_only_be_at_home_is_private(host: str, private: bool) -> None:
    assert is_private(host) is private
