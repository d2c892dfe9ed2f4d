"""A venue that sends what no venue should: nothing crashes, it is counted, and the books recover.

Every instrument has a connection of its own, so that each kind of nonsense meets a book that was
LIVE and healthy, and reconnects do not add up. What must come of it is part of the table:

  ignored   the book stays LIVE all the time
  recovers  the book leaves LIVE, and is LIVE again without help
"""

import random
import re
import time

import bus as messages
import pipeline
import proxy as proxies

MIB = 1 << 20
REJECTED_MIN = 8  # messages of each venue's nonsense that its plugin refuses, at least
KRAKEN_UPDATE = ('{"channel":"book","type":"update","data":[{"symbol":"%s","bids":[%s],"asks":[],'
                 '"checksum":1,"timestamp":"2026-01-01T00:00:00.000000Z"}]}')
BITSTAMP_BOOK = ('{"data":{"timestamp":"4000000000","microtimestamp":"%s","bids":[%s],"asks":[%s]},'
                 '"channel":"order_book_%s","event":"data"}')


def now():
    """A microtimestamp that the book in hand is older than, and the next one newer."""
    return str(time.time_ns() // 1000)


def text(payload):
    return proxies.frame(payload.encode() if isinstance(payload, str) else payload)


def garbage(n):
    """The same printable nonsense every time."""
    chance = random.Random(1)
    return bytes(chance.choices(b'{}[]",:0123456789abcdefeE+-. \\', k=65536)) * (n // 65536)


def level(px, qty):
    return f'{{"price":{px},"qty":{qty}}}'


# Name -> what it leads to, and the bytes for a symbol.
COMMON = {
    "nothing in a frame": ("recovers", lambda s: text("")),
    "no object": ("recovers", lambda s: text("[1,2,3]")),
    "null": ("recovers", lambda s: text("null")),
    "an empty object": ("recovers", lambda s: text("{}")),
    "bytes that are no text": ("recovers", lambda s: text(b"\xff\xfe\x00\x80" * 64)),
    "deep nesting": ("recovers", lambda s: text("[" * 200_000)),
    "deep nesting in a known member": ("recovers", lambda s: text('{"data":' + '{"a":' * 50_000)),
    "10 MB of garbage": ("recovers", lambda s: text(garbage(10 * MIB))),
    "a message that is too long": ("recovers",
                                   lambda s: proxies.frame(garbage(MIB), length=17 * MIB)),
    "a frame of an unknown kind": ("recovers", lambda s: proxies.frame(b"x", opcode=0xB)),
    "a masked frame": ("recovers", lambda s: b"\x81\x82\x00\x00\x00\x00{}"),
    "a continuation of nothing": ("recovers", lambda s: proxies.frame(b"{}", opcode=0)),
    "an endless name": ("recovers", lambda s: text('{"' + "a" * MIB)),
}
KRAKEN = {
    "a truncated message": ("recovers", lambda s: text((KRAKEN_UPDATE % (s, level(1, 1)))[:90])),
    "wrong types": ("recovers", lambda s: text(
        '{"channel":"book","type":"update","data":[{"symbol":"%s","bids":{"price":true},'
        '"checksum":"x"}]}' % s)),
    "a wrong checksum": ("recovers", lambda s: text(KRAKEN_UPDATE % (s, level(1, 1)))),
    "a negative quantity": ("recovers", lambda s: text(KRAKEN_UPDATE % (s, level(1, -1)))),
    "a quantity with exponent": ("recovers", lambda s: text(KRAKEN_UPDATE % (s, level(1, "1e-3")))),
    "a huge price": ("recovers", lambda s: text(KRAKEN_UPDATE % (s, level("9" * 400, 1)))),
    "a huge exponent": ("recovers", lambda s: text(KRAKEN_UPDATE % (s, level("1e999999999", 1)))),
    "a huge quantity": ("recovers", lambda s: text(KRAKEN_UPDATE % (s, level(1, "9" * 400)))),
    "an unknown symbol": ("ignored", lambda s: text(KRAKEN_UPDATE % ("NOPE/USD", level(1, 1)))),
    "an unknown channel": ("ignored", lambda s: text('{"channel":"news","data":[[[{}]]]}')),
    "a heartbeat in three parts": ("ignored", lambda s: (
        proxies.frame(b'{"channel":', final=False) + proxies.frame(b'"heart', 0, final=False) +
        proxies.frame(b'beat"}', 0))),
}
BITSTAMP = {
    "a truncated message": ("recovers", lambda s: text(BITSTAMP_BOOK[:90])),
    "wrong types": ("recovers", lambda s: text(
        '{"data":{"microtimestamp":true,"bids":7},"channel":"order_book_%s","event":"data"}' % s)),
    "a negative quantity": ("recovers", lambda s: text(
        BITSTAMP_BOOK % (now(), '["1","-1"]', '["2","1"]', s))),
    # A level that far away is left out; the next frame is the whole book again.
    "a huge price": ("ignored", lambda s: text(
        BITSTAMP_BOOK % (now(), "", '["%s","1"]' % ("9" * 400), s))),
    "a huge quantity": ("recovers", lambda s: text(
        BITSTAMP_BOOK % (now(), '["1","%s"]' % ("9" * 400), "", s))),
    "a book from the future": ("recovers", lambda s: text(
        BITSTAMP_BOOK % ("4000000000000000", '["1","1"]', '["2","1"]', s))),
    "a book that was overtaken": ("ignored", lambda s: text(
        # So little that it is not late; others may be rare on a busy machine.
        BITSTAMP_BOOK % (str(time.time_ns() // 1000 - 900_000), '["1","1"]', '["2","1"]', s))),
    # Nothing is so late: one of the two dates must be damaged, and who knows which.
    "a book of 1970": ("recovers", lambda s: text(
        BITSTAMP_BOOK % ("1", '["1","1"]', '["2","1"]', s))),
    "an unknown symbol": ("ignored", lambda s: text(
        BITSTAMP_BOOK % (now(), '["1","1"]', '["2","1"]', "nopeusd"))),
    "an unknown event": ("ignored", lambda s: text('{"event":"bts:news","data":[[[{}]]]}')),
}
# Replaces all connections of the venue by others, and so comes when the rest has settled.
FOR_A_TERMINAL = "\x1b[2J \x07 \x7f \u009b31m \u202e \u2028 end"
CLOSES = {
    "a close with words for a terminal": ("recovers", lambda s: proxies.frame(
        b"\x03\xf5" + FOR_A_TERMINAL.encode() + b"\xff", opcode=8)),
}
RECONNECT = {
    "a request to reconnect": ("ignored", lambda s: text(
        '{"event":"bts:request_reconnect","channel":"","data":""}')),
}
NONSENSE = {"kraken": COMMON | KRAKEN | CLOSES, "bitstamp": COMMON | BITSTAMP}
N = max(len(table) for table in NONSENSE.values())


def configure(stage, ports):
    """Leads the host over the proxies, one connection for each instrument."""
    return pipeline.changed(
        stage.read("sim.ini"),
        (r"^ca_file = .*$", f"ca_file = {stage.path('proxy.pem')}"),
        (r"^url = .*$", f"url = wss://localhost:{ports['kraken']}/v2\npairs_per_connection = 1"),
        (r"^ws_url = .*$", f"ws_url = wss://localhost:{ports['bitstamp']}\n"
                           "markets_per_connection = 1"),
        (r"^rest_url = .*$", f"rest_url = https://localhost:{ports['bitstamp']}/api/v2"))


def all_live(bus):
    return bus.count_in("LIVE") == 2 * N


def symbols_by_subject(bus, venue):
    """Bitstamp's "btcusd" and Kraken's "BTC/USD" both lead to "BTC/USD"."""
    symbols = [symbol for name, symbol in bus.books if name == venue]
    return {symbol if venue == "kraken" else symbol.replace("/", "").lower(): symbol
            for symbol in symbols}


class Attempt:
    """One piece of nonsense and the book it is meant for."""

    def __init__(self, bus, venue, what, expected, book):
        self.what = f"{venue}: {what}"
        self.expected = expected
        self.book = book
        self.n_states = len(book.states)
        self.n_messages = book.n_messages
        self.conflated = book.conflated

    def has_settled(self):
        states = [state for state, _, _ in self.book.states[self.n_states:]]
        # On a slow machine a book may be STALE for so short that a snapshot replaces the word of it.
        is_replaced = self.book.conflated > self.conflated
        is_touched = bool(states) or is_replaced or self.expected == "ignored"
        goes_on = self.book.n_messages > self.n_messages + 1
        return is_touched and goes_on and self.book.state == "LIVE"

    def story(self):
        return [(state, reason) for state, reason, _ in self.book.states[self.n_states:]]


def send_nonsense(stage, bus, venue, proxy, kinds):
    """One kind to each connection of the venue."""
    attempts = []
    symbols = symbols_by_subject(bus, venue)
    for (subject, link), (what, (expected, make)) in zip(sorted(proxy.connections().items()), kinds.items()):
        attempt = Attempt(bus, venue, what, expected, bus.books[venue, symbols[subject]])
        attempts.append(attempt)
        proxy.send(link, make(subject))
    stage.expect(len(attempts) == len(kinds), f"{venue}: a connection for each kind")
    return attempts


def expect_settled(stage, host, attempts):
    def are_settled():
        if not host.is_running():
            raise pipeline.Miss("the host is gone")
        return all(attempt.has_settled() for attempt in attempts)
    try:
        pipeline.poll(are_settled, stage.limit(15), "every book settled")
    except pipeline.Miss:
        for attempt in attempts:
            stage.expect(attempt.has_settled(),
                         f"{attempt.what}: expected {attempt.expected}, got {attempt.story()}")
        raise
    for attempt in attempts:
        if attempt.expected == "ignored":
            stage.expect(not attempt.story(), f"{attempt.what}: not ignored: {attempt.story()}")


def expect_counted(stage, host):
    """The closing lines account for what was refused."""
    for venue in NONSENSE:
        line = host.lines(f"venue={venue} .*frames=\\d+ rejected=")[-1]
        counts = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}
        stage.figure(f"{venue}.rejected", counts["rejected"])
        stage.expect(counts["rejected"] >= REJECTED_MIN,
                     f"{venue}: refused messages are counted: {line}")
        stage.expect(counts["resyncs"] >= 1, f"{venue}: resyncs are counted: {line}")


def expect_harmless(stage, host):
    """Nothing that a terminal would obey, or that turns a line round, is in the log."""
    with open(host.err_path, "rb") as file:
        log = file.read()
    said = log.decode(errors="replace")
    bad = {c for c in said if c != "\n" and (ord(c) < 0x20 or 0x7f <= ord(c) <= 0x9f or
                                            c in "\u2028\u2029\u202e\ufffd")}
    stage.expect(not bad, f"the log has {bad}")


def expect_close_told(stage, attempts):
    """The code as it was received, and the words: JSON carries any."""
    reasons = [reason for attempt in attempts for _, reason in attempt.story() if reason]
    stage.expect(any(reason.startswith("closed by the venue (1013 \x1b[2J") for reason in reasons),
                 f"a close with 1013 is told: {reasons}")


def suite(stage):
    sim = stage.simulator("--instruments", str(N), "--rate", "5", "--divergence-every", "0")
    certificate = proxies.make_certificate(stage)
    loop = proxies.start_loop()
    proxy = {venue: proxies.Proxy(loop, certificate, port, stage.path("ca.pem"))
             for venue, port in stage.ports().items()}
    ports = {venue: one.port for venue, one in proxy.items()}
    brokers = stage.broker()
    host = stage.host(stage.write("host.ini",
                                  pipeline.use_brokers(configure(stage, ports), brokers)))
    bus = messages.attach(stage, brokers)
    pipeline.poll(lambda: all_live(bus), stage.limit(15), f"{2 * N} books LIVE")

    attempts = []
    for venue, kinds in NONSENSE.items():
        attempts += send_nonsense(stage, bus, venue, proxy[venue], kinds)
    expect_settled(stage, host, attempts)
    expect_close_told(stage, attempts)
    request = send_nonsense(stage, bus, "bitstamp", proxy["bitstamp"], RECONNECT)
    host.wait_for(r"venue=bitstamp msg=\"session \d+ replaces session", stage.limit(10))
    expect_settled(stage, host, request)
    stage.figure("nonsense", len(attempts))
    for one in proxy.values():
        one.hang_up()  # a venue that restarts
    pipeline.poll(lambda: all_live(bus), stage.limit(20), "all books LIVE in the end")
    stage.figure("host.VmHWM_MiB", f"{host.memory_mib()[1]:.1f}")
    stage.expect(host.stop() == 0, "the host ends with 0")
    stage.expect(sim.is_running(), "the simulator is still there")
    expect_counted(stage, host)
    expect_harmless(stage, host)
    messages.expect_sound(stage, bus)


if __name__ == "__main__":
    pipeline.main(suite)
