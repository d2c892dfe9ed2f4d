"""Every way to end: signals, a closed terminal, readers of stdout and stderr that are slow or gone.

`run` ends as it does with SIGTERM: STALE is each book's last word, no opportunity stays open, exit
status 0. log, verify and replay end promptly. A second signal ends any of them at once.
"""

import fcntl
import os
import pty
import signal
import subprocess
import termios
import time

import bus as messages
import pipeline

SYMBOLS = 3
BOOKS = 2 * SYMBOLS
PROMPT_S = 1
END_S = 3  # `run`, with a broker that answers
ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
SMALLEST_PIPE = 4096
AT_ONCE_GAP_S = 0.3  # between two signals: two wishes
STUCK_S = 2 + 1  # the commands' own limit, and some time to start with


class Piped(pipeline.Program):
    """A program whose stdout or stderr is what the suite gives it."""

    def __init__(self, name, argv, directory, **streams):
        self.name = name
        self.out_path = os.path.join(directory, name + ".out")
        self.err_path = os.path.join(directory, name + ".err")
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(
                argv, cwd=directory, **{"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err,
                                        **streams})


def start_piped(stage, name, argv, **streams):
    program = Piped(name, argv, stage.directory, **streams)
    stage.programs.append(program)
    return program


def arbspot(stage, *arguments):
    return [stage.options.arbspot, *arguments]


def ends(stage, program, limit_s, status, what):
    """Expects it to end within the limit, with this status unless that is None."""
    started = time.monotonic()
    got = program.wait(stage.limit(pipeline.STOP_LIMIT_S))
    took = time.monotonic() - started
    stage.figure(f"{program.name}.seconds", f"{took:.2f}")
    stage.expect(took < stage.limit(limit_s), f"{what}: took {took:.1f} s")
    stage.expect(status is None or got == status, f"{what}: exit status {got} instead of {status}")


def is_live_again(bus, sessions):
    """All books of a host that was started after `sessions` were seen."""
    return len(bus.books) == BOOKS and all(
        book.state == "LIVE" and book.session not in sessions for book in bus.books.values())


def wait_until_live(stage, bus, sessions):
    pipeline.poll(lambda: bus.snapshot_of(lambda: is_live_again(bus, sessions)), stage.limit(15),
                  "all books LIVE on the bus")


def sessions_of(bus):
    return bus.snapshot_of(lambda: {book.session for book in bus.books.values()})


def expect_all_said(stage, bus, what):
    """STALE is the last word of each book, and nothing is left open."""
    pipeline.poll(lambda: bus.count_in("STALE") == BOOKS, stage.limit(3),
                  f"{what}: each book's last word is STALE")
    events = bus.snapshot_of(lambda: {(message["session"], message["id"]): message["event"]
                                      for message in bus.opportunities})
    stage.expect(set(events.values()) <= {"close"}, f"{what}: no opportunity is left open")


def signals(stage, config, bus):
    for number in ENDING:
        name = f"run.{number.name}"
        before = sessions_of(bus)
        host = stage.host(config, name=name)
        wait_until_live(stage, bus, before)
        host.send(number)
        ends(stage, host, END_S, 0, name)
        stage.expect(len(host.lines('msg="stopping"')) == 1, f"{name}: says that it stops")
        expect_all_said(stage, bus, name)


