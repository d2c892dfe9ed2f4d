"""[host] isolate = yes: a plugin that crashes or hangs costs its own exchange only.

Beside a healthy venue: one line names plugin, callback, input and signal; the process is started again,
later each time; the other venue never leaves LIVE. SIGTERM ends all processes in order, and none
outlives the parent whatever that dies of.
"""

import os
import re
import signal

import bus as messages
import pipeline

SYMBOLS = 3
BOOKS = 2 * SYMBOLS
AFTER = 300  # messages that go well
END_S = 4
ORPHANS_END_S = 10
DELAYS_S = (1, 2)  # before the first two restarts
HANG_S = 5


def isolated(stage, brokers, source="kafka", **options):
    """The simulator's configuration with processes of their own, and the fixture as Kraken."""
    text = pipeline.use_brokers(stage.read("sim.ini"), brokers)
    if brokers == "embedded":
        text = stage.read("sim.ini")
    plugin = os.path.join(stage.options.fixtures, "troubled.so")
    lines = "".join(f"\n{key} = {value}" for key, value in options.items())
    return pipeline.changed(text, (r"^\[host\]$", "[host]\nisolate = yes"),
                            (r"^\[exchange:kraken\]$", rf"[exchange:kraken]{lines}"),
                            (r"^plugin = kraken$", f"plugin = {plugin}"),
                            (r"^source = .*$", f"source = {source}"))


def start(stage, config, name, *arguments):
    host = stage.start(name, [stage.options.arbspot, "run", "-c", config, *arguments])
    host.wait_for(r"running .*, each exchange and strategy in a process of its own",
                  stage.limit(10))
    return host


def children_of(host):
    return [int(pid) for pid in re.findall(r"runs as process (\d+)", host.err())]


def is_there(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def live(bus, venue):
    return bus.snapshot_of(lambda: sum(book.state == "LIVE" for (name, _), book in
                                       bus.books.items() if name == venue))


def sessions(bus, venue):
    return bus.snapshot_of(lambda: {book.session for (name, _), book in bus.books.items()
                                    if name == venue})


def wait_until_live(stage, bus, other_than=frozenset(), limit_s=20):
    pipeline.poll(lambda: live(bus, "kraken") == SYMBOLS and live(bus, "bitstamp") == SYMBOLS and
                  not sessions(bus, "kraken") & other_than, stage.limit(limit_s), "all books LIVE")
    return sessions(bus, "kraken")


def expect_other_undisturbed(stage, bus, what):
    """Bitstamp was LIVE once for each session, and never anything else behind it."""
    states = bus.snapshot_of(lambda: {name: [state for state, _, _ in book.states]
                                      for name, book in bus.books.items()
                                      if name[0] == "bitstamp"})
    stage.expect(all(list_[-1] == "LIVE" and list_.count("LIVE") == 1 for list_ in states.values()),
                 f"{what}: the other venue never leaves LIVE: {states}")


def expect_end(stage, host, what, status=0):
    children = children_of(host)
    stage.expect_end(host, what, status, END_S)
    left = [pid for pid in children if is_there(pid)]
    stage.expect(not left, f"{what}: processes left behind: {left}")


def crashes(stage, brokers):
    """SIGSEGV, again and again."""
    config = stage.write("crash.ini", isolated(stage, brokers, trouble="segv", after=AFTER))
    host = start(stage, config, "crash")
    bus = messages.attach(stage, brokers)
    before = wait_until_live(stage, bus)
    for section in ("exchange:kraken", "exchange:bitstamp"):
        host.wait_for(rf'level=info section={section} msg="running ', stage.limit(2))
    for count, delay_s in enumerate(DELAYS_S, 1):
        line = host.wait_for(r".*venue=kraken .*on_message\(\) of plugin troubled crashed: SIGSEGV, "
                             r"it used memory that is not its own; its input begins: \{.*",
                             stage.limit(30), count).group(0)
        stage.expect(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z level=error venue=kraken "
                              r'msg="on_message', line), f"crash: a line like any other: {line}")
        host.wait_for(rf"venue=kraken .*process \d+ ended by signal 11 \(.*\); it is started "
                      rf"again in {delay_s} s", stage.limit(2))
        before |= wait_until_live(stage, bus, before)
    expect_other_undisturbed(stage, bus, "crash")
    stage.expect(len(children_of(host)) == 3 + len(DELAYS_S), "crash: only one was started again")
    expect_end(stage, host, "crash")
    messages.expect_sound(stage, bus)
    pipeline.poll(lambda: bus.count_in("STALE") == BOOKS, stage.limit(3),
                  "crash: the last word of every book is STALE")


