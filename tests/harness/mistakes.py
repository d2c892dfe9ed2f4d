#!/usr/bin/env python3
"""Every mistake of an exchange plugin is named, in the words of the table in plugins/README.md.

    mistakes.py ARBSPOT HARNESS FIXTURES GUIDE CC INCLUDE

The table says for each mistake who tells of it and with which message; below stands how it is made.
Neither may name a mistake that the other does not, and each message has to come as it is written there.
"""
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ARBSPOT, HARNESS, FIXTURES, GUIDE, CC, INCLUDE = map(os.path.realpath, sys.argv[1:])
SECTION = "## Mistakes and how you hear of them"
REFUSED, FAILED, PASSED = 78, 1, 0
LIMIT_S = 120
SANITIZED = re.compile(r"AddressSanitizer|LeakSanitizer")
INI = """[kafka]
brokers = embedded
[exchange:x]
plugin = {plugin}
symbols = BTC/USD
taker_fee = 0.26%
"""
used = set()  # fixtures
MACHINE_AT, OTHER_MACHINE = 18, 0x1234  # e_machine of an ELF file


def fixture(name):
    used.add(name)
    return os.path.join(FIXTURES, name + ".so")


def contents(name):
    with open(fixture(name), "rb") as file:
        return file.read()


def made(name, data):
    """The path of a plugin that is made of another one's bytes."""
    path = os.path.abspath(name + ".so")
    with open(path, "wb") as file:
        file.write(data)
    return path


def run(*argv):
    """Exit status, and all that was said."""
    ended = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                           check=False, timeout=LIMIT_S)
    return ended.returncode, ended.stdout + ended.stderr


def check(plugin):
    with open("x.ini", "w", encoding="ascii") as file:
        file.write(INI.format(plugin=plugin))
    return run(ARBSPOT, "check", "-c", "x.ini")


def harness(plugin, script="book"):
    return run(HARNESS, plugin, "--no-hostile", "--limit", "1", "--golden", script + ".script")


def host(plugin, script):
    """What the host logs while the script runs; to be LIVE is none of its business."""
    return run(HARNESS, plugin, "--verbose", "--update", "--golden", script + ".script")


def compiler(source):
    status, text = run(CC, "-std=c11", "-fsyntax-only", "-I", INCLUDE, source)
    return min(status, FAILED), text