def nohup(stage, config, bus):
    """SIGHUP that was ignored at the start stays so."""
    before = sessions_of(bus)
    host = start_piped(stage, "run.nohup", arbspot(stage, "run", "-c", config),
                       preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    wait_until_live(stage, bus, before)
    host.send(signal.SIGHUP)
    time.sleep(PROMPT_S)
    stage.expect(host.is_running(), "nohup: the host goes on")
    host.send(signal.SIGTERM)
    ends(stage, host, END_S, 0, "nohup, then SIGTERM")


def terminal(stage, config, bus):
    """The terminal is closed: everything on it gets SIGHUP and cannot write any more."""
    before = sessions_of(bus)
    ours, theirs = pty.openpty()

    def sit_at_it():
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    host = start_piped(stage, "run.terminal", arbspot(stage, "run", "-c", config, "--print"),
                       stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=sit_at_it)
    os.close(theirs)
    # Its screen is read until then: a terminal that takes nothing is another test.
    os.set_blocking(ours, False)

    def is_live():
        try:
            os.read(ours, 65536)
        except BlockingIOError:
            pass
        return bus.snapshot_of(lambda: is_live_again(bus, before))

    pipeline.poll(is_live, stage.limit(15), "all books LIVE on the bus")
    os.close(ours)
    ends(stage, host, END_S, 0, "closed terminal")
    expect_all_said(stage, bus, "closed terminal")


def gone(stage, config, bus, stream):
    """The reader of stdout or stderr has gone: the host goes on, and ends when asked to."""
    what = f"run, {stream} closed"
    before = sessions_of(bus)
    reading, writing = os.pipe()
    host = start_piped(stage, f"run.gone.{stream}", arbspot(stage, "run", "-c", config, "--print"),
                       **{stream: writing})
    os.close(writing)
    os.close(reading)
    wait_until_live(stage, bus, before)
    n_before = len(bus.opportunities)
    pipeline.poll(lambda: len(bus.opportunities) > n_before, stage.limit(20), f"{what}: goes on")
    if stream == "stdout":
        stage.expect(len(host.lines("opportunities are no longer printed")) == 1,
                     f"{what}: one line says so")
    host.send(signal.SIGTERM)
    ends(stage, host, END_S, 0, what)
    expect_all_said(stage, bus, what)


def fill(writing):
    os.set_blocking(writing, False)
    n_bytes = 0
    try:
        while True:
            n_bytes += os.write(writing, b"x" * 512)
    except BlockingIOError:
        os.set_blocking(writing, True)
    return n_bytes


def full(stage, config, bus):
    """Nobody reads what is in the pipes: the data goes its way, and the host ends in time."""
    before = sessions_of(bus)
    pipes = {stream: os.pipe() for stream in ("stdout", "stderr")}
    for _, writing in pipes.values():
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, SMALLEST_PIPE)
        filled = fill(writing)
    host = start_piped(stage, "run.full", arbspot(stage, "run", "-c", config, "--print"),
                       **{stream: writing for stream, (_, writing) in pipes.items()})
    wait_until_live(stage, bus, before)
    reading = pipes["stderr"][0]
    os.read(reading, filled)  # room for one line more
    host.send(signal.SIGTERM)
    ends(stage, host, END_S, 0, "run, stdout and stderr full")
    expect_all_said(stage, bus, "run, stdout and stderr full")
    for _, writing in pipes.values():
        os.close(writing)
    told = os.read(reading, 65536).decode()
    stage.expect("lines are missing here" in told, f"the log says that lines are missing: {told}")
    for reading, _ in pipes.values():
        os.close(reading)


def long_commands(stage, brokers):
    return {"log": (arbspot(stage, "log", "-b", brokers), 0),
            "verify": (arbspot(stage, "verify", "-b", brokers, "-d", "5m"), None)}


def readers(stage, brokers):
    """log and verify: one signal of any kind, and stdout closed."""
    for command, (argv, status) in long_commands(stage, brokers).items():
        for number in ENDING:
            program = stage.start(f"{command}.{number.name}", argv)
            time.sleep(PROMPT_S / 2)
            program.send(number)
            ends(stage, program, PROMPT_S, status, program.name)
            if command == "verify":
                stage.expect("books," in program.out(), "verify says what was found so far")
        reading, writing = os.pipe()
        program = start_piped(stage, f"{command}.gone", argv, stdout=writing)
        os.close(writing)
        time.sleep(PROMPT_S / 2)
        os.close(reading)
        ends(stage, program, PROMPT_S, 1, f"{command}, stdout closed")


def at_once(stage, broker, brokers):
    """A broker that hangs: one signal and the limit, or two signals."""
    broker.send(signal.SIGSTOP)
    try:
        for command, (argv, _) in long_commands(stage, brokers).items():
            once = stage.start(f"{command}.once", argv)
            twice = stage.start(f"{command}.twice", argv)
            time.sleep(PROMPT_S / 2)
            once.send(signal.SIGTERM)
            twice.send(signal.SIGTERM)
            time.sleep(AT_ONCE_GAP_S)
            twice.send(signal.SIGINT)
            ends(stage, twice, PROMPT_S, None, f"{command}, two signals")
            ends(stage, once, STUCK_S, None, f"{command}, stuck")
    finally:
        broker.send(signal.SIGCONT)


