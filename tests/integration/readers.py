"""The readers of examples/ agree with `arbspot verify`, on the embedded broker.

Three programs that share no code read the same topics at the same time: a healthy system; a script
of sessions, moved books and alive messages, of which some prove nothing; and a copy of the healthy
topic with one message lost, one damaged, one repeated and one foreign. And when the host is killed,
no reader says LIVE three and a half seconds later.

A reader whose Kafka client is not installed is skipped, visibly; `examples/install.sh` installs
both.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import pipeline
import verify

SKIP = 77
EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples")
BOOKS = 6
HEALTHY_S, SCRIPT_S, COPY_S = 3, 5, 2
SAME_WITHIN = 2  # times as many messages, where each begins to read at its own time
SILENT_S = 3.5  # after this long nobody is LIVE
TABLE_WITHIN_S = 3  # a table comes each second
SCRIPTED_STEP_S = 0.25
TURN_S = 3  # into the script its last words are said
SLOW_S = 1.8  # so long one of them took
# The first session that is heard of a venue, and all that it said comes at once. These readers let
# it wait as one that replaces another has to.
FIRST = "first"
SCRIPTED_LIVE = {
    "steady": 1,
    "moves": 1,  # to another partition, where what it says is read first
    "returns": 1,  # its newer session has ended
    "older": 1,  # what the session before says in between changes nothing
    "waited": 0,  # all that its new session said came at once
    "slow": 0,  # what it said last took so long that it counts for a second
    "ends": 0,
    "silent": 0,
}
SESSION = "00000000000000{:02x}"
SCALE = [1, 1]


def python_reader(venv):
    """A command that runs it, or None where its client is not installed."""
    for python in (os.path.join(venv, "bin", "python"), sys.executable):
        if os.path.exists(python) and subprocess.run(
                [python, "-c", "import confluent_kafka"], stderr=subprocess.DEVNULL,
                check=False).returncode == 0:
            return [python, "-B", os.path.join(EXAMPLES, "python", "reader.py")]
    return None


def go_reader(stage):
    """The same; it is built from what is on this machine."""
    directory, program = os.path.join(EXAMPLES, "go"), stage.path("go-reader")
    offline = {**os.environ, "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}
    if shutil.which("go") is None or subprocess.run(
            ["go", "mod", "download"], cwd=directory, env=offline, stderr=subprocess.DEVNULL,
            check=False).returncode != 0:
        return None
    built = subprocess.run(["go", "build", "-o", program, "."], cwd=directory, env=offline,
                           capture_output=True, check=False)
    stage.expect(built.returncode == 0, f"go build: {built.stderr.decode()[:500]}")
    return [program] if built.returncode == 0 else None


def find_readers(stage):
    found = {"python": python_reader(os.path.abspath(stage.options.venv)), "go": go_reader(stage)}
    for name in [name for name, argv in found.items() if argv is None]:
        print(f"SKIP: readers: the {name} reader's client is not installed (examples/install.sh)")
    return {name: argv for name, argv in found.items() if argv is not None}


def tables(text):
    """Each table that was printed to its end: venue -> what is counted, and the last line."""
    found, rows = [], {}
    for line in text.splitlines():
        row = re.fullmatch(r"(\S+)((?: +\d+){5})", line)
        end = re.fullmatch(r"(proven|NOT proven): (\d+) books LIVE, (\d+) not ours", line)
        if row:
            keys = ("books", "live", "messages", "gaps", "crc_mismatches")
            rows[row.group(1)] = dict(zip(keys, map(int, row.group(2).split())))
        elif end:
            found.append({"venues": rows, "live": int(end.group(2)), "not_ours": int(end.group(3))})
            rows = {}
    return found


def read_by_all(stage, readers, brokers, seconds):
    """What each of them and verify says of the next seconds: exit status, and the table."""
    programs = {name: stage.start(f"{name}-{len(stage.programs)}",
                                  [*argv, "--brokers", brokers, "--duration", f"{seconds}s"])
                for name, argv in readers.items()}
    status, report = verify.verify(stage, brokers, seconds)
    venues = {venue["venue"]: venue for venue in report["venues"]}
    answers = {"verify": (status, {"venues": venues, "not_ours": report["not_ours"],
                                   "live": verify.totals(report)["live"]})}
    for name, program in programs.items():
        status = program.wait(stage.limit(10))
        found = tables(program.out())
        stage.expect(len(found) == 1, f"{name} prints one table: {program.out()}")
        answers[name] = status, found[0] if found else {"venues": {}, "live": 0, "not_ours": 0}
    return answers


def picked(answer, *keys):
    return {name: [venue[key] for key in keys] for name, venue in answer["venues"].items()}


def expect_same(stage, answers, what, *keys):
    """All say the same of these, and of what is not ours; returns what verify says."""
    status, wanted = answers.pop("verify")
    for name, (its_status, answer) in answers.items():
        stage.figure(f"{what}.{name}", picked(answer, *keys))
        stage.expect((its_status, answer["not_ours"]) == (status, wanted["not_ours"]),
                     f"{what}: {name} ends with {its_status}, verify with {status}: {answer}")
        differs = {venue: (counted, picked(wanted, *keys).get(venue))
                   for venue, counted in picked(answer, *keys).items()
                   if counted != picked(wanted, *keys).get(venue)}
        stage.expect(not differs, f"{what}: of {keys} {name} and verify say {differs}")
        stage.expect(answer["venues"].keys() == wanted["venues"].keys(),
                     f"{what}: {name} sees {list(answer['venues'])}")
    return status, wanted


def healthy(stage, readers, brokers):
    answers = read_by_all(stage, readers, brokers, HEALTHY_S)
    everything = dict(answers)
    status, wanted = expect_same(stage, answers, "healthy", "books", "live", "gaps",
                                 "crc_mismatches")
    stage.expect(status == 0 and wanted["live"] == BOOKS, f"all is proven: {status} {wanted}")
    for name, (_, answer) in everything.items():
        stage.figure(f"healthy.messages.{name}", picked(answer, "messages"))
        for venue, counted in answer["venues"].items():
            n, n_wanted = counted["messages"], wanted["venues"][venue]["messages"]
            stage.expect(n_wanted / SAME_WITHIN < n < n_wanted * SAME_WITHIN,
                         f"{name} reads {n} messages of {venue}, verify {n_wanted}")


def watchers(stage, readers, brokers):
    """Readers without an end, once each has said that all books are LIVE."""
    programs = {name: stage.start(name + "-watch", [*argv, "--brokers", brokers])
                for name, argv in readers.items()}
    for name, program in programs.items():
        pipeline.poll(lambda out=program.out: any(t["live"] == BOOKS for t in tables(out())),
                      stage.limit(10), f"{name} says that all books are LIVE")
    return programs


def killed(stage, watching, host):
    host.process.kill()
    host.wait(pipeline.STOP_LIMIT_S)
    time.sleep(SILENT_S)
    n_before = {name: len(tables(program.out())) for name, program in watching.items()}
    for name, program in watching.items():
        pipeline.poll(lambda out=program.out, n=n_before[name]: len(tables(out())) > n,
                      stage.limit(TABLE_WITHIN_S), f"{name} prints one more table")
        table = tables(program.out())[n_before[name]]
        stage.expect(table["live"] == 0 and len(table["venues"]) == 2,
                     f"{name} says after {SILENT_S} s of silence: {table}")
        program.stop(signal.SIGTERM)


class Script:
    """Writes messages by hand into partitions of a broker, as hosts would."""

    def __init__(self, stage, brokers):
        self.brokers = brokers
        self.argv = [stage.options.kcat, "-P", "-q", "-b", brokers, "-t", "market-data", "-K", "\\t"]
        self.lines = {}  # partition -> what is not sent yet

    def say(self, partition, key, **members):
        message = {"v": 1, "pub_ns": time.time_ns(), **members}
        self.lines.setdefault(partition, []).append(f"{key}\t{json.dumps(message)}\n")

    def send(self):
        """At once: a kcat that runs on reads a kilobyte before it sends any."""
        for partition, lines in self.lines.items():
            subprocess.run([*self.argv, "-p", str(partition)], input="".join(lines), text=True,
                           check=True, timeout=pipeline.STOP_LIMIT_S)
        self.lines = {}

    def alive(self, partition, venue, session, ago_s=0.0, ends=False):
        """`ago_s`: it was said so long ago. Each session is on a machine of its own."""
        mono_ns = time.monotonic_ns() - round(ago_s * 1e9)
        self.say(partition, venue, type="alive", venue=venue, session=SESSION.format(session),
                 seq=1, mono_ns=mono_ns, host="script/1", ends=ends,
                 boot=f"{venue}{session}".encode().hex().zfill(16)[-16:])

    def book(self, partition, venue, session, kind, seq, **members):
        empty = {} if kind == "status" else {"bids": [], "asks": [], "crc": 0}
        self.say(partition, "A/B", type=kind, venue=venue, symbol="A/B", seq=seq,
                 session=SESSION.format(session), prev=seq - 1, trading="open", scale=SCALE,
                 verified="verified", venue_ns=0, recv_ns=time.time_ns(),
                 **{"state": "LIVE", **empty, **members})


def first_words(script):
    """What is there before anybody reads: whole books."""
    for venue in (*SCRIPTED_LIVE, FIRST):
        script.book(0, venue, 1, "snapshot", 1)
    script.book(0, "older", 2, "snapshot", 1)
    script.alive(0, "older", 2)
    script.book(0, "returns", 2, "snapshot", 1)
    script.alive(0, "returns", 2)
    script.alive(0, "returns", 2, ends=True)
    script.send()


def last_words(script):
    """What is said once all clocks are known."""
    script.book(1, "moves", 1, "snapshot", 3)
    script.book(0, "older", 1, "delta", 2)
    script.alive(0, "older", 1)
    script.book(0, "returns", 1, "snapshot", 2)  # of the session before, which goes on
    script.book(0, "waited", 2, "snapshot", 1)
    for ago_s in (3, 2, 1, 0):
        script.alive(0, "waited", 2, ago_s)
        script.alive(0, FIRST, 1, ago_s)
    script.alive(0, "slow", 1, SLOW_S)
    script.alive(0, "ends", 1, ends=True)
    script.send()
    time.sleep(SCRIPTED_STEP_S)  # what is in the other partition is read first
    script.book(0, "moves", 1, "status", 2, state="STALE", reason="moved to partition 1")


def talk(script):
    """Who says when that it is alive, while the others read."""
    began = time.monotonic()
    has_said = False
    while time.monotonic() < began + SCRIPT_S + 1:
        age_s = time.monotonic() - began
        for venue, partition in (("steady", 0), ("returns", 0), ("moves", 0), ("moves", 1)):
            script.alive(partition, venue, 1)
        script.alive(0, "older", 2)
        if age_s < TURN_S:
            script.alive(0, "ends", 1)
            script.alive(0, "waited", 1)
        if age_s < TURN_S - SLOW_S:
            script.alive(0, "slow", 1)
        if age_s >= TURN_S and not has_said:
            last_words(script)
            has_said = True
        script.send()
        time.sleep(SCRIPTED_STEP_S)


def scripted(stage, readers):
    script = Script(stage, verify.copy(stage, "script", []))
    first_words(script)
    talker = threading.Thread(target=talk, args=(script,))
    talker.start()
    answers = read_by_all(stage, readers, script.brokers, SCRIPT_S)
    talker.join()
    for name, (_, answer) in answers.items():
        first = answer["venues"].pop(FIRST)
        stage.expect(name == "verify" or first["live"] == 0, f"all that {name} heard had waited")
    _, wanted = expect_same(stage, answers, "scripted", "books", "live", "messages", "gaps",
                            "crc_mismatches")
    live = {name: venue["live"] for name, venue in wanted["venues"].items()}
    stage.expect(live == SCRIPTED_LIVE, f"of the script these are LIVE: {live}")


def copied(stage, readers, lines):
    """A copy of the topic with one fault of each kind, in books of their own."""
    i = verify.find_delta(lines)
    book = {key: verify.message_of(lines[i])[key] for key in ("venue", "symbol")}
    others = [line for line in lines
              if not book.items() <= verify.message_of(line).items()]
    damaged = verify.find_delta(others)
    bad = others[damaged]
    faulty = [verify.with_other_level(line) if line == bad else line
              for line in lines[:i] + lines[i + 1:]]
    first = next(line for line in faulty if "alive" != verify.message_of(line)["type"])
    faulty = [first] + faulty + ['BTC/USD\t{"price":"63000"}']
    brokers = verify.copy(stage, "copy", faulty)
    answers = read_by_all(stage, readers, brokers, COPY_S)
    status, wanted = expect_same(stage, answers, "copied", "books", "live", "messages", "gaps",
                                 "crc_mismatches")
    sums = [sum(venue[key] for venue in wanted["venues"].values())
            for key in ("live", "gaps", "crc_mismatches")]
    stage.expect(status == 1 and sums == [0, 1, 1] and wanted["not_ours"] == 1,
                 f"each fault is found: {status} {wanted}")


def suite(stage):
    readers = find_readers(stage)
    if not readers:
        sys.exit(SKIP)
    stage.simulator("--rate", str(round(50 / stage.slow)))
    brokers = stage.broker()
    config = stage.write("host.ini", pipeline.use_brokers(stage.read("sim.ini"), brokers))
    host = stage.host(config)
    stage.wait_until_live(host, stage.limit(10), kraken=3, bitstamp=3)
    watching = watchers(stage, readers, brokers)
    healthy(stage, readers, brokers)
    killed(stage, watching, host)
    scripted(stage, readers)
    copied(stage, readers, verify.read_lines(stage, brokers)[:verify.COPIED_MAX])


if __name__ == "__main__":
    pipeline.main(suite, venv="build/readers")
