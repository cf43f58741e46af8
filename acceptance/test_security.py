"""Who may score and administer, over what: keys, tokens, certificates, each changed while the server runs."""

from __future__ import annotations

import base64
import http.client
import http.server
import json
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest
from certificates import Authority, Secret
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from load import WellBehaved, refused

import skeg
import test_metrics

REQUEST = (skeg.EXAMPLE / "request.json").read_bytes()
PRIMARY, SECONDARY, THIRD = "primary-key-0123456789", "secondary-key-0123456789", "third-key-0123456789"
ADMIN = "admin-key-0123456789abcdef"
ISSUER, AUDIENCE = "https://login.example/tenant/v2.0", "api://skeg"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def infer(client: skeg.Client, headers: dict[str, str] | None = None) -> skeg.Reply:
    return client.request("POST", "/v2/models/fraud/infer", REQUEST, headers)


def score(server: skeg.Server, headers: dict[str, str] | None = None) -> int:
    """The status of one request on a connection of its own."""
    with server.client() as client:
        return infer(client, headers).status


# Keys.


@pytest.fixture
def keys(folder: Path) -> Secret:
    secret = Secret(folder / "keys")
    secret.put(primary=PRIMARY.encode() + b"\n", secondary=b"")
    return secret


def key_flags(keys: Secret) -> list[str]:
    return [
        "--auth=keys", f"--auth-primary-key-file={keys / 'primary'}", f"--auth-secondary-key-file={keys / 'secondary'}"
    ]


def test_a_key_is_needed_for_all_but_health(folder: Path, keys: Secret) -> None:
    with skeg.serving(folder, *key_flags(keys)) as server, server.client() as client:
        for headers in [bearer(PRIMARY), {"x-api-key": PRIMARY}, {"authorization": f"bearer {PRIMARY}"}]:
            assert infer(client, headers).status == 200
            assert client.request("GET", "/v2/models/fraud", headers=headers).status == 200
        for path in ["/healthz", "/v2/health/live", "/v2/health/ready"]:
            assert client.get(path).status == 200
        wrong = [
            {}, bearer(PRIMARY[:-1]), bearer(PRIMARY + "x"), bearer(""), {"x-api-key": SECONDARY}, {"x-api-key": ""},
            {"Authorization": "Basic " + base64.b64encode(f"user:{PRIMARY}".encode()).decode()},
        ]
        for headers in wrong:
            reply = infer(client, headers)
            assert reply.status == 401, headers
            assert reply.headers["www-authenticate"].startswith('Bearer realm="skeg"')
            assert "key" in reply.json()["error"]
            for path in ["/v2", "/v2/models/fraud", "/v2/models/fraud/ready"]:
                assert client.request("GET", path, headers=headers).status == 401, (headers, path)
        # The connection has carried all of it, and a refused request is neither scored nor logged.
        assert infer(client, bearer(PRIMARY)).status == 200
        assert refused(server, "unauthorized") == 4 * len(wrong)
        assert server.terminate() == 0
    import pandas as pd

    assert len(pd.read_parquet(server.store / "rows/v1")) == 4


def test_keys_rotate_without_a_restart_or_a_refused_client(folder: Path, keys: Secret) -> None:
    with skeg.serving(folder, *key_flags(keys)) as server:
        with WellBehaved(server.http, bearer(PRIMARY)):
            keys.put(primary=PRIMARY.encode(), secondary=SECONDARY.encode())
            skeg.until("the second key", lambda: score(server, bearer(SECONDARY)) == 200)
        with WellBehaved(server.http, bearer(SECONDARY)):
            keys.put(primary=THIRD.encode(), secondary=SECONDARY.encode())
            skeg.until("the third key", lambda: score(server, bearer(THIRD)) == 200)
            assert score(server, bearer(PRIMARY)) == 401
            # A careless change shuts nobody out.
            keys.put(primary=b"short", secondary=b"")
            skeg.until("a warning", lambda: "primary: a key has 16" in server.logs())
            assert score(server, bearer(THIRD)) == 200


