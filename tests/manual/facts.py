"""What the program says of itself, for the suites of the man pages and of the completions."""

import re
import subprocess
from pathlib import Path


class Program:
    def __init__(self, path):
        self.path = str(path)

    def say(self, *arguments, status=None):
        """What it prints on both ways; a status that is not None is demanded."""
        answer = subprocess.run([self.path, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                                text=True, check=False, timeout=120)
        if status is not None and answer.returncode != status:
            raise SystemExit(f"FAIL: {arguments} ended with {answer.returncode}: {answer.stderr}")
        return answer.stdout, answer.stderr

    def commands(self):
        text = self.say("--help", status=0)[0].split("\nCommands:\n")[1]
        return re.findall(r"^  ([a-z-]+) ", text, re.MULTILINE)

    def options(self, command):
        """[[spellings], what it takes or ""] of each option."""
        found = []
        for line in re.findall(r"^  (-.*)$", self.say(command, "--help", status=0)[0], re.MULTILINE):
            words = line.split("  ")[0].split(" ")
            spellings = [word.rstrip(",") for word in words if word.startswith("-")]
            found.append((spellings, " ".join(words[len(spellings):])))
        return found


class Checks:
    """Counts, tells, and ends."""

    def __init__(self):
        self.n = 0
        self.faults = []

    def expect(self, is_so, what):
        self.n += 1
        if not is_so:
            self.faults.append(what)

    def end(self, name):
        for fault in self.faults:
            print(f"FAIL: {fault}")
        if self.faults:
            raise SystemExit(1)
        print(f"PASS: {name}: {self.n} checks")


def config_keys(root):
    """{section: [keys]} of the tables in the source."""
    text = (Path(root) / "core/config/config_keys.c").read_text(encoding="utf-8")
    tables = {}
    for table, body in re.findall(r"struct config_key (\w+)\[\] = \{(.*?)\n\};", text, re.DOTALL):
        tables[table] = [name for name in re.findall(r"\.name = \"([^\"]*)\"", body) if name]
    start = text[text.index("config_sections[N_SECTION_KINDS]"):]
    kinds = re.findall(r"\{ \"(\w+)\",.*?(\w+_keys) \}", start, re.DOTALL)
    return {word: tables[table] for word, table in kinds}
