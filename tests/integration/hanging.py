"""Plugins whose callbacks take long or never return, beside one that is well.

What is promised: one line names plugin, callback and input; the books of a venue that hangs are STALE
on the bus although its own thread cannot say so; the other venue never leaves LIVE; when the
callback returns after all, the chain of each book goes on without a hole; and the first signal ends
the host in time, with everything else ended properly and exit status 1.
"""

import os
import signal
import time

import bus as messages
import pipeline

SYMBOLS = 3
BOOKS = 2 * SYMBOLS
AFTER = 250  # messages, which come in more than the two seconds that a host waits for the one before
HANG_S = 5  # as the watchdog has it
LATER_S = HANG_S + 3  # sleeps so long
NOTICED_S = HANG_S + 2
STALE_S = 0.5  # from the line to the bus
END_S = 2 + 2  # the host's patience, and some time for the rest
SLOW_S = 1
HANGS = r"venue=kraken .*on_message\(\) of plugin troubled hangs: it has not returned for 5 s; " \
        r"its input begins: \{"


def troubled(stage, brokers, **options):
    """The simulator's configuration with the fixture in Kraken's place."""
    text = pipeline.use_brokers(stage.read("sim.ini"), brokers)
    plugin = os.path.join(stage.options.fixtures, "troubled.so")
    lines = "".join(f"\n{key} = {value}" for key, value in options.items())
    return pipeline.changed(text, (r"^\[exchange:kraken\]$",
                                   rf"[exchange:kraken]{lines}"),
                            (r"^plugin = kraken$", f"plugin = {plugin}"))


def start(stage, brokers, name, **options):
    return stage.host(stage.write(f"{name}.ini", troubled(stage, brokers, **options)), name=name)


class Run:
    """The books of the newest session on the bus."""

    def __init__(self, stage, brokers):
        self.bus = messages.attach(stage, brokers)
        self.stage = stage
        self.session = None

    def states(self, venue):
        return self.bus.snapshot_of(lambda: [book.state for (name, _), book in
                                             self.bus.books.items()
                                             if name == venue and book.session == self.session])

    def forget(self):
        """What comes next is of a host that is to be started."""
        self.bus.snapshot_of(lambda: self.bus.books.clear())
        self.session = None

    def wait_until_live(self):
        def is_live():
            sessions = {book.session for book in self.bus.books.values()}
            self.session = max(sessions, default=None)
            return sum(book.state == "LIVE" and book.session == self.session
                       for book in self.bus.books.values()) == BOOKS
        pipeline.poll(lambda: self.bus.snapshot_of(is_live), self.stage.limit(15), "all LIVE")

    def wait_for(self, state, limit_s):
        pipeline.poll(lambda: self.states("kraken") == [state] * SYMBOLS, self.stage.limit(limit_s),
                      f"the books of the venue that hangs are {state}")

    def expect_other_venue_live(self, what):
        left = self.bus.snapshot_of(lambda: [
            book.states for (venue, _), book in self.bus.books.items()
            if venue == "bitstamp" and ("LIVE" in [state for state, _, _ in book.states]) and
            book.state != "LIVE"])
        self.stage.expect(not left, f"{what}: the other venue stays LIVE: {left}")


def expect_end(stage, host, what, status=1):
    stage.expect_end(host, what, status, END_S)


def for_ever(stage, brokers, run):
    """It never returns."""
    run.forget()
    host = start(stage, brokers, "loop", trouble="loop", after=AFTER)
    run.wait_until_live()
    host.wait_for(HANGS, stage.limit(AFTER / 10 + NOTICED_S))
    run.wait_for("STALE", STALE_S)
    reasons = run.bus.snapshot_of(lambda: {book.states[-1][1] for (venue, _), book in
                                           run.bus.books.items() if venue == "kraken"})
    stage.expect(reasons == {"the plugin hangs in on_message()"}, f"the reason: {reasons}")
    run.expect_other_venue_live("loop")
    expect_end(stage, host, "loop")
    stage.expect(len(host.lines(r"venue=kraken .*left behind: on_message\(\) of plugin troubled "
                                r"does not return")) == 1, "loop: the log says who was left")
    pipeline.poll(lambda: run.bus.count_in("STALE") == BOOKS, stage.limit(3),
                  "loop: the last word of every book is STALE")


def signal_before(stage, brokers, run):
    """The signal comes before the watchdog has noticed anything."""
    run.forget()
    host = start(stage, brokers, "early", trouble="loop", after=AFTER)
    run.wait_until_live()
    pipeline.poll(lambda: is_silent(run), stage.limit(AFTER / 10), "it hangs")
    expect_end(stage, host, "early")
    pipeline.poll(lambda: run.bus.count_in("STALE") == BOOKS, stage.limit(3),
                  "early: the last word of every book is STALE")


def is_silent(run):
    """No message of the venue for a second; it sends some twenty a second and book."""
    def newest():
        return sum(book.n_messages for (venue, _), book in run.bus.books.items()
                   if venue == "kraken")
    before = run.bus.snapshot_of(newest)
    time.sleep(1)
    return run.bus.snapshot_of(newest) == before


def returns(stage, brokers, run):
    """It returns after all: the books come back, and no number is missing or there twice."""
    run.forget()
    host = start(stage, brokers, "later", trouble="sleep", after=AFTER, sleep_ms=LATER_S * 1000)
    run.wait_until_live()
    host.wait_for(HANGS, stage.limit(AFTER / 10 + NOTICED_S))
    run.wait_for("STALE", STALE_S)
    host.wait_for(r"venue=kraken .*on_message\(\) of plugin troubled has returned after \d+ s",
                  stage.limit(LATER_S))
    run.wait_for("LIVE", 5)
    run.expect_other_venue_live("later")
    expect_end(stage, host, "later", status=0)