def test_nothing_secret_is_logged_shown_or_stored(folder: Path, keys: Secret) -> None:
    (folder / "admin").write_text(ADMIN)
    wrong = "wrong-key-0123456789"
    flags = [*key_flags(keys), f"--admin-key-file={folder / 'admin'}", "--log=trace"]
    with skeg.serving(folder, *flags) as server:
        with server.client() as client, skeg.Client(server.admin) as admin:
            shown = [infer(client, headers).body for headers in [bearer(PRIMARY), bearer(wrong), {"x-api-key": wrong}]]
            shown += [admin.request("GET", "/metrics", headers=bearer(key)).body for key in (ADMIN, wrong)]
        keys.put(primary=SECONDARY.encode(), secondary=b"secondary key")
        skeg.until("a warning", lambda: "visible ASCII" in server.logs())
        assert server.terminate() == 0
    assert "not taken over" in server.logs(), "the log says what there is to say"
    shown += [server.logs().encode(), "".join(server.stdout).encode()]
    shown += [file.read_bytes() for file in server.store.rglob("*") if file.is_file()]
    for secret in [PRIMARY, SECONDARY, ADMIN, wrong, "secondary key"]:
        assert not any(secret.encode() in text for text in shown), secret


# The admin port.


def test_the_admin_port_has_its_own_key(folder: Path, keys: Secret) -> None:
    (folder / "admin").write_text(ADMIN)
    flags = [*key_flags(keys), f"--admin-key-file={folder / 'admin'}"]
    with skeg.serving(folder, *flags) as server, skeg.Client(server.admin) as admin:
        assert admin.request("GET", "/metrics", headers=bearer(ADMIN)).status == 200
        for headers in [{}, bearer(PRIMARY), bearer(ADMIN[:-1])]:
            reply = admin.request("GET", "/metrics", headers=headers)
            assert (reply.status, "www-authenticate" in reply.headers) == (401, True)
        for probe in ["/healthz", "/v2/health/live", "/v2/health/ready"]:
            assert admin.get(probe).status == 200, "a kubelet has no key"
        assert score(server, bearer(ADMIN)) == 401, "and operators' key scores nothing"
    with skeg.serving(folder, *flags, "--metrics-open") as server, skeg.Client(server.admin) as admin:
        assert admin.get("/metrics").status == 200


def test_a_real_prometheus_scrapes_with_the_key(folder: Path) -> None:
    (folder / "admin").write_text(ADMIN)
    job = {"job_name": "skeg", "authorization": {"credentials_file": str(folder / "admin")}}
    with skeg.serving(folder, f"--admin-key-file={folder / 'admin'}") as server:
        job["static_configs"] = [{"targets": [server.admin]}]
        with test_metrics.prometheus(folder, job) as ask:
            skeg.until("a scrape", lambda: ask("up{job='skeg'}") == {"": 1.0})


def test_the_admin_port_stays_on_this_machine_without_a_key(folder: Path) -> None:
    done = skeg.run(
        "serve", "--store", str(folder), "--admin", "0.0.0.0:0", "--auth", "keys", "--tls-cert", "none.pem", "--workers=0"
    )
    assert done.returncode == 78
    for culprit in ["--admin-key-file is needed", "--auth-primary-key-file", "--tls-key", "--workers"]:
        assert culprit in done.stderr, done.stderr


# Tokens.


@dataclass
class Issuer:
    """An issuer of tokens: its keys, and a server on loopback that publishes them."""

    keys: dict[str, Any] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)
    fetches: int = 0
    down: bool = False

    def new_key(self, name: str, publish: bool = True) -> None:
        self.keys[name] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if publish:
            self.published.append(name)

    def key_set(self) -> bytes:
        def entry(name: str) -> dict[str, str]:
            algorithm = jwt.algorithms.RSAAlgorithm if isinstance(self.keys[name], RSAPrivateKey) else jwt.algorithms.ECAlgorithm
            return json.loads(algorithm.to_jwk(self.keys[name].public_key())) | {"kid": name, "use": "sig"}

        return json.dumps({"keys": [entry(name) for name in self.published]}).encode()

    def token(self, key: str = "one", algorithm: str = "RS256", header: dict | None = None, **claims: Any) -> str:
        now = int(time.time())
        body = {"iss": ISSUER, "aud": AUDIENCE, "exp": now + 600, "nbf": now - 5, "sub": "client"} | claims
        body = {name: value for name, value in body.items() if value is not None}
        return jwt.encode(body, self.keys[key], algorithm, {"kid": key} | (header or {}))


