"""The listener of the web refuses what it should, counts it, and its memory stays bounded.

Wrong tokens, foreign origins, hosts and paths, requests that are slow, huge, piled up or no HTTP;
10,000 connections in turn and 1,000 at once; WebSockets that send too much or read nothing. In
between it has to go on serving.
"""

import contextlib
import random
import re
import select
import socket
import time

import pipeline
import web_client
from web_client import WebSocket, ask, connect, read_all, request, send, stats

TOKEN = "0123456789abcdef-secret"
FILLING = 1 << 20  # bytes of a frame
HEADERS_MS, IDLE_MS, STALLED_MS = 1000, 1500, 3000
CLIENTS = 6
SECURITY = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
                               "connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
                               "base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
LADDER = {"ladder": {"venue": "kraken", "symbol": "BTC/USD"}}


def start(stage, name, filling, *token, is_hurried=False):
    """With is_hurried nobody keeps a connection for long, however slow the machine."""
    slow = 0.2 if is_hurried else stage.slow
    program = stage.start(name, [stage.options.fixture, "127.0.0.1:0", str(filling), str(CLIENTS)]
                          + [str(int(ms * slow)) for ms in (HEADERS_MS, IDLE_MS, STALLED_MS)] + list(token))
    return program, int(program.wait_for(r"listens: http://127.0.0.1:(\d+)/", stage.limit(10)).group(1))


@contextlib.contextmanager
def counted(stage, port, what, name, n=1, *headers):
    """What is done inside has to be counted under `name`, at least n times."""
    before = stats(port, *headers)[name]
    yield
    try:
        pipeline.poll(lambda: stats(port, *headers)[name] - before >= n, stage.limit(10), f"{what}: {name} counts {n}")
    except pipeline.Miss as miss:
        stage.expect(False, str(miss))


def expect_status(stage, answer, status, what):
    stage.expect(answer.status == status, f"{what}: {answer.status} instead of {status}: {answer.data[:200]!r}")
    if answer.status:
        for name, value in SECURITY.items():
            stage.expect(answer.headers.get(name) == value, f"{what}: {name} is {answer.headers.get(name)}")


def answers_and_paths(stage, port):
    for path, kind in (("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")):
        answer = ask(port, path)
        expect_status(stage, answer, 200, path)
        stage.expect(answer.headers["content-type"].startswith(kind), f"{path}: {answer.headers['content-type']}")
        stage.expect(len(answer.body) == int(answer.headers["content-length"]) > 0, f"{path}: the whole body")
        head = ask(port, path, method="HEAD")
        expect_status(stage, head, 200, f"HEAD {path}")
        stage.expect(head.body == b"" and head.headers["content-length"] == answer.headers["content-length"],
                     f"HEAD {path}: the length and no body")
    expect_status(stage, ask(port, "/readyz"), 503, "a status of a route's own")
    stage.expect(len(ask(port, "/big").body) == 4 << 20, "a large answer comes whole")
    stage.expect(ask(port, "/big", method="HEAD").body == b"", "HEAD of a large answer")
    stage.expect(ask(port, "/echo?a=1&b=%26x&c", "Accept: text/y").body == b"a=1&b=&x&c|text/y", "query and Accept")
    # The same file by another spelling of its path is no other file.
    expect_status(stage, ask(port, "/page%2ejs"), 200, "an encoded dot")
    with counted(stage, port, "paths", "refused_path", 8):
        for path in ("/nope", "/index.html", "/page.js/", "/PAGE.JS", "/page.html", "/..%2f..%2fetc/passwd",
                     "/%2e%2e/%2e%2e/etc/passwd", "/live", "/a" * 1000, "/%ff%fe", "/page.js;x", "/~"):
            answer = ask(port, path)
            stage.expect(answer.status in (404, 403), f"{path[:40]}: {answer.status}")
    for path in ("/../../../../etc/passwd", "/%00", "/page.js%00.css", "/%", "/%zz", "*", "http://localhost/",
                 "//", "/?", "/?&&&=&", "/?" + "a=b&" * 200, "/?token", "\\", ""):
        answer = ask(port, path)
        stage.expect(b"root:" not in answer.data, f"{path[:40]}: shows nothing of this machine")
        if answer.status:
            expect_status(stage, answer, answer.status, f"{path[:40]}")
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        with counted(stage, port, method, "refused_method"):
            answer = ask(port, "/", method=method)
            expect_status(stage, answer, 405, method)
            stage.expect(answer.headers.get("allow") == "GET, HEAD", f"{method}: allow")
    for method in ("CONNECT", "TRACE", "FOO"):
        answer = ask(port, "/", method=method)
        stage.expect(answer.status in (0, 400, 403, 405), f"{method}: {answer.status}")