def cut_short():
    whole = contents("good")
    return check(made("cut", whole[:len(whole) // 2]))


def of_another_machine():
    image = bytearray(contents("good"))
    struct.pack_into("<H", image, MACHINE_AT, OTHER_MACHINE)
    return check(made("other", image))


def checked(name):
    return REFUSED, lambda: check(fixture(name))


def tried(name, *script):
    return FAILED, lambda: harness(fixture(name), *script)


def noted(name):
    """A note lets it pass."""
    return PASSED, lambda: harness(fixture(name), "promise")


def hosted(name, script):
    return PASSED, lambda: host(fixture(name), script)


# Mistake -> (exit status, what makes it).
MISTAKES = {
    "a callback is missing": checked("missing_callback"),
    "the table of callbacks has no size": checked("short_callbacks"),
    "more options are claimed than there are": checked("many_options_too_many"),
    "options are claimed into what follows them": checked("some_options_too_many"),
    "a table of options is not counted": checked("uncounted_options"),
    "an option's member is of another type": (
        FAILED, lambda: compiler(os.path.join(HERE, "../fixtures/wrong_member.c"))),
    "likewise, in an option written by hand": checked("small_member"),
    "two options have one member": checked("shared_member"),
    "the instance is too small for an option": checked("small_instance"),
    "the instance is too small": checked("mistaken_size"),
    "no descriptor": checked("not_a_plugin"),
    "wrong kind": checked("other_kind"),
    "a strategy where an exchange is named": checked("troubled_strategy"),
    "wrong magic": checked("bad_magic"),
    "built for another ABI": checked("older_major"),
    "built for a newer host": checked("newer_minor"),
    "a library is missing": checked("mistaken_needs"),
    "built for another machine": (REFUSED, of_another_machine),
    "half copied": (REFUSED, cut_short),
    "crash in init()": checked("crashes_in_init"),
    "init() asks for more than a timer": checked("mistaken_early"),
    "a heartbeat is rarer than silence is allowed": checked("mistaken_patience"),
    "seconds are given for milliseconds": checked("mistaken_seconds"),
    "a depth out of range": checked("mistaken_plan_depth"),
    "a heartbeat is never asked for": checked("mistaken_heartbeat"),
    "no book is subscribed": checked("mistaken_subscribe"),
    "a request's text is put elsewhere": checked("mistaken_text"),
    "a request's text is written beyond its end": checked("mistaken_overflow"),
    "a snapshot is never asked for": checked("mistaken_seed"),
    "a negative price": tried("mistaken_price"),
    "a price of zero": tried("mistaken_zero"),
    "an index out of range": tried("mistaken_index"),
    "too many levels": tried("mistaken_count"),
    "a channel out of range": tried("mistaken_answer"),
    "a channel is never answered": hosted("mistaken_channel", "channel"),
    "the snapshot by HTTP does not come": tried("mistaken_seed", "seed"),
    "the sides are swapped": tried("mistaken_sides"),
    "the sequence goes back": tried("mistaken_sequence"),
    "the sequence is not the venue's": tried("mistaken_loss"),
    "the first number is one too low": tried("mistaken_overlap"),
    "no event has what the plan promises": noted("mistaken_promise"),
    "a side is not cut to its depth": tried("mistaken_untrimmed"),
    "a callback calls the host without getting it": tried("mistaken_kept"),
    "fini() calls the host": tried("mistaken_last_call"),
    "checksum() fails": tried("mistaken_checksum"),
    "a catalog has no end": hosted("mistaken_catalog", "catalog"),
    "a wrong result": tried("mistaken_result", "unread"),
    "a result that is none": tried("mistaken_result_above", "unread"),
    "a leak": tried("mistaken_leak"),
    "the time is asked for": tried("mistaken_time"),
    "random numbers": tried("mistaken_random"),
    "the environment is read": tried("mistaken_environment"),
    "a thread": tried("mistaken_thread"),
    "a crash": tried("mistaken_crash", "unread"),
    "an endless loop": tried("mistaken_loop", "unread"),
    "a callback stops its process": tried("mistaken_stop", "unread"),
    "an exception in C++": tried("throwing"),
    "a function that is not static": tried("mistaken_exports"),
    "state outside the instance": tried("mistaken_outside"),
}


def read_table():
    """Mistake -> (who says so, the message), as the guide has it."""
    with open(GUIDE, encoding="utf-8") as file:
        text = file.read()
    section = text.split(SECTION + "\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| `([^|]+)` \|$", section, re.MULTILINE)
    return {mistake: (who, message) for mistake, who, message in rows}


def pattern_of(message):
    """What is another one each time stands in the guide in capitals, or as `…`."""
    quoted = re.escape(message).replace("…", ".*")
    return re.sub(r"\bN\b", r"\\d+", quoted)


def try_mistake(mistake, message):
    """What is not as the guide says, or None."""
    wanted, make = MISTAKES[mistake]
    status, text = make()
    if status != wanted:
        return f"exit {status}, not {wanted}\n{text}"
    if not re.search(pattern_of(message), text) and not (mistake == "a leak" and SANITIZED.search(text)):
        return f"not said: {message}\n{text}"
    return None


def try_all():
    table = read_table()
    missing = set(table) ^ set(MISTAKES)
    misses = [f"only in one of the guide and this suite: {sorted(missing)}"] if missing else []
    status, text = harness(fixture("mistaken_nowhere"))
    if status != PASSED:
        misses.append(f"without a mistake: exit {status}\n{text}")
    status, text = harness(fixture("mistaken_nowhere"), "unread")
    if status != PASSED:
        misses.append(f"without a mistake, unread: exit {status}\n{text}")
    for mistake, (_, message) in table.items():
        miss = try_mistake(mistake, message) if mistake in MISTAKES else None
        if miss is not None:
            misses.append(f"{mistake}: {miss}")
    unused = {name[:-3] for name in os.listdir(FIXTURES) if name.startswith("mistaken_")} - used
    if unused:
        misses.append(f"fixtures that nobody tries: {sorted(unused)}")
    return misses


with tempfile.TemporaryDirectory() as scratch:
    folder = os.path.join(HERE, "mistakes")
    for name in os.listdir(folder):
        shutil.copy(os.path.join(folder, name), scratch)
    os.chdir(scratch)
    found = try_all()
sys.exit("\n".join(found) if found else 0)
