#!/usr/bin/env python3
"""Talks to a monitor's command socket (kernel/monitor/command.hpp) as no client of ours would.

  every LXCPATH NAME CLIENTS SECONDS   so many clients at once send every command but stop, valid and odd; each answer has to
                                       come, and state and init to be what they are
  bytes LXCPATH NAME                   garbage, half messages, huge lengths, a thousand connections, and another user
Exits with 1 and a line that says what went wrong.
"""

import array
import multiprocessing
import os
import random
import resource
import socket
import struct
import sys
import time

STOP, GET_STATE, GET_INIT_PID, ADD_STATE_CLIENT, CONSOLE_LOG = 2, 3, 4, 10, 11
FREEZE, UNFREEZE, COMMANDS = 15, 16, 27
STATES = {2, 5, 6, 7}  # RUNNING, FREEZING, FROZEN, THAWED
PATIENCE = 20


def address(lxcpath, name):
    return f"\0{lxcpath}/{name}/command"


def connect(where):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Not by settimeout(), for connect(2) then fails at once while the monitor's queue is full.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("=qq", PATIENCE, 0))
    connection.connect(where)
    connection.settimeout(PATIENCE)
    return connection


def request(command, data=b"", number=0, length=None):
    return struct.pack("=iiQ", command, len(data) if length is None else length, number) + data


def receive(connection, size):
    """That many bytes, or fewer if the other end closed; descriptors that come along are closed."""
    data = b""
    while len(data) < size:
        try:
            part, control, _, _ = connection.recvmsg(size - len(data), 4096)
        except ConnectionResetError:
            break
        for level, kind, content in control:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds = array.array("i")
                fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
                for fd in fds:
                    os.close(fd)
        if not part:
            break
        data += part
    return data


def ask(where, command, data=b"", number=0):
    """(result, number, data), or None if the monitor closed the connection."""
    with connect(where) as connection:
        connection.sendall(request(command, data, number))
        header = receive(connection, 16)
        if len(header) < 16:
            return None
        result, length, value = struct.unpack("=iiQ", header)
        return result, value, receive(connection, max(length, 0))


def require(holds, message):
    if not holds:
        print(f"failed: {message}", flush=True)
        sys.exit(1)


# ---- every command, from many


def data_for(command):
    if command == ADD_STATE_CLIENT:
        return struct.pack("=8i", *(random.choice([0, 1, 2]) for _ in range(8)))
    if command == CONSOLE_LOG:
        return struct.pack("=BB6xQB7x", 0, 1, random.choice([0, 10]), 0)
    return random.choice([b"", b"lxc.uts.name\0", b"memory\0", os.urandom(random.randrange(64))])


def one_client(where, init, end):
    random.seed(os.getpid())
    while time.monotonic() < end:
        command = random.choice([c for c in range(COMMANDS + 3) if c != STOP])
        try:
            number = 0 if command in (FREEZE, UNFREEZE) else random.choice([0, 1, 2, 2**31, 2**64 - 1])
            data = b"" if command in (FREEZE, UNFREEZE) else data_for(command)
            answer = ask(where, command, data, number)
        except socket.timeout:
            require(False, f"no answer to command {command} within {PATIENCE} s")
        require(answer is not None, f"command {command} with {len(data)} bytes has no answer")
        result, value, _ = answer
        if command == GET_STATE:
            require(result == 0 and value in STATES, f"the state is {value}")
        if command == GET_INIT_PID:
            require(value == init, f"init is {value}, not {init}")


def every(where, clients, seconds):
    init = ask(where, GET_INIT_PID)[1]
    end = time.monotonic() + seconds
    processes = [multiprocessing.Process(target=one_client, args=(where, init, end)) for _ in range(clients)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(seconds + 3 * PATIENCE)
        require(process.exitcode == 0, f"a client ended with {process.exitcode}")
    require(ask(where, UNFREEZE)[0] == 0, "unfreeze")


# ---- bad bytes


def still_answers(where, after):
    started = time.monotonic()
    answer = ask(where, GET_STATE)
    require(answer is not None and answer[1] in STATES, f"after {after} the state is {answer}")
    require(time.monotonic() - started < 5, f"after {after} an answer takes {time.monotonic() - started:.1f} s")


def garbage(where):
    random.seed(7)
    for _ in range(500):
        with connect(where) as connection:
            connection.setblocking(False)
            data = bytearray(os.urandom(random.randrange(1, 400)))
            if data[:4] == struct.pack("=i", STOP):
                continue
            try:
                connection.send(data)
            except OSError:
                pass


def half_messages(where):
    kept = []
    for command in range(COMMANDS):
        whole = request(command if command != STOP else COMMANDS, b"half\0", 1)
        for size in range(len(whole)):
            kept.append(connect(where))
            kept[-1].send(whole[:size])
        still_answers(where, f"half messages of command {command}")
        for connection in kept[:-10]:
            connection.close()
        del kept[:-10]


def lengths(where):
    for length in (8193, 2**20, 2**31 - 1, -1, -(2**31)):
        for command in (GET_STATE, ADD_STATE_CLIENT, CONSOLE_LOG, 7):
            with connect(where) as connection:
                connection.send(request(command, length=length))
                header = receive(connection, 16)
                require(len(header) == 16 and struct.unpack("=iiQ", header)[0] < 0, f"length {length} is not refused")
    with connect(where) as connection:  # all that may be said, and more
        connection.send(request(7, b"x" * 8192) + b"y" * 8192)
        receive(connection, 16)


def a_thousand(where):
    wanted = 1500
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    kept = []
    for _ in range(wanted):
        kept.append(connect(where))
        if len(kept) % 250 == 0:
            still_answers(where, f"{len(kept)} silent connections")
    for connection in kept:
        connection.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def as_another_user(where):
    """In a child: every command of a user who owns nothing here is refused, however many connections there are."""
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        kept = [connect(where) for _ in range(100)]
        for command in range(COMMANDS):
            answer = ask(where, command)
            require(answer is None or answer[0] == -1, f"command {command} of another user is answered: {answer}")
        require(len(kept) == 100, "kept")
        os._exit(0)
    require(os.waitpid(child, 0)[1] == 0, "another user is not refused")


def bad_bytes(where):
    for part in (garbage, half_messages, lengths, a_thousand, as_another_user):
        part(where)
        still_answers(where, part.__name__)


def main():
    what, lxcpath, name, *rest = sys.argv[1:]
    where = address(lxcpath, name)
    if what == "every":
        every(where, int(rest[0]), float(rest[1]))
    elif what == "bytes":
        bad_bytes(where)
    else:
        sys.exit(__doc__)


main()