def versions_and_rows(stage, port):
    answer = ask(port, "/page.css", version="1.0")
    expect_status(stage, answer, 200, "HTTP/1.0")
    with counted(stage, port, "HTTP/1.0 without a host", "refused_host"):
        expect_status(stage, ask(port, "/", host=None, version="1.0"), 403, "HTTP/1.0 without a host")
    one = b"GET /page.css HTTP/1.1\r\nHost: localhost\r\n\r\n"
    data = send(port, one * 20 + request("GET", "/nope", "localhost"))
    stage.expect(data.count(b"HTTP/1.1 200 OK\r\n") == 20 and data.count(b"HTTP/1.1 404 ") == 1,
                 f"21 requests in a row: {data.count(b'HTTP/1.1 200 OK')} and {data.count(b'HTTP/1.1 404 ')}")
    large = b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n"
    data = send(port, large + large + request("GET", "/page.css", "localhost"))
    stage.expect(data.count(b"HTTP/1.1 200 OK\r\n") == 3, "large answers in a row")
    with connect(port) as sock:
        for byte in one + request("GET", "/page.css", "localhost"):
            sock.sendall(bytes([byte]))
        stage.expect(read_all(sock).count(b"HTTP/1.1 200 OK\r\n") == 2, "requests byte by byte")
    h2 = ask(port, "/page.css", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
    stage.expect(h2.status == 403 or h2.status == 404, f"no HTTP/2: {h2.status}")
    stage.expect(b"HTTP/1.1 200" not in send(port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)), "nor without asking")