@contextmanager
def publishing(issuer: Issuer, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Where the issuer's keys can be fetched."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.fetches += 1
            body = issuer.key_set()
            self.send_response(503 if issuer.down else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}/keys"
        server.shutdown()


def token_flags(jwks: str) -> list[str]:
    return [
        "--auth=jwt", f"--auth-issuer={ISSUER},https://sts.example/tenant/", f"--auth-audience={AUDIENCE}",
        f"--auth-jwks={jwks}", "--auth-jwks-refresh=1s",
    ]


def test_only_a_token_of_the_issuer_for_us_at_this_time_scores(folder: Path) -> None:
    issuer = Issuer()
    issuer.new_key("one")
    issuer.keys["curve"] = ec.generate_private_key(ec.SECP256R1())
    issuer.published.append("curve")
    issuer.new_key("hidden", publish=False)
    now = int(time.time())
    good = {
        "plain": issuer.token(), "PSS": issuer.token(algorithm="PS256"), "curve": issuer.token("curve", "ES256"),
        "second issuer": issuer.token(iss="https://sts.example/tenant/"), "one of several": issuer.token(aud=["x", AUDIENCE]),
        "clocks apart": issuer.token(exp=now - 20, nbf=None), "early by little": issuer.token(nbf=now + 20),
    }
    head, body, signature = issuer.token().split(".")
    flat = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()  # noqa: E731
    none = flat({"alg": "none", "typ": "JWT", "kid": "one"})
    shared = jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "exp": now + 600}, "s" * 32, "HS256", {"kid": "one"})
    changed = flat({"iss": ISSUER, "aud": AUDIENCE, "exp": now + 10**6})
    bad = {
        "expired": (issuer.token(exp=now - 120), "has expired"), "endless": (issuer.token(exp=None), "has expired"),
        "too early": (issuer.token(nbf=now + 600), "not valid yet"),
        "other issuer": (issuer.token(iss="https://login.example/other/v2.0"), "another issuer"),
        "other audience": (issuer.token(aud="api://them"), "another audience"),
        "no audience": (issuer.token(aud=None), "another audience"),
        "unknown key": (issuer.token("hidden"), "no signing key"),
        "another's key": (issuer.token("hidden", header={"kid": "one"}), "wrong signature"),
        "unsigned": (f"{none}.{body}.", "not a signed JWT"), "unsigned too": (f"{none}.{body}.{signature}", "not a signed"),
        "shared secret": (shared, "algorithm"), "changed": (f"{head}.{changed}.{signature}", "wrong signature"),
        "no signature": (f"{head}.{body}.", "wrong signature"), "no token": ("hello", "not a signed JWT"),
    }
    with publishing(issuer) as url, skeg.serving(folder, *token_flags(url), "--log=debug") as server:
        with server.client() as client:
            for name, token in good.items():
                for _ in range(3):
                    assert infer(client, bearer(token)).status == 200, name
            for name, (token, reason) in bad.items():
                reply = infer(client, bearer(token))
                assert (reply.status, reason in reply.json()["error"]) == (401, True), (name, reply.body)
                assert 'error="invalid_token"' in reply.headers["www-authenticate"]
            assert infer(client).status == 401
            assert infer(client, {"x-api-key": good["plain"]}).status == 401, "a token is no key"
            assert client.get("/v2/models/fraud").status == 401
            assert client.get("/v2/health/ready").status == 200
        assert refused(server, "unauthorized") == len(bad) + 3
        for part in [part for token in good.values() for part in token.split(".")[1:]]:
            assert part not in server.logs()


def test_signing_keys_rotate_and_outlive_their_server(folder: Path) -> None:
    issuer = Issuer()
    issuer.new_key("one")
    with publishing(issuer) as url, skeg.serving(folder, *token_flags(url)) as server:
        with WellBehaved(server.http, bearer(issuer.token())):
            issuer.new_key("two")
            skeg.until("the new key", lambda: score(server, bearer(issuer.token("two"))) == 200)
            # Made-up keys do not make the server fetch again and again.
            before, start = issuer.fetches, time.monotonic()
            for number in range(200):
                assert score(server, bearer(issuer.token("two", header={"kid": f"made up {number}"}))) == 401
            assert issuer.fetches - before <= time.monotonic() - start + 2
            issuer.down = True
            fetches = issuer.fetches
            skeg.until("two fetches that fail", lambda: issuer.fetches >= fetches + 2)
            assert score(server, bearer(issuer.token("two"))) == 200, "the old keys stay"
            skeg.until("a warning", lambda: "signing keys not read" in server.logs())
        issuer.down = False
        issuer.published.remove("one")
        # A token that was found good does not outlive the key it was signed with.
        token = issuer.token("one")
        skeg.until("the old key withdrawn", lambda: score(server, bearer(token)) == 401)
        assert score(server, bearer(issuer.token("two"))) == 200


