"""Brokers that refuse: nothing crashes, hangs or stays silent, and what is mended is used again.

One Apache Kafka has a listener for each kind of trouble: one that asks for a password and then for
access rights, one that advertises a name that does not resolve, and one that advertises an address
where nobody listens. It creates no topic by itself. The real programs meet, by turns, a topic that
is deleted, missing, too strict about sizes, or not theirs to read, write, see or create; a replication
factor that cannot be had; a wrong password; TLS where there is none; and a broker whose disk is empty
when it comes back.
"""

import os
import re
import signal
import subprocess
import time

import kafka
import pipeline

CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGKILL)
SAID_S = 20  # limit for a line about what is refused
MENDED_S = 30  # limit from mending to the line that says so
END_S = 10  # limit from SIGTERM to the end: the last messages, then closing
BOOKS = 6
USER = "User:arbspot"
AWAY = "kafka.invalid:9092"
SHUT = "127.0.0.1:1"
LINES = (
    "listeners=PLAINTEXT://127.0.0.1:@PORT@,CONTROLLER://127.0.0.1:@CONTROLLER@,"
    "SASL_PLAINTEXT://127.0.0.1:@PORT2@,AWAY://127.0.0.1:@PORT3@,SHUT://127.0.0.1:@PORT4@",
    "advertised.listeners=PLAINTEXT://127.0.0.1:@PORT@,SASL_PLAINTEXT://127.0.0.1:@PORT2@,"
    f"AWAY://{AWAY},SHUT://{SHUT}",
    "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,"
    "SASL_PLAINTEXT:SASL_PLAINTEXT,AWAY:PLAINTEXT,SHUT:PLAINTEXT",
    "sasl.enabled.mechanisms=PLAIN",
    "listener.name.sasl_plaintext.plain.sasl.jaas.config="
    "org.apache.kafka.common.security.plain.PlainLoginModule required user_arbspot=\"right\";",
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users=User:ANONYMOUS",
    "auto.create.topics.enable=false",
)


class Broker(kafka.Broker):
    """With a listener for each kind of trouble."""

    def __init__(self, stage):
        super().__init__(stage, *LINES)
        with open(os.path.join(self.directory, "server.properties"), encoding="ascii") as file:
            listeners = re.findall(r"^listeners=(.*)$", file.read(), re.MULTILINE)[-1]
        self.listeners = dict(part.split("://") for part in listeners.split(","))

    def admin(self, *arguments):
        """Topics and rights, as an administrator."""
        answer = subprocess.run([self.stage.options.admin, self.address, *arguments],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                check=False)
        if answer.returncode != 0:
            raise pipeline.Miss(f"kafka_admin {' '.join(arguments)}: {answer.stderr}")


class Case:
    """One kind of refusal, with topics of its own."""

    def __init__(self, stage, broker, name, listener="PLAINTEXT", settings=""):
        self.stage, self.broker, self.name = stage, broker, name
        self.market, self.opportunities = name + "-market", name + "-opportunities"
        self.address = broker.listeners[listener]
        self.config = stage.write(name + ".ini", pipeline.changed(
            stage.read("sim.ini"),
            (r"^brokers = .*$", f"brokers = {self.address}\nmarket_topic = {self.market}\n"
                                f"opportunity_topic = {self.opportunities}\n{settings}")))
        self.programs = []

    def start(self, command, *arguments):
        program = self.stage.start(f"{self.name}-{command}",
                                   [self.stage.options.arbspot, command, "-c", self.config,
                                    *arguments])
        self.programs.append(program)
        return program

    def start_readers(self):
        """The reader of opportunities, and that of books, which would go on for long."""
        return self.start("log"), self.start("verify", "-d", "10m")

    def create_topics(self, *settings):
        for topic in (self.market, self.opportunities):
            self.broker.admin("create", topic, "8", *settings)

    def expect_line(self, program, pattern, limit_s=SAID_S):
        """A line, and that it does not come again and again."""
        program.wait_for(pattern, self.stage.limit(limit_s))
        n = len(program.lines(pattern))
        self.stage.expect(n <= 1 + limit_s / 5, f"{program.name}: {n} lines: {pattern}")

    def end(self):
        """All of them end by themselves soon after SIGTERM, and none has crashed."""
        for program in self.programs:
            self.stage.expect(program.is_running(),
                              f"{program.name} lives: {program.process.returncode}")
            program.send(signal.SIGTERM)
        started = time.monotonic()
        for program in self.programs:
            left_s = started + self.stage.limit(END_S) - time.monotonic()
            status = program.wait(max(left_s, 0.01))
            self.stage.expect(-status not in CRASHES, f"{program.name} ended with {status}")
        self.stage.figure(f"{self.name}.end_s", f"{time.monotonic() - started:.2f}")