def hosts_and_origins(stage, port):
    for host in ("localhost", f"localhost:{port}", "LOCALHOST:1", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:9464"):
        expect_status(stage, ask(port, "/", host=host), 200, f"Host: {host}")
    wrong = ("evil.com", "localhost.evil.com", "evil.com:80", "128.0.0.1", "localhost:", "localhost:x", "[::1", "::1]",
             "[", "[]", ":", "localhost:123456", "[::2]", "0.0.0.0", "localhost, localhost", "a" * 300, "127.0.0.1.evil.com")
    with counted(stage, port, "hosts", "refused_host", len(wrong)):
        for host in wrong:
            expect_status(stage, ask(port, "/", host=host), 403, f"Host: {host[:40]}")
    origins = (None, "null", "http://evil.com", "http://localhost.evil.com", "localhost", "http://localhost:1",
               "http://", "file://", "ftp://localhost", "http://localhost/", "http://127.0.0.1")
    with counted(stage, port, "origins", "refused_origin", len(origins)):
        for origin in origins:
            client = WebSocket(port, origin=origin)
            expect_status(stage, client.answer, 403, f"Origin: {origin}")
            client.close()
    with counted(stage, port, "a WebSocket elsewhere", "refused_path"):
        stage.expect(WebSocket(port, path="/").answer.status == 404, "a WebSocket at /")
    for origin, host in (("https://localhost", "localhost"), (f"http://127.0.0.1:{port}", f"127.0.0.1:{port}"),
                         ("http://LOCALHOST", "localhost")):
        client = WebSocket(port, origin=origin, host=host)
        stage.expect(client.is_open, f"Origin {origin} of {host}: {client.answer.status}")
        client.close()


def tokens(stage, port):
    bearer = f"Authorization: Bearer {TOKEN}"
    wrong = [[], ["Authorization: Bearer"], ["Authorization: Bearer "], [f"Authorization: Bearer {TOKEN[:-1]}"],
             [f"Authorization: Bearer {TOKEN}x"], [f"Authorization: Bearer {TOKEN} x"], [f"Authorization: Basic {TOKEN}"],
             [f"Authorization: Bearer {TOKEN.upper()}"], [f"Cookie: arbspot_{port}={TOKEN}"], ["Cookie: arbspot=1"],
             [f"Cookie: arbspot_{port}="], ["Cookie: ;;;=;"], ["Cookie: " + "a=b; " * 500]]
    with counted(stage, port, "tokens", "refused_token", len(wrong) + 4, bearer):
        for headers in wrong:
            answer = ask(port, "/", *headers)
            expect_status(stage, answer, 401, f"{headers}")
            stage.expect("Bearer" in answer.headers.get("www-authenticate", ""), "which says how")
        for path in (f"/stats?token={TOKEN}", "/?token=", f"/?token={TOKEN}x", f"/?xtoken={TOKEN}"):
            expect_status(stage, ask(port, path), 401, path)
    expect_status(stage, ask(port, "/", bearer), 200, "the token")
    expect_status(stage, ask(port, "/", bearer.replace("Bearer", "bearer")), 200, "the scheme in small letters")
    expect_status(stage, ask(port, "/nope"), 401, "what there is is not told")
    login = ask(port, f"/?a=b&token={TOKEN}")
    expect_status(stage, login, 303, "the token in the address line")
    cookie, *attributes = login.headers.get("set-cookie", "").split("; ")
    stage.expect(login.headers.get("location") == "/" and {"HttpOnly", "SameSite=Strict", "Path=/"} == set(attributes),
                 f"a redirect with a cookie: {login.headers}")
    stage.expect(TOKEN not in cookie, "that does not tell the token")
    expect_status(stage, ask(port, "/page.js", f"Cookie: a=b; {cookie}; c=d"), 200, "the cookie")
    expect_status(stage, ask(port, "/page.js", f"Cookie: {cookie}0"), 401, "another cookie")
    stage.expect(WebSocket(port).answer.status == 401, "a WebSocket without the cookie")
    stage.expect(WebSocket(port, headers=[f"Cookie: {cookie}"]).is_open, "a WebSocket with the cookie")
    stage.expect(WebSocket(port, origin="http://evil.com", headers=[f"Cookie: {cookie}"]).answer.status == 403,
                 "the cookie does not help a foreign page")


def slow_and_huge_requests(stage, port):
    began = time.monotonic()
    slow = [connect(port) for _ in range(50)]
    with counted(stage, port, "slow-loris", "refused_slow_request", len(slow)):
        waiting = dict.fromkeys(slow)
        while waiting:
            for sock in list(waiting):
                try:
                    sock.sendall(b"G" if waiting[sock] is None else b"x")
                    waiting[sock] = True if waiting[sock] is None else waiting[sock]
                    if sock in select.select([sock], [], [], 0)[0] and not sock.recv(4096):
                        waiting.pop(sock)
                except ConnectionError:
                    waiting.pop(sock)
            if time.monotonic() - began > stage.limit(10 * HEADERS_MS / 1000):
                stage.expect(False, f"slow-loris: {len(waiting)} are still there")
                break
            time.sleep(0.1)
        stage.figure("slow_loris.seconds", f"{time.monotonic() - began:.1f}")
    for sock in slow:
        sock.close()
    began = time.monotonic()
    with connect(port, stage.limit(30)) as sock:
        sock.sendall(b"GET /page.css HTTP/1.1\r\nHost: localhost\r\n\r\n")
        stage.expect(read_all(sock).count(b"200 OK") == 1, "an idle connection is served")
    stage.expect(IDLE_MS / 1000 * 0.8 < time.monotonic() - began < stage.limit(IDLE_MS / 1000 + 5), "and ended")
    expect_status(stage, ask(port, "/page.css", "Cookie: " + "a" * 6000), 200, "6,000 bytes of cookies")
    with counted(stage, port, "huge headers", "refused_request", 3):
        for headers in ("Cookie: " + "a" * 20000, "X: " + "a" * 2000000, "\r\n".join(f"X{i}: y" for i in range(5000))):
            # Headers that nobody looks at may be of any length; they are not kept.
            answer = ask(port, "/page.css", headers)
            stage.expect(answer.status in (0, 200, 400, 403, 413, 431), f"huge headers: {answer.status}")
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), b"\r\n\r\n\r\n", b"GET\r\n\r\n",
                     bytes(range(256)) * 8, b"GET / HTTP/1.1\r\nHost"):
            send_and_shut(port, data)


def send_and_shut(port, data):
    with connect(port) as sock:
        with contextlib.suppress(OSError):
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            read_all(sock)


