#!/bin/bash
# System calls with the action notify are answered by the proxy that the configuration names.
. "$(dirname "$0")/../support/system.sh"
lxc() { [ "${KEELSON_AS:-}" = lxc ]; }
name=$klt-n
cat >"$work/proxy.py" <<'PY'
"""Answers mkdir: of /faked and /itself that it is done, of /real that the kernel goes on, of all else error 42."""
import array, fcntl, os, socket, struct, sys, time
path, log = sys.argv[1], open(sys.argv[2], "w", buffering=1)
server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.bind("\0" + path[1:] if path[0] == "@" else path)
server.listen(8)

def answer_itself(listener, response, caller, sender):
    """Through the listener, and then like any other: while the caller has not run yet, which needs a processor of its own."""
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) > 1:
        os.sched_setaffinity(sender, processors[1:])
        for process in caller, 0:
            os.sched_setaffinity(process, processors[:1])
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    fcntl.ioctl(listener, 0xC0182101, response) # SECCOMP_IOCTL_NOTIF_SEND
    yield
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        pass
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    os.sched_setaffinity(0, processors)

log.write("listening\n")
while True:
    client, _ = server.accept()
    while True:
        data, control, _, _ = client.recvmsg(65536, socket.CMSG_SPACE(12))
        if not data:
            break
        fds = array.array("i")
        for _, _, content in control:
            fds.frombytes(content[: len(content) - len(content) % 4])
        _, monitor, init, request, response, _, cookie = struct.unpack("=QiiHHH2xQ", data[:32])
        id, pid, _, number = struct.unpack("=QIIi", data[32:52])
        arguments = struct.unpack("=6Q", data[64:112])
        where = os.pread(fds[1], 64, arguments[0 if number == 83 else 1]).split(b"\0")[0].decode()
        stat = open(os.open("comm", os.O_RDONLY, dir_fd=fds[0])).read().strip()
        log.write(f"{where} by {stat} monitor {monitor} init {init} cookie {data[32 + request + response :].decode()} length {cookie} fds {len(fds)}\n")
        if where == "/drop":
            for fd in fds:
                os.close(fd)
            break
        error, flags = (0, 0) if where in ("/faked", "/itself") else (0, 1) if where == "/real" else (-42, 0)
        answer = struct.pack("=QqiI", id, 0, error, flags)
        sender, = struct.unpack("=i8x", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        itself = answer_itself(fds[2], answer, pid, sender) if where == "/itself" else iter(())
        next(itself, None)
        client.send(data[: 32 + request] + answer) # without the cookie
        next(itself, None)
        for fd in fds:
            os.close(fd)
    client.close()
PY
printf '2\ndenylist\n[all]\nmkdir notify\nmkdirat notify\n' >"$work/policy"
container "$name" "lxc.net.0.type = empty" "lxc.seccomp.profile = $work/policy" "lxc.seccomp.notify.proxy = unix:$work/socket" \
  "lxc.seccomp.notify.cookie = a cookie"
root=$lxcpath/$name/rootfs
echo '::sysinit:/bin/sh /script' >"$root/etc/inittab"
cat >"$root/script" <<'SH'
for one in faked itself real other drop faked2; do mkdir /$one 2>>/said && echo $one >>/done; done
echo end >>/done
SH

# nobody listens: the start says so
if ! lxc; then
  k start -n "$name" 2>"$work/err" && fail "it started though nobody listens"
  grep -q "$work/socket" "$work/err" || fail "the proxy's address is not named: $(cat "$work/err")"
fi
end() { kill "$1" 2>/dev/null; }
answered() { # ADDRESS
  python3 "$work/proxy.py" "$1" "$work/log" >"$work/proxy.err" 2>&1 &
  proxy=$!
  at_end end "$proxy"
  wait_for 10 grep -qs listening "$work/log" || fail "the proxy does not run"
  k start -n "$name" || fail "it did not start"
  pid=$(k info -n "$name" -pH)
  monitor=$(awk '/^PPid/ {print $2}' "/proc/$pid/status")
  wait_for 10 grep -qs end "$root/done" || fail "the calls were not answered: $(cat "$root/done" "$root/said" "$work/log")"
  [ "$(tr '\n' ' ' <"$root/done")" = "faked itself real end " ] || fail "done is: $(cat "$root/done" "$root/said" "$work/log")"
  [ ! -e "$root/faked" ] && [ ! -e "$root/itself" ] && [ -d "$root/real" ] && [ ! -e "$root/other" ] || fail "the answers have no effect: $(ls "$root")"
  grep -q 'other.*42\|other.*No message' "$root/said" || fail "the error is not the proxy's: $(cat "$root/said")"
  grep -q 'drop.*Function not implemented' "$root/said" || fail "a call without an answer does not get ENOSYS: $(cat "$root/said")"
  grep -qx "/faked by .* monitor $monitor init $pid cookie a cookie length 8 fds 3" "$work/log" || fail "the proxy was told: $(cat "$work/log"), not monitor $monitor init $pid"
  kill $proxy
  check "it did not stop" k stop -k -n "$name"
  rm -rf "$root/done" "$root/said" "$root/real" "$work/log"
}
answered "$work/socket"
if ! lxc; then # which does not get to such a name here, and ends the container
  sed -i "s|unix:.*|unix:@$klt|" "$lxcpath/$name/config"
  answered "@$klt"
fi
# nothing of it stays
monitors() { pgrep -f "\\[lxc .*$lxcpath" ; }
gone() { ! monitors >/dev/null; }
wait_for 5 gone || fail "processes stay: $(ps -o pid,args -p $(monitors))"
exit 0