def replay(stage):
    """A filter like any other: a signal or a closed stdout ends it."""
    recording = os.path.join(stage.options.data, "crossbook/kraken_btcusd_l2.cbcap")
    argv = arbspot(stage, "replay", "--plugin", os.path.join(stage.options.plugins, "kraken.so"),
                   "--symbols", "BTC/USD", *[recording] * 200)
    reading, writing = os.pipe()
    program = start_piped(stage, "replay.gone", argv, stdout=writing)
    os.close(writing)
    os.read(reading, 1)
    os.close(reading)
    ends(stage, program, PROMPT_S, 1, "replay, stdout closed")
    for number in ENDING:
        reading, writing = os.pipe()
        program = start_piped(stage, f"replay.{number.name}", argv, stdout=writing)
        os.close(writing)
        os.read(reading, 1)
        program.send(number)
        ends(stage, program, PROMPT_S, -number, program.name)
        os.close(reading)


def short_commands(stage, config, brokers):
    """What could not be printed is no success."""
    recording = os.path.join(stage.options.data, "crossbook/kraken_btcusd_sample.cbcap")
    kraken = os.path.join(stage.options.plugins, "kraken.so")
    commands = (("--help",), ("run", "--help"), ("replay", "--help"), ("inspect", "kraken"),
                ("check", "-c", config),
                ("verify", "--brokers", brokers, "--duration", "100ms"),
                ("verify", "--brokers", brokers, "--duration", "100ms", "--json"),
                ("log", "--brokers", brokers, "-f", "-n", "1"),
                ("log", "--brokers", brokers, "-f", "-n", "1", "--json"),
                ("replay", "--plugin", kraken, "--symbols", "BTC/USD", "--set", "depth=25",
                 recording))
    for arguments in commands:
        with open("/dev/full", "wb") as disk:
            answer = subprocess.run(arbspot(stage, *arguments), stdout=disk, check=False,
                                    stderr=subprocess.PIPE, timeout=stage.limit(20))
        stage.expect(answer.returncode == 1 and
                     b": stdout cannot be written to" in answer.stderr,
                     f"{arguments} on a full disk: {answer.returncode}: {answer.stderr}")
        answer = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *arbspot(stage, *arguments)],
                                check=False, stderr=subprocess.PIPE, timeout=stage.limit(20))
        stage.expect(answer.returncode == 1 and b": stdout is closed" in answer.stderr,
                     f"{arguments} without stdout: {answer.returncode}: {answer.stderr}")


def full_disk(stage, config, bus):
    """`run --print` goes on without printing, and says in the end that something was not done."""
    with open("/dev/full", "wb") as disk, open(stage.path("run.full_disk.err"), "wb") as log:
        host = subprocess.Popen(arbspot(stage, "run", "-c", config, "--print"), stdout=disk,
                                stderr=log, stdin=subprocess.DEVNULL)
    def is_said():
        return "opportunities are no longer printed" in stage.read("run.full_disk.err")
    try:
        pipeline.poll(is_said, stage.limit(20), "the host says that its disk is full")
    finally:
        host.send_signal(signal.SIGINT)
        status = host.wait(stage.limit(20))
    stage.expect(status == 1, f"run --print on a full disk: exit status {status}")
    expect_all_said(stage, bus, "run, disk full")


def suite(stage):
    stage.simulator("--divergence-every", "1s")
    brokers = stage.broker()
    broker = stage.programs[-1]
    config = stage.write("host.ini", pipeline.use_brokers(stage.read("sim.ini"), brokers))
    bus = messages.attach(stage, brokers)
    signals(stage, config, bus)
    nohup(stage, config, bus)
    terminal(stage, config, bus)
    gone(stage, config, bus, "stdout")
    gone(stage, config, bus, "stderr")
    full(stage, config, bus)
    short_commands(stage, config, brokers)
    full_disk(stage, config, bus)
    readers(stage, brokers)
    at_once(stage, broker, brokers)
    replay(stage)
    messages.expect_sound(stage, bus)


if __name__ == "__main__":
    pipeline.main(suite, data="")