def hangs(stage, brokers):
    """Its own watchdog ends the process."""
    config = stage.write("hang.ini", isolated(stage, brokers, trouble="loop", after=AFTER))
    host = start(stage, config, "hang")
    bus = messages.attach(stage, brokers)
    old = sessions(bus, "kraken")
    before = wait_until_live(stage, bus, old)
    host.wait_for(r"venue=kraken .*on_message\(\) of plugin troubled hangs", stage.limit(25))
    pipeline.poll(lambda: live(bus, "kraken") == 0, stage.limit(1), "STALE on the bus")
    host.wait_for(r"venue=kraken .*left behind: on_message\(\) of plugin troubled",
                  stage.limit(5))
    host.wait_for(r"venue=kraken .*process \d+ ended with status 1; it is started again in 1 s",
                  stage.limit(3))
    wait_until_live(stage, bus, before | old)
    stage.expect(live(bus, "bitstamp") == SYMBOLS, "hang: the other venue is LIVE")
    expect_end(stage, host, "hang")


def stopped(stage, brokers):
    """A process that does nothing at all any more, its watchdog included."""
    config = stage.write("stopped.ini", isolated(stage, brokers))
    host = start(stage, config, "stopped")
    pid = int(host.wait_for(r"venue=kraken .*runs as process (\d+)", stage.limit(3)).group(1))
    host.wait_for(r'venue=kraken msg="3 of 3 books are live', stage.limit(20))
    os.kill(pid, signal.SIGSTOP)
    host.wait_for(rf"venue=kraken .*process {pid} gives no sign of life for 10 s: it is killed",
                  stage.limit(15))
    host.wait_for(r"venue=kraken .*runs as process", stage.limit(5), 2)
    expect_end(stage, host, "stopped")


def killed(stage, brokers):
    """kill -9 of the parent: nobody is left."""
    config = stage.write("killed.ini", isolated(stage, brokers))
    host = start(stage, config, "killed")
    host.wait_for(r'venue=kraken msg="3 of 3 books are live', stage.limit(20))
    children = children_of(host)
    stage.expect(len(children) == 3 and all(is_there(pid) for pid in children),
                 f"killed: three processes run: {children}")
    host.stop(signal.SIGKILL)
    pipeline.poll(lambda: not [pid for pid in children if is_there(pid)],
                  stage.limit(ORPHANS_END_S), "no process outlives its parent")
    stage.expect(len(host.lines('msg="stopping"')) == 3, "killed: each of them stops in order")


def embedded(stage):
    """The broker is the parent's, and it prints what the strategy finds."""
    host = start(stage, stage.write("embedded.ini", isolated(stage, "embedded")), "embedded",
                 "--print")
    brokers = stage.embedded_brokers(host)
    bus = messages.attach(stage, brokers)
    wait_until_live(stage, bus)
    pipeline.poll(lambda: host.out().count("\n") > 1, stage.limit(30), "opportunities are printed")
    expect_end(stage, host, "embedded")
    messages.expect_sound(stage, bus)


def only(stage, brokers):
    """One section by hand, and what cannot be."""
    config = stage.write("only.ini", isolated(stage, brokers))
    host = stage.start("only", [stage.options.arbspot, "run", "-c", config, "--only",
                                "exchange:bitstamp"])
    host.wait_for(r'venue=bitstamp msg="3 of 3 books are live', stage.limit(20))
    stage.expect(not host.lines("kraken|strategy="), "only: nothing else runs")
    stage.expect(host.stop() == 0, "only: exit status 0")
    for section, why in (("exchange:krakn", "did you mean 'kraken'"),
                         ("strategy:x", "no such section"), ("bitstamp", "takes exchange:NAME")):
        answer = stage.call("run", "-c", config, "--only", section)
        stage.expect(answer.returncode == 78 and why in answer.stderr.decode(),
                     f"--only {section}: {answer}")


def direct(stage, brokers):
    """A strategy that reads exchanges of its own process cannot be in another."""
    config = stage.write("direct.ini", isolated(stage, brokers, source="direct"))
    answer = stage.call("check", "-c", config)
    line = 1 + stage.read("direct.ini").splitlines().index("source = direct")
    stage.expect(answer.returncode == 78 and
                 answer.stderr.decode().startswith(f"direct.ini:{line}: ") or
                 f"direct.ini:{line}: " in answer.stderr.decode(), f"direct: {answer}")


def suite(stage):
    stage.simulator("--divergence-every", "1s")
    brokers = stage.broker()
    crashes(stage, brokers)
    hangs(stage, brokers)
    stopped(stage, brokers)
    killed(stage, brokers)
    embedded(stage)
    only(stage, brokers)
    direct(stage, brokers)


if __name__ == "__main__":
    pipeline.main(suite)
