"""One digit of one Kraken book arrives wrong: that book says so at once, and no other does.

The digit is in the best ten levels, which the venue's checksum covers. The book is STALE on the bus
before any opportunity rests on it, it alone is asked for anew, and it is LIVE again. The other
symbols of the venue, on the same connection, never leave LIVE.
"""

import pipeline
import bus as messages

SYMBOLS = 3
BOOKS = 2 * SYMBOLS
DAMAGED = "kraken", "BTC/USD"
DAMAGED_AT_S = 2, 5, 9  # a resync that follows another one waits, for 1 s, then 2 s
N_DAMAGES = len(DAMAGED_AT_S)
FAULTS = ",".join(f"kraken:corrupt=BTC/USD@{at}s" for at in DAMAGED_AT_S)


def states_of(book):
    return [state for state, _, _ in book.states]


def expect_damage_of_one(stage, bus):
    for name, book in bus.books.items():
        states = states_of(book)
        if name != DAMAGED:
            stage.expect(states in (["SYNCING", "LIVE"], ["LIVE"]), f"{name}: {book.states}")
            continue
        stale = [reason for state, reason, _ in book.states if state == "STALE"]
        stage.expect(stale == ["the venue's checksum does not match"] * N_DAMAGES,
                     f"{name}: {book.states}")
        down = [(ns, book.states[i + 2][2]) for i, (state, _, ns) in enumerate(book.states)
                if state == "STALE"]
        stage.figure("live_again_ms", " ".join(f"{(live - ns) / 1e6:.1f}" for ns, live in down))


def count_healed(bus):
    return states_of(bus.books[DAMAGED]).count("LIVE") - 1


def suite(stage):
    # Books of ten levels, so that there is no digit that the checksum does not cover.
    stage.simulator("--depth", "10", "--rate", "50", "--divergence-every", "500ms", "--faults", FAULTS)
    host = stage.host("sim.ini")
    bus = messages.attach(stage, stage.embedded_brokers(host))
    pipeline.poll(lambda: bus.count_in("LIVE") == BOOKS, stage.limit(10), "all books LIVE")
    pipeline.poll(lambda: bus.snapshot_of(lambda: count_healed(bus)) == N_DAMAGES,
                  DAMAGED_AT_S[-1] + stage.limit(5), f"{N_DAMAGES} damages healed")
    stage.expect(bus.count_in("LIVE") == BOOKS, "all books are LIVE in the end")
    bus.snapshot_of(lambda: expect_damage_of_one(stage, bus))
    stage.figure("opportunities", len(bus.opportunities))
    stage.expect(bus.opportunities, "opportunities, none of which rests on a dead book")
    stage.expect(host.stop() == 0, "the host ends with 0")
    messages.expect_sound(stage, bus)


if __name__ == "__main__":
    pipeline.main(suite)
