#!/usr/bin/env python3
"""Runs a command on a terminal of its own and talks to it.

on_terminal.py [--seconds N] EXPECT SEND [EXPECT SEND]... -- COMMAND...
Waits until the output matches EXPECT (a regular expression, "" at once), then types SEND (\\n, \\x01 and the like are
understood). After the last, the command has to end by itself. Prints all output without carriage returns and exits with
the command's exit code; 124 if an expected text did not come or the command did not end in time: N seconds (20), times
$slowness of system.sh.
"""

import os
import pty
import re
import select
import signal
import sys
import time


def arguments():
    words = sys.argv[1:]
    seconds = 20.0
    if words[:1] == ["--seconds"]:
        seconds, words = float(words[1]), words[2:]
    split = words.index("--")
    seconds *= int(os.environ.get("slowness", 1))
    talk, command = words[:split], words[split + 1 :]
    if len(talk) % 2:
        sys.exit("on_terminal.py: each EXPECT needs its SEND")
    return seconds, list(zip(talk[::2], talk[1::2])), command


def converse(terminal, talk, deadline):
    """The output until the command closed the terminal, and whether all went as it should."""
    output, seen = b"", 0
    while True:
        while talk and (match := re.search(talk[0][0].encode(), output[seen:])):
            seen += match.end()
            os.write(terminal, talk.pop(0)[1].encode().decode("unicode_escape").encode("latin-1"))
        if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
            return output, False
        try:
            data = os.read(terminal, 65536)
        except OSError:  # EIO: the last process that had the terminal open is gone
            data = b""
        if not data:
            return output, not talk
        output += data


def main():
    seconds, talk, command = arguments()
    child, terminal = pty.fork()
    if child == 0:
        try:
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    output, well = converse(terminal, talk, time.monotonic() + seconds)
    if not well:
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    sys.stdout.write(output.decode(errors="replace").replace("\r", ""))
    if not well:
        print(f"\non_terminal.py: {'no ' + repr(talk[0][0]) if talk else 'the command did not end'} within {seconds:g} s")
        return 124
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


sys.exit(main())
