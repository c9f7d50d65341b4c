"""The shipped nginx files: read as text, and run on this machine in front of a server that tells what it was asked."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from launcher.ports import choose_port
from launcher.self_signed import write_self_signed
from launcher.setup import find_nginx, in_ci
from tests.launcher.conftest import REPOSITORY, eventually

FILES = REPOSITORY / "deploy" / "nginx"
HOST = "portal.travel.example"
HASHED = "/static/css/base.0123456789ab.css"


def test_tls_is_set_once_for_all_servers() -> None:
    text = (FILES / "nginx.conf").read_text()
    before_servers = text[: text.index("server {")]
    for name in ("ssl_protocols", "ssl_ciphers", "ssl_ecdh_curve", "ssl_conf_command", "ssl_session_tickets"):
        assert text.count(name) == 1
        assert name in before_servers


def test_nothing_is_passed_on_to_other_kinds_of_servers() -> None:
    for path in FILES.glob("*.conf"):
        assert not re.search("fastcgi_pass|uwsgi_pass|scgi_pass|grpc_pass|autoindex on|proxy_cache ", path.read_text())


@pytest.mark.parametrize("page", sorted(path.name for path in (FILES / "_errors").iterdir()))
def test_an_error_page_stands_alone_and_the_policy_lets_in_its_style(page: str) -> None:
    text = (FILES / "_errors" / page).read_text()
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in (FILES / "headers.conf").read_text()
    assert '<html lang="ja">' in text
    assert not re.search(r'(src|style)=|href="(?!/"|data:,")', text)


class Portal(BaseHTTPRequestHandler):
    """Answers with the request's headers and the size of its body."""

    def do_GET(self) -> None:
        size = len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        body = json.dumps({"headers": dict(self.headers), "size": size, "path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@dataclass
class Site:
    """nginx on free ports, with the shipped files."""

    plain: int
    secure: int

    def ask(
        self,
        method: str,
        path: str,
        *,
        host: str = HOST,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> http.client.HTTPResponse:
        """Ask over TLS; the answer is read already and its body stands in `.content`."""
        connection = http.client.HTTPSConnection(host, self.secure, context=trusting(), timeout=10)
        connection.sock = self.shake_hands(host)
        return self._answer(connection, method, path, host, body, headers)

    def ask_plainly(self, method: str, path: str, *, host: str = HOST) -> http.client.HTTPResponse:
        """Ask without TLS."""
        connection = http.client.HTTPConnection("127.0.0.1", self.plain, timeout=10)
        return self._answer(connection, method, path, host, None, None)

    def shake_hands(self, host: str, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        """Open a TLS connection that asks for the host."""
        raw = socket.create_connection(("127.0.0.1", self.secure), timeout=10)
        return (context or trusting()).wrap_socket(raw, server_hostname=host)

    @staticmethod
    def _answer(
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        host: str,
        body: bytes | None,
        headers: dict[str, str] | None,
    ) -> http.client.HTTPResponse:
        connection.request(method, path, body=body, headers={"Host": host, **(headers or {})})
        answer = connection.getresponse()
        answer.content = answer.read()  # type: ignore[attr-defined]
        connection.close()
        return answer


def content(answer: http.client.HTTPResponse) -> str:
    body: bytes = answer.content  # type: ignore[attr-defined]
    return body.decode()


def trusting() -> ssl.SSLContext:
    """A context for the throw-away certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    portal = ThreadingHTTPServer(("127.0.0.1", 0), Portal)
    threading.Thread(target=portal.serve_forever, daemon=True).start()
    try:
        with serve(tmp_path_factory.mktemp("nginx"), portal.server_address[1]) as site:
            yield site
    finally:
        portal.shutdown()
        portal.server_close()


@pytest.fixture
def site_without_portal(tmp_path: Path) -> Iterator[Site]:
    with serve(tmp_path, choose_port(0)) as site:
        yield site


@contextmanager
def serve(folder: Path, portal: int) -> Iterator[Site]:
    """Run nginx with the shipped files on free ports; only addresses and places are changed."""
    nginx = find_nginx()
    if nginx is None:
        if in_ci():
            pytest.fail("nginx is missing, and CI may leave no test out")
        pytest.skip("no nginx on this machine: apt-get install nginx-light")
    shutil.copytree(FILES, folder / "conf")
    (folder / "conf" / "tls").mkdir()
    write_self_signed(folder / "conf" / "tls", HOST)
    shutil.copytree(FILES / "_errors", folder / "srv" / "_errors")
    file = folder / "srv" / HASHED.removeprefix("/")
    file.parent.mkdir(parents=True)
    file.write_text("body { color: black }")
    file.with_name("base.css").write_text("body { color: black }")

    plain = choose_port(0)
    secure = choose_port(20000 + plain % 20000, {plain})
    health = choose_port(secure + 1, {plain, secure})
    conf = folder / "conf" / "nginx.conf"
    text = conf.read_text().replace("root /srv;", f"root {folder}/srv;").replace(":8081", f":{health}")
    text = text.replace("listen 8080", f"listen 127.0.0.1:{plain}").replace("listen 8443", f"listen 127.0.0.1:{secure}")
    # Root's nginx would drop to `nobody`, who does not enter pytest's folder.
    conf.write_text(f"user root;\n{text}" if os.geteuid() == 0 else text)
    (folder / "conf" / "site.conf").write_text(f"server_name {HOST};\nset $portal 127.0.0.1:{portal};\n")

    process = subprocess.Popen(
        [nginx, "-e", "stderr", "-p", folder, "-c", conf, "-g", "daemon off;"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        eventually(lambda: process.poll() is not None or _listens(secure))
        if process.poll() is not None:
            assert process.stderr
            pytest.fail(process.stderr.read().decode())
        yield Site(plain, secure)
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_allowed_versions_of_tls_are_spoken(site: Site, version: ssl.TLSVersion) -> None:
    context = trusting()
    context.minimum_version = context.maximum_version = version
    with site.shake_hands(HOST, context) as connection:
        assert connection.version() == version.name.replace("_", ".")


def test_a_stranger_name_gets_no_handshake(site: Site) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        site.shake_hands("other.example")


def test_a_stranger_name_without_tls_gets_no_answer(site: Site) -> None:
    with pytest.raises(ConnectionResetError):
        site.ask_plainly("GET", "/", host="other.example")


def test_without_tls_there_is_nothing_but_a_redirect(site: Site) -> None:
    answer = site.ask_plainly("GET", "/trips/?page=2")
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/trips/?page=2")
    assert site.ask_plainly("POST", "/sign-in/").status == 405


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"])
def test_other_methods_are_refused(site: Site, method: str) -> None:
    assert site.ask(method, "/").status in {400, 405}


def test_what_a_client_claims_about_itself_is_overwritten(site: Site) -> None:
    claims = dict.fromkeys(("X-Forwarded-Host", "X-Real-IP", "Forwarded", "X-Forwarded-Port"), "evil.example")
    claims |= {
        "X-Forwarded-For": "10.1.2.3",
        "X-Forwarded-Proto": "http",
        "X-Request-ID": "mine",
        "X_Forwarded_For": "9.9.9.9",
    }
    seen = json.loads(content(site.ask("GET", "/", headers=claims)))["headers"]
    assert seen["X-Forwarded-For"] == "127.0.0.1"
    assert seen["X-Forwarded-Proto"] == "https"
    assert seen["Host"] == HOST
    assert re.fullmatch("[0-9a-f]{32}", seen["X-Request-ID"])
    assert not {"X-Forwarded-Host", "X-Real-IP", "Forwarded", "X-Forwarded-Port", "X_Forwarded_For"} & set(seen)


def test_more_than_a_megabyte_is_refused_in_japanese_but_at_the_upload_address(site: Site) -> None:
    large = b"x" * (1024 * 1024 + 1)
    refused = site.ask("POST", "/trips/new/", body=large)
    assert refused.status == 413
    assert "送られたファイルが大きすぎます" in content(refused)
    assert json.loads(content(site.ask("POST", "/feeds/upload/", body=large)))["size"] == len(large)


def test_the_inner_health_page_is_not_there_from_outside(site: Site) -> None:
    answer = site.ask("GET", "/readyz")
    assert answer.status == 404
    assert "お探しのページは見つかりません" in content(answer)


def test_only_names_with_a_digest_are_kept_for_long(site: Site) -> None:
    kept = site.ask("GET", HASHED)
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert kept.headers["Content-Type"] == "text/css; charset=utf-8"
    assert kept.headers["X-Content-Type-Options"] == "nosniff"
    assert site.ask("GET", "/static/css/base.css").headers["Cache-Control"] == "no-cache"
    assert site.ask("GET", "/static/css/").status in {403, 404}
    assert site.ask("GET", "/_errors/refused.html").status == 404


def test_when_the_portal_is_down_a_japanese_page_says_what_to_do(site_without_portal: Site) -> None:
    answer = site_without_portal.ask("GET", "/trips/")
    assert answer.status == 502
    text = content(answer)
    assert "いま、ポータルに接続できません" in text
    assert re.search("受付番号 [0-9a-f]{32}", text)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Strict-Transport-Security"]
    assert answer.headers["Server"] == "nginx"