def takes_again(case):
    """The line that says that a topic is well again."""
    return (f"topic {case.market} takes messages again; "
            f"its {BOOKS} books are sent whole")


def expect_goes_on(stage, log):
    """A reader that was there before reads on: opportunities come."""
    n = log.out().count("\n")
    pipeline.poll(lambda: log.out().count("\n") > n, stage.limit(MENDED_S), f"{log.name} reads on")


def expect_proven(stage, case):
    """A consumer that joins now finds every book right."""
    def is_proven():
        return stage.call("verify", "-c", case.config, "-d", "3s").returncode == 0
    pipeline.poll(is_proven, stage.limit(MENDED_S), f"{case.name}: verify finds every book right")


def wait_until_known(stage, case):
    """A new topic reaches the broker's answers a moment later; its readers shall meet it at once."""
    def is_known():
        answer = subprocess.run([stage.options.kcat, "-L", "-b", case.broker.address],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                check=False)
        return f'"{case.market}"' in answer.stdout and f'"{case.opportunities}"' in answer.stdout
    pipeline.poll(is_known, stage.limit(SAID_S), f"{case.market} is known")


def start_unreachable(stage, broker):
    """Addresses that nobody can use: what they are is said, by every program."""
    told = []
    for name, listener, address, words in (("away", "AWAY", AWAY, "resolved"),
                                           ("shut", "SHUT", SHUT, "reached")):
        case = Case(stage, broker, name, listener)
        case.create_topics()
        wait_until_known(stage, case)
        line = (f"broker 1 is at {address}, which cannot be {words} from here .*"
                "advertised.listeners")
        for program in (case.start("run"), *case.start_readers()):
            told.append((case, program, line))
    return told


def start_wrong(stage, broker):
    """A wrong password, and TLS where there is none."""
    sasl = "rdkafka.security.protocol = SASL_PLAINTEXT\nrdkafka.sasl.mechanisms = PLAIN\n" \
           "rdkafka.sasl.username = arbspot\nrdkafka.sasl.password = wrong"
    told = []
    for name, listener, settings, line in (
            ("password", "SASL_PLAINTEXT", sasl, "Authentication failed.*rdkafka.sasl.password"),
            ("tls", "PLAINTEXT", "rdkafka.security.protocol = SSL", "rdkafka.security.protocol")):
        case = Case(stage, broker, name, listener, settings)
        line = f"no Kafka broker can be reached at {case.address} .*{line}"
        for program in (case.start("run"), case.start("log")):
            told.append((case, program, line))
    return told


def start_too_large(stage, broker):
    """A topic that takes no snapshot: the book is named."""
    case = Case(stage, broker, "large")
    case.create_topics("max.message.bytes=1200")
    line = (r"a request with a message of \d+ bytes for \w+ \w+/USD was refused: .*too large; .*"
            f"max.message.bytes of topic {case.market}")
    return [(case, case.start("run"), line)]


def stuck(stage, broker):
    """What is not mended: each says so, and ends when it is told to."""
    told = [*start_unreachable(stage, broker), *start_wrong(stage, broker),
            *start_too_large(stage, broker)]
    for case, program, line in told:
        case.expect_line(program, line)
    for case in dict.fromkeys(case for case, _, _ in told):
        case.end()


