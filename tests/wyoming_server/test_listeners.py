import asyncio
import socket
import stat
import sys
from pathlib import Path

import pytest

from tests.support.ports import has_ipv6
from wyoming_azure_realtime.errors import AddressInUse, SettingsError
from wyoming_azure_realtime.settings.addresses import TcpAddress
from wyoming_azure_realtime.wyoming_server.listeners import TcpListener, UnixListener


class Greeter(asyncio.Protocol):
    """Says hello and ends."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(b"hello")
        transport.close()


async def greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
async def test_port_0_becomes_a_real_port_which_it_tells(host: str) -> None:
    listener = TcpListener(TcpAddress(host, 0))
    await listener.open(Greeter)
    [port] = {address.port for address in listener.bound}
    assert port
    assert await greeting(*await asyncio.open_connection("127.0.0.1", port)) == b"hello"
    listener.close()


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("host", ["::1", "::"])
async def test_ipv6_is_listened_on_where_it_is_asked_for(host: str) -> None:
    listener = TcpListener(TcpAddress(host, 0))
    await listener.open(Greeter)
    assert await greeting(*await asyncio.open_connection("::1", listener.bound[0].port)) == b"hello"
    assert listener.uris[0] == f"tcp://[{host}]:{listener.bound[0].port}"
    listener.close()


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
async def test_every_address_of_ipv6_means_those_of_ipv4_too_at_the_same_port() -> None:
    listener = TcpListener(TcpAddress("::", 0))
    await listener.open(Greeter)
    [port] = {address.port for address in listener.bound}
    for host in ("::1", "127.0.0.1"):
        assert await greeting(*await asyncio.open_connection(host, port)) == b"hello"
    assert listener.uris == [f"tcp://[::]:{port}", f"tcp://0.0.0.0:{port}"]
    listener.close()


async def test_a_port_in_use_is_one_sentence_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressInUse, match=rf"Cannot listen on tcp://127.0.0.1:{port}: it is in use"):
            await TcpListener(TcpAddress("127.0.0.1", port)).open(Greeter)


async def test_an_address_that_this_machine_does_not_have_is_one_sentence() -> None:
    with pytest.raises(SettingsError, match=r"Cannot listen on tcp://203.0.113.1:10300: .*no such address"):
        await TcpListener(TcpAddress("203.0.113.1", 10300)).open(Greeter)


async def test_an_unknown_host_is_one_sentence() -> None:
    with pytest.raises(SettingsError, match="the host is unknown"):
        await TcpListener(TcpAddress("no-such-host.invalid", 10300)).open(Greeter)


async def test_nobody_is_accepted_after_closing() -> None:
    listener = TcpListener(TcpAddress("127.0.0.1", 0))
    await listener.open(Greeter)
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", listener.bound[0].port)


async def test_a_unix_socket_is_for_owner_and_group_and_gone_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "wyoming.sock"
    listener = UnixListener(str(path))
    await listener.open(Greeter)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert await greeting(*await asyncio.open_unix_connection(path)) == b"hello"
    listener.close()
    assert not path.exists()


async def test_a_stale_unix_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "wyoming.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    listener = UnixListener(str(path))
    await listener.open(Greeter)
    assert await greeting(*await asyncio.open_unix_connection(path)) == b"hello"
    listener.close()


async def test_a_unix_socket_that_somebody_serves_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "wyoming.sock"
    first = UnixListener(str(path))
    await first.open(Greeter)
    with pytest.raises(AddressInUse, match="it is in use already"):
        await UnixListener(str(path)).open(Greeter)
    assert await greeting(*await asyncio.open_unix_connection(path)) == b"hello"
    first.close()


async def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("text")
    with pytest.raises(SettingsError, match="no socket"):
        await UnixListener(str(path)).open(Greeter)
    assert path.read_text() == "text"


async def test_a_link_to_elsewhere_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "link"
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(SettingsError, match="no socket"):
        await UnixListener(str(path)).open(Greeter)
    assert path.is_symlink()


async def test_a_socket_that_replaced_ours_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "wyoming.sock"
    first, second = UnixListener(str(path)), UnixListener(str(path))
    await first.open(Greeter)
    path.unlink()
    await second.open(Greeter)
    first.close()
    assert await greeting(*await asyncio.open_unix_connection(path)) == b"hello"
    second.close()


async def test_a_directory_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"Cannot listen on unix://.*: No such file or directory"):
        await UnixListener(str(tmp_path / "none" / "wyoming.sock")).open(Greeter)


@pytest.mark.skipif(sys.platform != "linux", reason="no other system can refuse while it listens")
async def test_whoever_begins_to_connect_while_the_port_is_being_closed_is_refused_and_never_reset() -> None:
    listener = TcpListener(TcpAddress("127.0.0.1", 0))
    await listener.open(Greeter)
    address = ("127.0.0.1", listener.bound[0].port)
    before = [socket.create_connection(address, timeout=5) for _ in range(40)]
    listener.refuse()
    late = asyncio.create_task(asyncio.to_thread(socket.create_connection, address, 20))
    done, _ = await asyncio.wait([late], timeout=0.1)
    assert not done
    listener.close()
    await listener.accepted()
    with pytest.raises(ConnectionRefusedError):
        await late
    for one in before:
        assert await greeting(*await asyncio.open_connection(sock=one)) == b"hello"
