"""A call leads to the address that was checked, under the name that is on the list, or nowhere."""

import socket
import ssl
import time

import pytest

from booking.suppliers import http
from booking.suppliers.errors import Misconfigured, NotSent, OutcomeUnknown
from booking.suppliers.http import SupplierHttp
from booking.suppliers.types import Link
from launcher.self_signed import write_self_signed
from tests.booking.suppliers.peer import answer, peer, says, silent

NAME = "gateway.example"
PUBLIC = "93.184.215.14"
OK = says(answer(200, {"held": True}))
REAL_CONNECT = socket.create_connection


@pytest.fixture(autouse=True)
def listed(settings):
    settings.SUPPLIER_HOSTS = frozenset({NAME})
    settings.SUPPLIER_WRITE_SECONDS = 1


class Internet:
    """Names and addresses of the outside: what each name stands for at each asking, and who answers there."""

    def __init__(self, monkeypatch):
        self.stands_for: list[list[str]] = [[PUBLIC]]
        self.asked: list[str] = []
        self.called: list[tuple[str, int]] = []
        self.port = 0
        self.far = 0.0
        monkeypatch.setattr(socket, "getaddrinfo", self.resolve)
        monkeypatch.setattr(socket, "create_connection", self.connect)

    def resolve(self, host, port, *args, **kwargs):
        self.asked.append(host)
        found = self.stands_for.pop(0) if len(self.stands_for) > 1 else self.stands_for[0]
        return [(socket.AF_INET6 if ":" in one else socket.AF_INET, 1, 6, "", (one, port)) for one in found]

    def connect(self, address, timeout=None, source_address=None):
        self.called.append(address)
        time.sleep(self.far)
        if address[0] != PUBLIC:
            raise ConnectionRefusedError
        # The literal address of the peer needs no name.
        with_it = socket.socket()
        with_it.settimeout(timeout)
        try:
            with_it.connect(("127.0.0.1", self.port))
        except BaseException:
            with_it.close()
            raise
        return with_it


@pytest.fixture
def internet(monkeypatch):
    return Internet(monkeypatch)


@pytest.fixture
def tls(tmp_path, monkeypatch):
    """A certificate for the listed name, which this process trusts; gives contexts for servers."""

    def serve(name=NAME):
        write_self_signed(tmp_path, name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        http._certificates.cache_clear()
        return context

    yield serve
    http._certificates.cache_clear()


def write(url=f"https://{NAME}"):
    return SupplierHttp(Link(url), {}).write("/book", {"a": 1})


def test_the_checked_address_is_called_and_the_name_is_what_the_certificate_is_for(internet, tls):
    with peer(OK, tls()) as other:
        internet.port = other.port
        assert write() == {"held": True}
    assert internet.asked == [NAME]
    assert internet.called == [(PUBLIC, 443)]
    assert other.names == [NAME]
    assert f"host: {NAME}".encode() in other.asked[0].lower()


def test_a_name_that_changes_its_meaning_after_the_check_leads_nowhere_else(internet, tls):
    internet.stands_for = [[PUBLIC], ["127.0.0.1"]]
    with peer(OK, tls()) as other:
        internet.port = other.port
        write()
        assert internet.called == [(PUBLIC, 443)]
        with pytest.raises(Misconfigured):
            write()
    assert internet.called == [(PUBLIC, 443)]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
        "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::", "2001:0:a00:1::",
    ],
)  # fmt: skip
def test_a_listed_name_that_stands_for_an_inner_address_is_not_called(address, internet):
    internet.stands_for = [[PUBLIC, address]]
    with pytest.raises(Misconfigured):
        write()
    assert internet.called == []


def test_the_next_address_of_a_name_is_tried_where_nobody_listens_at_the_first(internet, tls):
    internet.stands_for = [["93.184.215.15", PUBLIC]]
    with peer(OK, tls()) as other:
        internet.port = other.port
        assert write() == {"held": True}
    assert [address for address, _ in internet.called] == ["93.184.215.15", PUBLIC]


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example", f"http://{NAME}", f"https://{NAME}.other.example", f"https://{NAME}@other.example",
        "https://93.184.215.14", "https://127.0.0.1", "http://10.0.0.1", "ftp://127.0.0.1", "http://localhost", "", "http://0x7f000001", "http://2130706433",
        "http://127.1",
    ],
)  # fmt: skip
def test_what_is_not_on_the_list_is_not_even_asked_for(url, internet):
    with pytest.raises(Misconfigured):
        write(url)
    assert (internet.asked, internet.called) == ([], [])


def test_the_sandbox_is_closed_in_production(settings, internet):
    settings.PRODUCTION = True
    with pytest.raises(Misconfigured):
        write("http://127.0.0.1:8300")
    assert internet.called == []


def test_an_unknown_name_is_a_supplier_that_cannot_be_reached(internet, monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NotSent):
        write()


def test_somebody_elses_certificate_ends_the_call_before_anything_was_said(internet, tls):
    with peer(OK, tls("other.example")) as other:
        internet.port = other.port
        with pytest.raises(NotSent):
            write()
    assert other.asked == []


def test_who_does_not_speak_tls_gets_nothing(internet):
    with peer(OK) as other:
        internet.port = other.port
        with pytest.raises(NotSent):
            write()
    # What it got is the greeting of TLS.
    assert not any(b"POST" in one for one in other.asked)


def test_a_handshake_that_never_ends_is_over_at_the_deadline_and_nothing_was_sent(internet):
    internet.far = 0.8
    with peer(silent) as other:
        internet.port = other.port
        begun = time.monotonic()
        with pytest.raises(NotSent):
            write()
        assert time.monotonic() - begun < 1.6


def test_after_the_handshake_a_lost_answer_is_one_even_over_tls(internet, tls):
    with peer(says(b""), tls()) as other:
        internet.port = other.port
        with pytest.raises(OutcomeUnknown):
            write()