def test_a_server_whose_issuer_is_away_says_so_and_recovers(folder: Path) -> None:
    issuer = Issuer(down=True)
    issuer.new_key("one")
    with publishing(issuer) as url, skeg.serving(folder, *token_flags(url)) as server:
        with server.client() as client:
            reply = infer(client, bearer(issuer.token()))
            assert (reply.status, "signing keys" in reply.json()["error"]) == (503, True)
        issuer.down = False
        skeg.until("the keys", lambda: score(server, bearer(issuer.token())) == 200)


def test_signing_keys_from_a_file_are_read_again(folder: Path) -> None:
    issuer = Issuer()
    issuer.new_key("one")
    secret = Secret(folder / "jwks")
    secret.put(keys_json=issuer.key_set())
    with skeg.serving(folder, *token_flags(secret / "keys.json")) as server:
        assert score(server, bearer(issuer.token())) == 200
        issuer.new_key("two")
        secret.put(keys_json=issuer.key_set())
        skeg.until("the new key", lambda: score(server, bearer(issuer.token("two"))) == 200)
        secret.put(keys_json=b'{"keys": []}')
        skeg.until("a warning", lambda: "no asymmetric signing key" in server.logs())
        assert score(server, bearer(issuer.token())) == 200


def test_signing_keys_over_https_need_a_certificate_that_holds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority("test")
    certificate, key = authority.issue("issuer")
    (folder / "issuer.pem").write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "issuer.pem")
    issuer = Issuer()
    issuer.new_key("one")
    with publishing(issuer, context) as url:
        with skeg.serving(folder, *token_flags(url)) as server:
            assert score(server, bearer(issuer.token())) == 503
            assert "signing keys not read" in server.logs()
        (folder / "ca.pem").write_bytes(authority.pem())
        # Where the system's authorities are read from; OpenSSL's variable.
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
        with skeg.serving(folder, *token_flags(url)) as server:
            assert score(server, bearer(issuer.token())) == 200


# TLS.


