"""The catalogue of system tests: what stands in tests/system, and which tests one boot of a guest serves."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from needs import guest_settings, missing_here

SKIPPED = 77
IN_GUEST = 5  # how much longer a test may take in a guest, which is emulated


@dataclass
class Test:
    name: str
    path: Path
    needs: set = field(default_factory=set)
    serial: bool = False
    timeout: int = 60

    def group(self):
        """The name of the boot that serves this test."""
        boot = guest_settings(self.needs)
        parts = [boot.get("cgroup", "unified"), boot.get("lsm", ""), "systemd" if boot.get("systemd") else ""]
        return "-".join(filter(None, parts))

    def where(self):
        """The group, or why there is none."""
        try:
            return self.group()
        except ValueError as error:
            return f"nowhere ({error})"


@dataclass
class Result:
    test: Test
    where: str
    code: int
    seconds: float
    reason: str = ""

    def verdict(self):
        return {0: "PASS", SKIPPED: "SKIP"}.get(self.code, "FAIL")


def header(path):
    """The comment lines at the top of a test, as a dictionary."""
    found = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            break
        if match := re.fullmatch(r"# (needs|also|timeout): *(.*)|# (serial)", line.strip()):
            found[match[1] or match[3]] = match[2] or ""
    return found


def find_tests(directory, pattern):
    tests = []
    for path in sorted(directory.glob("*.sh")):
        head = header(path)
        needs = set(head.get("needs", "").split())
        shared = {"serial": "serial" in head, "timeout": int(head.get("timeout", 60))}
        tests.append(Test(path.stem, path, needs, **shared))
        also = head.get("also", "cgroup2-only" if not needs and missing_here({"cgroup2-only"}) else "")
        for need in also.replace("nothing", "").split():
            tests.append(Test(f"{path.stem}@{need}", path, needs | {need}, **shared))
    return [test for test in tests if re.search(pattern, test.name)]


def longest(tests):
    """Seconds after which a guest with these tests has hung."""
    return 300 + sum(60 + IN_GUEST * test.timeout for test in tests)


def groups(tests):
    found = {}
    for test in tests:
        found.setdefault(test.group(), []).append(test)
    return found


def boot_options(tests):
    boot = {}
    for test in tests:
        boot.update(guest_settings(test.needs))
    options = []
    for key, value in sorted(boot.items()):
        options += [f"--{key}"] if value is True else [f"--{key}", value]
    return options


def listed(path):
    lines = [line.split("#")[0].strip() for line in Path(path).read_text().splitlines()] if Path(path).exists() else []
    return set(filter(None, lines))