def replication(stage, broker):
    """More replicas than brokers; then somebody creates the topics by hand."""
    case = Case(stage, broker, "replication", settings="replication = 3")
    host = case.start("run")
    case.expect_line(host, f"topic {case.market} is not there and could not be created: .*"
                           "replication factor.*set replication in .kafka.")
    case.create_topics()
    host.wait_for(f"topic {case.market} is there, with 8 partitions", stage.limit(MENDED_S))
    expect_proven(stage, case)
    case.end()


def rights(stage, broker):
    """A user without rights is given one after the other."""
    case = Case(stage, broker, "rights", "SASL_PLAINTEXT",
                "rdkafka.security.protocol = SASL_PLAINTEXT\nrdkafka.sasl.mechanisms = PLAIN\n"
                "rdkafka.sasl.username = arbspot\nrdkafka.sasl.password = right")
    topics = (case.market, case.opportunities)
    host = case.start("run")
    case.expect_line(host, "librdkafka cannot go on, .*: Cluster authorization failed; "
                           "grant this user the ACL Write on both topics")
    broker.admin("allow", USER, "elsewhere", "write")
    case.expect_line(host, f"topic {case.market} is not there and could not be created: .*"
                           f"the ACL Create on topic {case.market}")
    case.create_topics()
    for topic in topics:
        broker.admin("allow", USER, topic, "describe")
    case.expect_line(host, f"topic {case.market} takes no messages: .*"
                           f"the ACL Write on topic {case.market}")
    readers = case.start_readers()
    for topic in topics:
        broker.admin("allow", USER, topic, "write")
    host.wait_for(f"topic {case.market} takes messages again", stage.limit(MENDED_S))
    for reader, topic in zip(readers, reversed(topics)):
        case.expect_line(reader, f"the ACLs Read and Describe on topic {topic}")
    for topic in topics:
        broker.admin("allow", USER, topic, "read")
    expect_proven(stage, case)
    broker.admin("revoke", USER, case.market)
    case.expect_line(host, f"topic {case.market} (takes no messages|is not there any more)")
    case.end()


def deleted(stage, broker):
    """Topics are deleted under everybody, and get more partitions; then the disk is gone."""
    case = Case(stage, broker, "deleted")
    host = case.start("run")
    host.wait_for(f"created topic {case.market} with 8 partitions", stage.limit(SAID_S))
    log, _ = case.start_readers()
    expect_goes_on(stage, log)
    broker.admin("delete", case.market, case.opportunities)
    case.expect_line(host, f"topic {case.market} is not there any more")
    host.wait_for(takes_again(case), stage.limit(MENDED_S))
    expect_goes_on(stage, log)
    broker.admin("partitions", case.market, "12")
    host.wait_for(f"topic {case.market} has 12 partitions instead of 8; [2-{BOOKS}] books are sent "
                  "whole in their new one", stage.limit(MENDED_S))
    expect_proven(stage, case)
    broker.call("kill")
    broker.call("wipe")
    broker.call("resume")
    host.wait_for(takes_again(case), stage.limit(MENDED_S), count=2)
    expect_goes_on(stage, log)
    expect_proven(stage, case)
    case.end()


def settings(stage, broker):
    """What cannot work is said before anything is started, by `check` and by `run`."""
    case = Case(stage, broker, "settings", settings="rdkafka.partitioner = random\nrdkafka.acks = 1")
    with open(case.config, encoding="utf-8") as file:
        lines = file.read().splitlines()
    for command in ("check", "run"):
        answer = stage.call(command, "-c", case.config)
        text = answer.stderr.decode()
        stage.expect(answer.returncode == 78, f"{command}: exit status {answer.returncode}")
        for key in ("rdkafka.partitioner", "rdkafka.acks"):
            number = next(i for i, line in enumerate(lines, 1) if line.startswith(key))
            stage.expect(f".ini:{number}: [kafka] {key}: " in text, f"{command} names {key}: {text}")


def suite(stage):
    stage.simulator()
    with Broker(stage) as broker:
        for part in (settings, stuck, replication, rights, deleted):
            started = time.monotonic()
            part(stage, broker)
            stage.figure(f"{part.__name__}.seconds", f"{time.monotonic() - started:.1f}")


if __name__ == "__main__":
    pipeline.main(suite, admin="", broker_script="")
