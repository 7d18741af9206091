"""How ctest runs the system tests: a boot is a fixture, a test tells the result that its boot left, or runs here."""

import sys

from catalogue import SKIPPED, Result, groups, longest


def report(runner, test):
    """For ctest: one test's result, from its guest's boot or by running it here."""
    place = runner.place(test)
    if place == "host":
        result = runner.run_here(test)
    elif place == "guest":
        file = runner.out / f"{test.name}.result"
        if not file.exists():
            print(f"{test.name}: its guest left no result")
            return 1
        code, seconds, where, reason = file.read_text().split("\n")[:4]
        result = Result(test, where, int(code), float(seconds), reason)
        print(f"{result.verdict()} {test.name} {seconds} s ({where}){': ' if reason else ''}{reason}")
    else:
        result = runner.results[-1]
    if runner.log(test).exists():
        sys.stdout.write(runner.log(test).read_text(errors="replace"))
    return result.code if result.code in (0, SKIPPED) else 1


def boot_for_ctest(runner, tests):
    """For ctest: boots one group's guest and leaves the results; only what went wrong with the boot fails here."""
    for test in tests:
        (runner.out / f"{test.name}.result").unlink(missing_ok=True)
    tests = [test for test in tests if runner.place(test) == "guest"]
    for group, members in groups(tests).items():
        runner.run_in_guest(group, members)
    return 0


def print_cmake(tests, runner, options):
    command = f'"{runner}" --build "{options.build}" --tests "{options.tests}"'
    boots = {}
    for test in tests:
        properties = f"SKIP_RETURN_CODE {SKIPPED} LABELS system TIMEOUT {test.timeout + 30}"
        properties += " RUN_SERIAL TRUE" if test.serial else ""
        if test.needs:
            try:
                boots.setdefault(test.group(), []).append(test)
                properties += f" FIXTURES_REQUIRED guest.{test.group()}"
            except ValueError:
                pass  # the test itself will say so
        print(f"add_test(NAME system.{test.name} COMMAND {command} --report {test.name})")
        print(f"set_tests_properties(system.{test.name} PROPERTIES {properties})")
    for boot, members in sorted(boots.items()):
        print(f"add_test(NAME guest.{boot} COMMAND {command} --group {boot})")
        print(f"set_tests_properties(guest.{boot} PROPERTIES FIXTURES_SETUP guest.{boot} PROCESSORS 2 TIMEOUT {longest(members)})")
