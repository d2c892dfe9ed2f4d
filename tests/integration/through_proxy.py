"""Exchanges behind an HTTP proxy: all goes through it, or one line says which proxy and why not.

The hosts cannot look up the venue's name themselves, so whatever works has gone through the proxy.
Each plays one part: no password, a password, a wrong one; a proxy that refuses, is silent, hangs up, is
no proxy, leads to a stranger, or is not there; and a proxy that only the environment names.
"""

import re
import socket

import gates
import pipeline
import proxy as proxies

SYMBOLS = 2
SECRET = "s3cret@:"
SECRET_SPELT = "s3cret%40%3a"
VENUES = ("kraken", "bitstamp")
REFUSED = "HTTP/1.1 403 Forbidden"


class Part:
    """One host, its proxy, and what its log says; None: the books are LIVE."""

    def __init__(self, proxy, said, user=""):
        self.proxy, self.said, self.user = proxy, said, user
        self.host = None

    def start(self, stage, name, config):
        place = f"{self.user}127.0.0.1:{self.proxy.port}"
        self.host = gates.start_host(stage, name, gates.settings(config, proxy=f"http://{place}"),
                                     "fail")


class Nobody:
    """A port at which nothing listens: it is bound, so that nobody else takes it."""

    def __init__(self):
        self.asked = []
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]


def parts_of(stage, loop):
    def proxy(*arguments, **options):
        return gates.Proxy(loop, *arguments, **options)
    me = f"me:{SECRET}"
    stranger = gates.Gate(loop, "127.0.0.1", 0, "silent", proxies.make_certificate(stage))
    return {
        "open": Part(proxy(), None),
        "password": Part(proxy(user=me), None, f"me:{SECRET_SPELT}@"),
        "no_password": Part(proxy(user=me), r"the proxy asks for a user and a password \(407\)"),
        "wrong_password": Part(proxy(user=me),
                               r"the proxy does not accept this user and password \(407\)",
                               f"me:{SECRET_SPELT}x@"),
        "refuses": Part(proxy(REFUSED), r"the proxy refused with HTTP 403 Forbidden"),
        "no_proxy": Part(proxy("SSH-2.0-nonsense"), r"what answers there is no HTTP proxy"),
        "hangs_up": Part(proxy("hang up"), r"the proxy hung up without an answer"),
        "silent": Part(proxy("silent"), r"no answer (of the proxy )?within 10 s"),
        "stranger": Part(proxy(leads_to=stranger.port),
                         r"TLS certificate verification failed: self-signed certificate"),
        "absent": Part(Nobody(), r"connection refused or host unreachable"),
    }


def expect_used(stage, name, part, ports):
    stage.wait_until_live(part.host, stage.limit(15), kraken=SYMBOLS, bitstamp=SYMBOLS)
    asked = set(part.proxy.asked)
    stage.expect(asked == {f"localhost:{port}" for port in ports.values()},
                 f"{name}: what the proxy was asked for: {asked}")
    stage.expect(not part.host.lines("level=warn"), f"{name}: no warning")


def expect_told(stage, name, part):
    """Some line names proxy and reason; those of WebSockets are one for each venue at most."""
    words = rf"through proxy 127\.0\.0\.1:{part.proxy.port}: {part.said}"
    part.host.wait_for(words, stage.limit(15))
    for venue in VENUES:
        lines = part.host.lines(rf"level=warn venue={venue} msg=\"cannot reach")
        stage.expect(len(lines) <= 1, f"{name}: {venue} says it once: {lines}")
    stage.expect(not part.host.lines("books are live"), f"{name}: nothing is LIVE")


def expect_environment_told(stage, config, ports):
    """One warning for each exchange, unless no_proxy or the key silences it; and it is not used."""
    unused = f"http://me:{SECRET_SPELT}@127.0.0.1:9"
    told = r"connecting to localhost without the proxy that https_proxy in the environment names"
    plays = {
        "environment": (config, (f"https_proxy={unused}", f"http_proxy={unused}"), 1),
        "excepted": (config, (f"https_proxy={unused}", "no_proxy=localhost"), 0),
        "none": (gates.settings(config, proxy="none"), (f"https_proxy={unused}",), 0),
    }
    hosts = {name: gates.start_host(stage, name, text, "127.0.0.1", *environment)
             for name, (text, environment, _) in plays.items()}
    for name, (_, _, count) in plays.items():
        stage.wait_until_live(hosts[name], stage.limit(15), kraken=SYMBOLS, bitstamp=SYMBOLS)
        for venue in VENUES:
            lines = hosts[name].lines(rf"level=warn venue={venue} .*{told}")
            stage.expect(len(lines) == count, f"{name}: {venue} is told {count} times: {lines}")
    return hosts.values()


def expect_refused_by_check(stage, config):
    for proxy, said in (("socks5://127.0.0.1:1080", "SOCKS proxies are not supported"),
                        (f"http://me:{SECRET_SPELT}@127.0.0.1", "the port is missing")):
        answer = stage.call("check", "-c", stage.write("bad.ini", gates.settings(config, proxy=proxy)))
        text = (answer.stdout + answer.stderr).decode()
        stage.expect(answer.returncode == 78, f"check refuses {proxy}: {answer.returncode}")
        stage.expect(re.search(rf"bad\.ini:\d+: \[exchange:kraken\] proxy: {said}", text),
                     f"check says: {text}")
        stage.expect("s3cret" not in text, "check does not show the password")


def suite(stage):
    stage.simulator("--instruments", str(SYMBOLS), "--rate", "5", "--divergence-every", "0")
    ports = stage.ports()
    config = pipeline.changed(stage.read("sim.ini"), (r"^ca_file = .*$", r"\g<0>\nlog_level = debug"))
    expect_refused_by_check(stage, config)
    parts = parts_of(stage, proxies.start_loop())
    for name, part in parts.items():
        part.start(stage, name, config)
    for name, part in parts.items():
        if part.said is None:
            expect_used(stage, name, part, ports)
    hosts = list(expect_environment_told(stage, config, ports))
    for name, part in parts.items():
        if part.said is not None:
            expect_told(stage, name, part)
    for host in hosts + [part.host for part in parts.values()]:
        stage.expect("s3cret" not in host.err(), f"{host.name}: the password is in the log")


if __name__ == "__main__":
    pipeline.main(suite, shim="")