def slow(stage, brokers, run):
    """A second is only worth a line."""
    run.forget()
    host = start(stage, brokers, "slow", trouble="sleep", after=AFTER // 5, where="on_timer",
                 sleep_ms=SLOW_S * 1000)
    run.wait_until_live()
    host.wait_for(r"venue=kraken .*on_timer\(\) of plugin troubled took (1\.\d|0\.9) s",
                  stage.limit(AFTER / 5))
    run.expect_other_venue_live("slow")
    expect_end(stage, host, "slow", status=0)


def in_init(stage, brokers, run):
    """A venue that hangs from the start holds up nobody else."""
    run.forget()
    text = pipeline.changed(troubled(stage, brokers, trouble="loop", where="init",
                                     rehearsed=stage.path("venue_rehearsed")),
                            # Or the symbols would wait for the catalog of the one that hangs.
                            (r"^\[host\]$", "[host]\npx_scale = 5\nqty_scale = 8"))
    config = stage.write("init.ini", text)
    host = stage.start("init", [stage.options.arbspot, "run", "-c", config])
    host.wait_for(r"venue=kraken .*init\(\) of plugin troubled hangs", stage.limit(NOTICED_S))
    host.wait_for(r'msg="running', stage.limit(1))
    stage.wait_until_live(host, stage.limit(5), bitstamp=SYMBOLS)
    expect_end(stage, host, "init")


def strategy(stage, brokers, run):
    """A strategy that hangs is named, costs no venue anything, and is left behind at the end."""
    run.forget()
    text = pipeline.use_brokers(stage.read("sim.ini"), brokers)
    plugin = os.path.join(stage.options.fixtures, "troubled_strategy.so")
    text += f"\n[strategy:bad]\nplugin = {plugin}\ntrouble = loop\nwhere = on_market\nafter = 10\n"
    host = stage.host(stage.write("strategy.ini", text), name="strategy")
    run.wait_until_live()
    host.wait_for(r"strategy=bad .*on_market\(\) of plugin troubled_strategy hangs.*"
                  r"its input begins: \w+/USD", stage.limit(NOTICED_S + 2))
    run.expect_other_venue_live("strategy")
    stage.expect(run.states("kraken") == ["LIVE"] * SYMBOLS, "strategy: every venue stays LIVE")
    expect_end(stage, host, "strategy")
    stage.expect(len(host.lines("strategy=bad .*left behind")) == 1, "strategy: said at the end")
    pipeline.poll(lambda: run.bus.count_in("STALE") == BOOKS, stage.limit(3),
                  "strategy: the last word of every book is STALE")


def strategy_init(stage, brokers):
    """Before anything runs, a signal need not wait for anybody."""
    plugin = os.path.join(stage.options.fixtures, "troubled_strategy.so")
    text = (f"[kafka]\nbrokers = {brokers}\n[strategy:bad]\nplugin = {plugin}\n"
            f"trouble = loop\nwhere = init\nrehearsed = {stage.path('strategy_rehearsed')}\n")
    host = stage.start("strategy_init", [stage.options.arbspot, "run", "-c",
                                         stage.write("strategy_init.ini", text)])
    host.wait_for(r"strategy=bad .*init\(\) of plugin troubled_strategy hangs",
                  stage.limit(NOTICED_S + 5))
    started = time.monotonic()
    stage.expect(host.stop(signal.SIGTERM) == 1, "strategy_init: exit status 1")
    stage.expect(time.monotonic() - started < stage.limit(8), "strategy_init: ends in time")


def in_fini(stage, brokers, run):
    """When everything is told and closed, a fini() is not waited for longer than a callback."""
    run.forget()
    host = start(stage, brokers, "fini", trouble="loop", where="fini",
                 rehearsed=stage.path("fini_rehearsed"))
    run.wait_until_live()
    expect_end(stage, host, "fini")
    stage.expect(len(host.lines(r"venue=kraken .*left behind: fini\(\) of plugin troubled does not "
                                r"return, all else is ended properly")) == 1,
                 "fini: the log says who was left")
    stage.expect(not host.lines("without telling"), "fini: everybody was told")
    pipeline.poll(lambda: run.bus.count_in("STALE") == BOOKS, stage.limit(3),
                  "fini: the last word of every book is STALE")


def exits(stage, brokers, run):
    """exit(0) in a callback is a crash: it is named, and no success."""
    for where in ("on_message", "fini"):
        run.forget()
        when = {"rehearsed": stage.path("exit_rehearsed")} if where == "fini" else {"after": AFTER}
        host = start(stage, brokers, f"exit_{where}", trouble="exit", where=where, **when)
        run.wait_until_live()
        if where == "fini":
            host.send(signal.SIGTERM)
        status = host.wait(stage.limit(AFTER / 10 + NOTICED_S))
        stage.expect(status == 1, f"exit in {where}: status {status} instead of 1")
        lines = host.lines(rf"venue=kraken .*{where}\(\) of plugin troubled called exit\(0\): ")
        stage.expect(len(lines) == 1, f"exit in {where}: one line: {lines}")


def suite(stage):
    stage.simulator("--divergence-every", "1s")
    brokers = stage.broker()
    run = Run(stage, brokers)
    for_ever(stage, brokers, run)
    signal_before(stage, brokers, run)
    returns(stage, brokers, run)
    slow(stage, brokers, run)
    in_init(stage, brokers, run)
    in_fini(stage, brokers, run)
    exits(stage, brokers, run)
    strategy(stage, brokers, run)
    strategy_init(stage, brokers)
    messages.expect_sound(stage, run.bus)


if __name__ == "__main__":
    pipeline.main(suite)