def trusting(*authorities: Authority) -> ssl.SSLContext:
    """A client's context that knows nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for authority in authorities:
        context.load_verify_locations(cadata=authority.pem().decode())
    return context


class TlsClient(skeg.Client):
    def __init__(self, address: str, context: ssl.SSLContext) -> None:
        self.connection = http.client.HTTPSConnection(address, timeout=30, context=context)


def tls_flags(secret: Secret) -> list[str]:
    return [f"--tls-cert={secret / 'tls.crt'}", f"--tls-key={secret / 'tls.key'}"]


@pytest.fixture
def authority() -> Authority:
    return Authority("test")


@pytest.fixture
def secret(folder: Path, authority: Authority) -> Secret:
    secret = Secret(folder / "tls")
    certificate, key = authority.issue("first")
    secret.put(tls_crt=certificate, tls_key=key)
    return secret


def shown(address: str, authority: Authority) -> str:
    """The name on the certificate that the server shows."""
    with TlsClient(address, trusting(authority)) as client:
        client.connection.connect()
        subject = client.connection.sock.getpeercert()["subject"]
        assert client.get("/healthz").status == 200
    return subject[0][0][1]


def test_tls_speaks_http_1_1_to_those_who_trust_it(folder: Path, authority: Authority, secret: Secret) -> None:
    with skeg.serving(folder, *tls_flags(secret)) as server:
        for version in [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]:
            context = trusting(authority)
            context.minimum_version = context.maximum_version = version
            context.set_alpn_protocols(["h2", "http/1.1"])
            with TlsClient(server.http, context) as client:
                assert infer(client).status == 200
                assert client.connection.sock.selected_alpn_protocol() == "http/1.1"
                assert infer(client).status == 200
        with pytest.raises(ssl.SSLCertVerificationError), TlsClient(server.http, trusting(Authority("other"))) as client:
            client.get("/healthz")
        with pytest.raises((http.client.HTTPException, OSError)), server.client() as client:
            client.get("/healthz")
        skeg.until("both counted", lambda: refused(server, "handshake") == 2)
        with skeg.Client(server.admin) as admin:
            assert admin.get("/healthz").status == 200, "the admin port is plain unless it is told"
        assert server.terminate() == 0


def test_certificates_are_swapped_under_load_without_a_failed_request(
    folder: Path, authority: Authority, secret: Secret
) -> None:
    with skeg.serving(folder, *tls_flags(secret), "--admin-tls") as server:
        # One that keeps its connection, and one that makes a new one each time.
        kept = WellBehaved(server.http, context=trusting(authority))
        anew = WellBehaved(server.http, context=trusting(authority), keep=False)
        with kept, anew:
            assert shown(server.http, authority) == "first"
            certificate, key = authority.issue("second")
            secret.put(tls_crt=certificate, tls_key=key)
            for address in (server.http, server.admin):
                skeg.until("the new certificate", lambda: shown(address, authority) == "second")
            for broken, reason in [
                ({"tls_crt": certificate, "tls_key": authority.issue("x")[1]}, "does not belong to the private key"),
                ({"tls_crt": b"nothing", "tls_key": key}, "tls.crt: holds no certificate"),
                ({"tls_crt": certificate, "tls_key": b"nothing"}, "tls.key: holds no private key"),
            ]:
                secret.put(**broken)
                skeg.until(reason, lambda: reason in server.logs())
                assert shown(server.http, authority) == "second", "a bad file changes nothing"
            certificate, key = authority.issue("third")
            secret.put(tls_crt=certificate, tls_key=key)
            skeg.until("the third certificate", lambda: shown(server.http, authority) == "third")
        assert kept.connections == 1
        assert anew.connections > 10
        assert key.decode().split("\n")[1] not in server.logs()


def test_clients_prove_who_they_are(folder: Path, authority: Authority, secret: Secret) -> None:
    clients, others = Authority("clients"), Authority("others")
    (folder / "clients.pem").write_bytes(clients.pem())
    flags = [*tls_flags(secret), f"--tls-client-ca={folder / 'clients.pem'}", "--admin-tls=true"]

    def context(of: Authority | None) -> ssl.SSLContext:
        context = trusting(authority)
        if of:
            (folder / "client.pem").write_bytes(b"".join(of.issue("client", client=True)))
            context.load_cert_chain(folder / "client.pem")
        return context

    with skeg.serving(folder, *flags) as server:
        with WellBehaved(server.http, context=context(clients)):
            for stranger in (None, others):
                with pytest.raises((ssl.SSLError, http.client.HTTPException, ConnectionError)):
                    with TlsClient(server.http, context(stranger)) as client:
                        infer(client)
        with TlsClient(server.admin, context(None)) as admin:
            assert admin.get("/v2/health/ready").status == 200, "a kubelet has no certificate"
            metrics = admin.get("/metrics").body.decode()
        assert 'skeg_refused_total{reason="handshake"} 2' in metrics


def test_shutdown_fails_no_request_over_tls(folder: Path, authority: Authority, secret: Secret) -> None:
    with skeg.serving(folder, *tls_flags(secret), "--drain-delay", "1s") as server:
        load = WellBehaved(server.http, context=trusting(authority))
        load.start()
        skeg.until("100 answers", lambda: load.answered >= 100)
        assert server.terminate() == 0, server.logs()
        load.finish()


def test_a_bad_certificate_at_the_start_is_a_mistake(folder: Path, secret: Secret, authority: Authority) -> None:
    secret.put(tls_crt=authority.pem(), tls_key=b"nothing")
    done = subprocess.run(
        [skeg.BINARY, "serve", "--store", folder, *tls_flags(secret), "--admin-tls"],
        capture_output=True, text=True, check=False, env=skeg.environment(), timeout=60,
    )
    assert done.returncode == 78
    assert done.stderr.count("tls.key: holds no private key") == 1, done.stderr
