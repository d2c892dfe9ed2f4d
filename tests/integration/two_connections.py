"""One of two connections dies again and again: nobody notices.

With `connections = 2` the host keeps two sessions with each venue, each with a connection of its
own. Every now and then one connection, chosen at random, is cut off, but never while the other one
is not up. On the bus no book leaves LIVE, no sequence number is missing or comes twice, and every
copy is proven by its checksum. In the end the venue asks for a reconnect, which changes nothing
either.
"""

import random
import time

import bus as messages
import pipeline
import proxy as proxies

SYMBOLS = 3
BOOKS = 2 * SYMBOLS
SETTLED_S = 1.0  # a connection that is up for so long has its books
PAUSE_S = (0.1, 0.7)  # before the next connection dies
REQUEST = '{"event":"bts:request_reconnect","channel":"","data":""}'


def configure(stage, ports):
    return pipeline.changed(
        stage.read("sim.ini"),
        (r"^ca_file = .*$", f"ca_file = {stage.path('proxy.pem')}"),
        (r"^url = .*$", f"url = wss://localhost:{ports['kraken']}/v2\nconnections = 2"),
        (r"^ws_url = .*$", f"ws_url = wss://localhost:{ports['bitstamp']}\nconnections = 2"),
        (r"^rest_url = .*$", f"rest_url = https://localhost:{ports['bitstamp']}/api/v2"))


class Connections:
    """The connections of one venue that subscribe books."""

    def __init__(self, proxy):
        self.proxy = proxy
        self.up_since = {}

    def settled(self):
        now = time.monotonic()
        up = [link for link in list(self.proxy.links) if link.subject and link.is_up]
        self.up_since = {link: self.up_since.get(link, now) for link in up}
        return [link for link, since in self.up_since.items() if now - since >= SETTLED_S]


def kill_at_random(stage, venues, chance):
    """Returns how many connections died."""
    end = time.monotonic() + stage.options.seconds
    n_killed = 0
    while time.monotonic() < end:
        name = chance.choice(sorted(venues))
        connections = venues[name].settled()
        if len(connections) == 2:
            link = chance.choice(connections)
            link.is_up = False
            venues[name].proxy.loop.call_soon_threadsafe(link.close)
            n_killed += 1
        time.sleep(chance.uniform(*PAUSE_S))
    return n_killed


def ask_for_reconnect(stage, host, connections):
    """One session is replaced: a third connection comes, and the old one goes."""
    pipeline.poll(lambda: len(connections.settled()) == 2, stage.limit(90), "both connections are up")
    connections.proxy.send(connections.settled()[0], proxies.frame(REQUEST.encode()))
    host.wait_for(r'msg="session \d+ replaces session \d+', stage.limit(10))
    time.sleep(1)


def expect_never_stale(stage, bus):
    for name, book in bus.books.items():
        states = [state for state, _, _ in book.states]
        stage.expect(states in (["SYNCING", "LIVE"], ["LIVE"]), f"{name}: {book.states}")


def suite(stage):
    stage.simulator("--rate", str(round(200 / stage.slow)))
    certificate = proxies.make_certificate(stage)
    loop = proxies.start_loop()
    venues = {name: Connections(proxies.Proxy(loop, certificate, port, stage.path("ca.pem")))
              for name, port in stage.ports().items()}
    ports = {name: one.proxy.port for name, one in venues.items()}
    brokers = stage.broker()
    host = stage.host(stage.write("host.ini",
                                  pipeline.use_brokers(configure(stage, ports), brokers)))
    bus = messages.attach(stage, brokers)
    pipeline.poll(lambda: bus.count_in("LIVE") == BOOKS, stage.limit(15), "all books LIVE")

    stage.figure("killed", kill_at_random(stage, venues, random.Random(stage.options.seed)))
    ask_for_reconnect(stage, host, venues["bitstamp"])
    stage.expect(bus.count_in("LIVE") == BOOKS, "all books are LIVE in the end")
    bus.snapshot_of(lambda: expect_never_stale(stage, bus))
    stage.expect(host.stop() == 0, "the host ends with 0")
    for name in venues:
        line = host.lines(rf"venue={name} .*copies=\d+ takeovers=")[-1]
        stage.figure(name, line.partition("conflated=")[2].rstrip('"'))
    messages.expect_sound(stage, bus)


if __name__ == "__main__":
    pipeline.main(suite, seconds=60.0, seed=1)