def crowds(stage, port, program):
    before = stats(port)
    for _ in range(10000):
        sock = connect(port)
        sock.sendall(b"GET /page.css HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        if b"200 OK" not in sock.recv(4096):
            stage.expect(False, "one of 10,000 was not served")
        sock.close()
    after = stats(port)
    stage.expect(after["requests"] - before["requests"] >= 10000, "10,000 connections in turn are served")
    resident, _ = program.memory_mib()
    with counted(stage, port_when_free(stage, port), "1,000 at once", "refused_connections", 1000 - 256):
        crowd = [connect(port, stage.limit(30)) for _ in range(1000)]
        pipeline.poll(lambda: len(select_ended(crowd)) >= 1000 - 256, stage.limit(10), "those beyond 256 are refused at once")
        ended = len(select_ended(crowd))
        stage.figure("crowd.refused_at_once", ended)
        for sock in crowd:
            sock.close()
        port_when_free(stage, port)
    stage.figure("crowd.memory_mib", f"{resident:.0f} -> {program.memory_mib()[0]:.0f}")
    pipeline.poll(lambda: stats(port)["n_connections"] <= 3, stage.limit(20), "nothing of the crowd is left")


def select_ended(crowd):
    """Those that the server has closed: it says nothing to the others."""
    poller = select.poll()
    for sock in crowd:
        poller.register(sock, select.POLLIN | select.POLLHUP | select.POLLERR)
    return poller.poll(0)


def port_when_free(stage, port):
    def is_free():
        try:
            return ask(port, "/page.css").status == 200
        except OSError:
            return False
    pipeline.poll(is_free, stage.limit(20), "it serves again")
    return port


def frames(stage, port):
    client = WebSocket(port)
    first = client.read_text()
    stage.expect(first["since"] == 0 and first["venue"] == "", f"the first frame has everything: {first['since']}")
    versions, began = [first["version"]], time.monotonic()
    while time.monotonic() - began < 2:
        frame = client.read_text()
        stage.expect(frame["since"] == versions[-1], "a frame goes on from the one before")
        versions.append(frame["version"])
    gaps = [b - a for a, b in zip(versions, versions[1:])]
    stage.expect(len(versions) <= 12 and min(gaps) >= 100, f"at most five frames a second: {gaps}")
    client.say(LADDER)
    while (frame := client.read_text())["symbol"] == "":
        pass
    stage.expect((frame["venue"], frame["symbol"], frame["wish_since"]) == ("kraken", "BTC/USD", 0), "a ladder is asked for")
    frame = client.read_text()
    stage.expect(frame["wish_since"] == frame["since"] > 0, "and known to be there from then on")
    client.say({"ladder": None})
    while client.read_text()["symbol"] != "":
        pass
    client.close()


def limits_of_clients(stage, port):
    clients = [WebSocket(port) for _ in range(CLIENTS)]
    stage.expect(all(client.is_open for client in clients), "as many as are allowed")
    with counted(stage, port, "clients", "refused_clients"):
        one_more = WebSocket(port)
        expect_status(stage, one_more.answer, 503, "one more than is allowed")
    clients.pop().close()
    pipeline.poll(lambda: stats(port)["n_clients"] < CLIENTS, stage.limit(10), "one is gone")
    stage.expect(WebSocket(port).is_open, "there is room again")
    for client in clients:
        client.close()
    pipeline.poll(lambda: stats(port)["n_clients"] == 0, stage.limit(10), "all are gone")


def bad_messages(stage, port):
    good = b'{"ladder":null}'
    cases = {
        "513 bytes": (lambda c: c.send_frame(1, good + b" " * (513 - len(good))), 1009),
        "a frame that claims 2^60 bytes": (lambda c: c.send_frame(1, b"x" * 600, claimed=1 << 60), 1009),
        "a frame that claims 2^31 bytes": (lambda c: c.send_frame(1, b"x" * 600, claimed=1 << 31), 1009),
        "fragments of more than 512 bytes": (lambda c: [c.send_frame(1, b"{" * 300, is_final=False),
                                                        c.send_frame(0, b"{" * 300)], 1009),
        "binary": (lambda c: c.send_frame(2, good), 1003),
        "no JSON": (lambda c: c.send_frame(1, b"hello"), 1008),
        "an empty message": (lambda c: c.send_frame(1, b""), 1008),
        "another question": (lambda c: c.say({"books": 1}), 1008),
        "half a ladder": (lambda c: c.say({"ladder": {"venue": "kraken"}}), 1008),
        "a number for a venue": (lambda c: c.say({"ladder": {"venue": 1, "symbol": "A/B"}}), 1008),
        "a name too long": (lambda c: c.say({"ladder": {"venue": "k" * 100, "symbol": "A/B"}}), 1008),
        "no UTF-8": (lambda c: c.send_frame(1, b"\xff\xfe"), 1008),
        "eleven in a second": (lambda c: [c.send_frame(1, good) for _ in range(11)], 1008),
        "bytes behind it": (lambda c: c.send_frame(1, good + b"x"), 1008),
    }
    for what, (act, code) in cases.items():
        with counted(stage, port, what, "refused_message"):
            client = WebSocket(port)
            client.read_text()
            with contextlib.suppress(ConnectionError):
                act(client)
            got = client.close_code()
            stage.expect(got in (code, None), f"{what}: closed with {got} instead of {code}")
    client = WebSocket(port)
    for _ in range(10):
        client.send_frame(1, good + b" " * (512 - len(good)))
    stage.expect(client.read_text()["since"] == 0, "ten messages of 512 bytes are none too many")
    client.close()
    with counted(stage, port, "a flood of pings", "refused_message"):
        client = WebSocket(port)
        with contextlib.suppress(OSError):
            for _ in range(5000):
                client.send_frame(9, b"x" * 100)
        client.close_code()
    for opcode in (3, 7, 11, 15):
        client = WebSocket(port)
        with contextlib.suppress(ConnectionError):
            client.send_frame(opcode, b"x")
        client.close_code()


def stalled_clients(stage, port, program):
    port_when_free(stage, port)
    before, (resident, _) = stats(port), program.memory_mib()
    lazy = [WebSocket(port, limit_s=stage.limit(60), receive_buffer=4096) for _ in range(CLIENTS - 2)]
    reading = WebSocket(port, limit_s=stage.limit(60))
    no_pong = WebSocket(port, limit_s=stage.limit(60))
    began = time.monotonic()
    n_read = 0
    while stats(port)["refused_stalled"] - before["refused_stalled"] < CLIENTS - 1:
        reading.read_text()
        n_read += 1
        if time.monotonic() - began > stage.limit(60):
            stage.expect(False, "those that read nothing are not closed")
            break
    stage.figure("stalled.seconds", f"{time.monotonic() - began:.1f}")
    stage.expect(time.monotonic() - began > STALLED_MS / 1000 * 0.8, "not before their time")
    stage.expect(n_read > 5, f"the one that reads got {n_read} frames meanwhile")
    n_frames = 0
    with contextlib.suppress(ConnectionError):
        while no_pong.read_text(answers=False):
            n_frames += 1
    stage.expect(n_frames == 1, f"who never says that he has read gets one frame, not {n_frames}")
    after = stats(port)
    stage.expect(after["conflated"] - before["conflated"] >= (CLIENTS - 1) * 5, "frames left out are counted")
    grown = program.memory_mib()[0] - resident
    stage.figure("stalled.grown_mib", f"{grown:.0f}")
    # One frame for each that stalls, a pair of frames being made, and what the allocator keeps, which
    # with a sanitizer is much.
    if stage.slow == 1:
        stage.expect(grown < 4 * (CLIENTS + 4) * FILLING / (1 << 20), f"memory grew by {grown:.0f} MiB")
    for client in lazy + [reading, no_pong]:
        client.close()


def stalled_readers(stage, port):
    readers = []
    with counted(stage, port, "answers that nobody reads", "refused_no_room"):
        for _ in range(8):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(stage.limit(30))
            sock.connect(("127.0.0.1", port))
            sock.sendall(request("GET", "/big", "localhost"))
            readers.append(sock)
    pipeline.poll(lambda: stats(port)["waiting"] == 0, stage.limit(STALLED_MS / 1000 + 10), "they are ended")
    for sock in readers:
        sock.close()


def random_requests(stage, port, n=3000, seed=1):
    rng = random.Random(seed)
    words = [b"GET ", b"HEAD ", b"/", b"/live", b"/?token=", b"%00", b"%", b"..", b" HTTP/1.1\r\n", b" HTTP/1.0\r\n",
             b"Host: localhost\r\n", b"Host: ", b"\r\n", b"\r\n\r\n", b"\n", b"Cookie: a=b; ", b"Origin: http://localhost\r\n",
             b"Upgrade: websocket\r\n", b"Connection: Upgrade\r\n", b"Connection: keep-alive\r\n", b"Sec-WebSocket-Key: x\r\n",
             b"Sec-WebSocket-Version: 13\r\n", b"Sec-WebSocket-Protocol: a, b\r\n", b"Content-Length: 99999999999\r\n",
             b"Transfer-Encoding: chunked\r\n", b"Authorization: Bearer ", b"Accept: ", b"&", b"?", b"=", b":", b"\0",
             b"Upgrade: h2c\r\n", b"Expect: 100-continue\r\n", b"Range: bytes=0-1\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    upgrade = (b"GET /live HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nUpgrade: websocket\r\n"
               b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    stage.figure("random.seed", seed)
    for _ in range(n):
        parts = [rng.choice(words) if rng.random() < 0.8 else rng.randbytes(rng.randrange(40))
                 for _ in range(rng.randrange(1, 25))]
        if rng.random() < 0.3:
            parts.insert(0, upgrade)
        elif rng.random() < 0.5:
            parts.insert(0, b"GET /page.css HTTP/1.1\r\nHost: localhost\r\n")
        with connect(port) as sock, contextlib.suppress(OSError):
            sock.sendall(b"".join(parts))
            if rng.random() < 0.5:
                sock.shutdown(socket.SHUT_WR)
            sock.settimeout(0.005)
            sock.recv(65536)
    port_when_free(stage, port)
    refused = stats(port)["refused_connections"]
    stage.figure("random.not_heard", refused)
    stage.expect(refused < n / 2, f"{refused} of {n} random requests were not heard")


def addresses(stage, port):
    cases = {
        f"127.0.0.1:{port}": r"cannot listen at 127.0.0.1:\d+: .*in use.*give another port",
        "0.0.0.0:0": "a token is needed",
        "[::]:0": "a token is needed",
        "192.0.2.1:0": "a token is needed",
        "localhost": "has no port",
        "127.0.0.1:65536": "has no port",
        "example.com:80": "no address in numbers",
        ":80": "no address of this machine",
    }
    for listen, pattern in cases.items():
        program = stage.start("refused", [stage.options.fixture, listen, "0", "0", "0", "0", "0"])
        stage.expect(program.wait(stage.limit(10)) == 78 and re.search(pattern, program.err()),
                     f"{listen}: {program.err()}")
    program = stage.start("elsewhere", [stage.options.fixture, "192.0.2.1:0", "0", "0", "0", "0", "0", TOKEN])
    stage.expect(program.wait(stage.limit(10)) == 78 and "this machine has no such address" in program.err(),
                 f"an address of others: {program.err()}")
    program = stage.start("short", [stage.options.fixture, "127.0.0.1:0", "0", "0", "0", "0", "0", "short"])
    stage.expect(program.wait(stage.limit(10)) == 78 and "16 to 256" in program.err(), f"a short token: {program.err()}")


def suite(stage):
    program, port = start(stage, "web", 100)
    guarded, guarded_port = start(stage, "guarded", 100, TOKEN)
    heavy, heavy_port = start(stage, "heavy", FILLING)
    hurried, hurried_port = start(stage, "hurried", 100, is_hurried=True)
    answers_and_paths(stage, port)
    versions_and_rows(stage, port)
    hosts_and_origins(stage, port)
    tokens(stage, guarded_port)
    addresses(stage, port)
    frames(stage, port)
    limits_of_clients(stage, port)
    bad_messages(stage, port)
    slow_and_huge_requests(stage, port)
    stalled_clients(stage, heavy_port, heavy)
    stalled_readers(stage, heavy_port)
    random_requests(stage, hurried_port)
    crowds(stage, port, program)
    stage.figure("stats", {name: n for name, n in stats(port).items() if n})
    for one in (program, guarded, heavy, hurried):
        stage.expect(one.stop() == 0, f"{one.name} ends with 0")


if __name__ == "__main__":
    pipeline.main(suite, fixture="")
