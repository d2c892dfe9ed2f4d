"""The simulator is killed and started again: consumers are told, and nothing dead gets through.

After the kill every book is STALE on the bus; until its snapshot of the restarted market nothing
but status messages comes; the sequence of each book has no gap; no opportunity rests on a book that
is not LIVE, and none stays open.
"""

import signal
import time

import bus as messages
import pipeline

SYMBOLS = 3
BOOKS = 2 * SYMBOLS
DEAD_S = 2  # how long the venues are gone
ALIVE_S = 3  # how long books are watched once they are back


def kill(stage, sim, bus):
    """Returns when that was, once every book is STALE."""
    killed_ns = time.time_ns()
    sim.send(signal.SIGKILL)
    sim.wait(5)
    pipeline.poll(lambda: bus.count_in("STALE") == BOOKS, stage.limit(5), "all books STALE")
    stage.figure("stale_after_ms", (time.time_ns() - killed_ns) // 1_000_000)
    return killed_ns


def start_again(stage, bus, ports):
    started_ns = time.time_ns()
    stage.simulator(*stage.options.market, "--kraken-port", ports["kraken"],
                    "--bitstamp-port", ports["bitstamp"], name="sim2")
    pipeline.poll(lambda: bus.count_in("LIVE") == BOOKS, stage.limit(20), "all books LIVE again")
    stage.figure("live_after_ms", (time.time_ns() - started_ns) // 1_000_000)
    return started_ns


def expect_life(stage, bus, killed_ns, started_ns):
    """Each book's states: SYNCING, LIVE, then down, then SYNCING and LIVE for the second time."""
    for name, book in bus.books.items():
        states = [(state, ns) for state, _, ns in book.states]
        lives = [ns for state, ns in states if state == "LIVE"]
        stale = [ns for state, ns in states if state == "STALE"]
        stage.expect(len(lives) == 2, f"{name} is LIVE twice: {states}")
        stage.expect(len(stale) >= 1 and stale[0] >= killed_ns, f"{name} gets STALE: {states}")
        stage.expect(lives[-1] >= started_ns, f"{name} is LIVE before the restart: {states}")
        dead = [ns for ns, _ in book.history if killed_ns < ns < started_ns]
        stage.expect(not dead, f"{name}: levels that no venue published at {dead}")


def open_opportunities(bus):
    is_open = {}
    for message in bus.opportunities:
        is_open[message["session"], message["id"]] = message["event"] != "close"
    return sum(is_open.values())


def suite(stage):
    stage.options.market = ("--divergence-every", "1s")
    sim = stage.simulator(*stage.options.market)
    ports = stage.ports()
    host = stage.host("sim.ini")
    bus = messages.attach(stage, stage.embedded_brokers(host), keeps_history=True)
    pipeline.poll(lambda: bus.count_in("LIVE") == BOOKS, stage.limit(10), "all books LIVE")
    pipeline.poll(lambda: bus.opportunities, stage.limit(20), "an opportunity")

    killed_ns = kill(stage, sim, bus)
    pipeline.poll(lambda: open_opportunities(bus) == 0, stage.limit(5), "no opportunity open")
    n_before = len(bus.opportunities)
    time.sleep(DEAD_S)
    stage.expect(len(bus.opportunities) == n_before, "no opportunity while the venues are gone")

    started_ns = start_again(stage, bus, ports)
    pipeline.poll(lambda: len(bus.opportunities) > n_before, stage.limit(20), "an opportunity")
    time.sleep(ALIVE_S)
    stage.expect(host.stop() == 0, "the host ends with 0")
    # What it says at its very end, the suite `shutdown` looks at.
    for book in bus.books.values():
        if book.states[-1][0] == "STALE" and book.states[-1][1] == "the host stops":
            book.states.pop()
    expect_life(stage, bus, killed_ns, started_ns)
    messages.expect_sound(stage, bus)


if __name__ == "__main__":
    pipeline.main(suite)
