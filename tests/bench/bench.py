#!/usr/bin/env python3
"""bench.py BUILD TOOLS [--quick] [--curves] [--write FILE]: what script/bench measures, once all is built.

BUILD has bin/keelson, TOOLS round_robin and floor. A row is one thing done by each runtime that is installed, in turns; a
runtime that is not there, or cannot do it, gets a "-". Times are in milliseconds, and such that a tenth of the rounds was
faster: what else the machine does only makes a round slower, and makes the slow ones tell nothing.
"""
import json, os, pathlib, platform, re, shutil, subprocess, sys, tempfile, time

BUILD, TOOLS = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
QUICK = "--quick" in sys.argv
KEELSON = str(BUILD / "bin/keelson")
WORK = pathlib.Path(tempfile.mkdtemp(prefix="klt-bench-", dir="/var/tmp"))
ROOTFS, SHIFTED = WORK / "rootfs", WORK / "rootfs-of-100000"
LXC, OURS, BRIDGE = "kltbl", "kltbk", "kltbenchbr"
DEFINED, RUNNING = (6, 3) if QUICK else (1000, 200)
COLUMNS = ("keelson", "lxc", "crun", "runc", "bwrap", "floor")
COMMON = """lxc.uts.name = klt
lxc.mount.auto = cgroup:mixed proc:mixed sys:ro
lxc.cap.drop = sys_module mac_admin mac_override sys_time sys_rawio
lxc.apparmor.profile = unconfined
"""


def run(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=600, **options)


def make_rootfs(path):
    for name in ("bin", "dev", "proc", "sys", "etc", "tmp"):
        (path / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", path / "bin/busybox")
    for name in ("true", "sh", "sleep"):
        (path / "bin" / name).symlink_to("busybox")


def config(name, *lines, rootfs=ROOTFS, network="lxc.net.0.type = empty"):
    path = WORK / f"{name}.conf"
    path.write_text(COMMON + "\n".join((f"lxc.rootfs.path = {rootfs}", network) + lines) + "\n")
    return path


def bundle():
    """A directory as the OCI runtimes want it, with the same root file system."""
    path = WORK / "bundle"
    path.mkdir()
    for tool in ("crun", "runc"):
        if shutil.which(tool) and not (path / "config.json").exists():
            run(tool, "spec", cwd=path)
    if (path / "config.json").exists():
        spec = json.loads((path / "config.json").read_text())
        spec["process"].update(terminal=False, args=["/bin/true"])
        spec["root"] = {"path": str(ROOTFS), "readonly": False}
        (path / "config.json").write_text(json.dumps(spec))
    return path


def measure(commands, rounds, pause):
    """{name: ms} of {name: words or {"before", "run", "after"}}; a command that failed has no time."""
    lines = []
    for name, words in commands.items():
        parts = words if isinstance(words, dict) else {"run": words}
        lines += [f"<{parts['before']}"] if "before" in parts else []
        lines += [f"{name}\t{parts['run']}"]
        lines += [f"@{parts['after']}"] if "after" in parts else []
    (WORK / "commands").write_text("\n".join(lines) + "\n")
    answer = run(TOOLS / "round_robin", 1 if QUICK else rounds, pause, WORK / "commands").stdout
    fields = [line.split("\t") for line in answer.splitlines()]
    return {name: float(low) for name, low, _, _, failures in fields if failures == "0"}


def present(commands):
    return {name: words for name, words in commands.items()
            if name in ("keelson", "floor") or shutil.which({"lxc": "lxc-start"}.get(name, name))}


def lives(conf, floor_options="", rootfs=ROOTFS, others=()):
    """A whole life of /bin/true; LXC leaves a cgroup behind at each, which would slow down its next start."""
    path = WORK / "lives"
    commands = {
        "keelson": f"{KEELSON} start -P {path} -n {OURS} -f {conf} -F -- /bin/true",
        "lxc": {"run": f"lxc-start -P {path} -n {LXC} -f {conf} -F -- /bin/true", "after": WORK / "tidy"},
        "crun": f"crun run -b {WORK}/bundle {OURS}c", "runc": f"runc run -b {WORK}/bundle {OURS}r",
        "bwrap": f"bwrap --unshare-all --cap-drop ALL --bind {ROOTFS} / --proc /proc --dev /dev /bin/true",
        "floor": f"{TOOLS}/floor -q {floor_options} {rootfs} /bin/true",
    }
    return {name: words for name, words in commands.items() if name in ("keelson", "lxc", "floor") or name in others}


def in_background(conf, verb):
    """start, or stop -k, of a container in the background."""
    commands = {}
    for name, tool, container in (("keelson", f"{KEELSON} ", OURS), ("lxc", "lxc-", LXC)):
        start = f"{tool}start -P {WORK}/lives -n {container} -f {conf} -d -- /bin/sleep 1000"
        stop = f"{tool}stop -k -P {WORK}/lives -n {container}"
        commands[name] = {"run": start, "after": stop} if verb == "start" else {"before": start, "run": stop}
    return commands


class Table:
    def __init__(self):
        self.rows = []

    def add(self, title, times, digits=1):
        lxc, ours = times.get("lxc"), times.get("keelson")
        cells = [f"{times[name]:.{digits}f}" if name in times else "-" for name in COLUMNS]
        cells.insert(2, f"{ours / lxc:.2f}" if ours and lxc else "-")
        self.rows.append(f"| {title} | " + " | ".join(cells) + " |")
        print(self.rows[-1], flush=True)

    def timed(self, title, commands, temperatures=("cold", "warm"), rounds=30):
        for temperature in temperatures:
            pause = 100 if temperature == "cold" and not QUICK else 0
            self.add(f"{title}, {temperature}", measure(present(commands), rounds, pause))

    def text(self):
        head = "| | " + " | ".join(COLUMNS[:2] + ("keelson / lxc",) + COLUMNS[2:]) + " |"
        return "\n".join([head, "|---" * (len(COLUMNS) + 2) + "|"] + self.rows)


def measure_lives(table):
    conf = config("empty")
    table.timed("life of /bin/true, empty network, ms", lives(conf, others=("crun", "runc", "bwrap")))
    run("ip", "link", "add", BRIDGE, "type", "bridge"), run("ip", "link", "set", BRIDGE, "up")
    veth = config("veth", "lxc.net.0.flags = up", "lxc.net.0.ipv4.address = 10.77.0.9/24",
                  network=f"lxc.net.0.type = veth\nlxc.net.0.link = {BRIDGE}")
    table.timed("the same, veth on a bridge", lives(veth, f"-b {BRIDGE}"), ("cold",))
    for name in ("upper", "floor-upper", "floor-work"):
        (WORK / name).mkdir()
    overlay = config("overlay", rootfs=f"overlay:{ROOTFS}:{WORK}/upper")
    table.timed("the same, overlay", lives(overlay, f"-o {WORK}/floor-upper:{WORK}/floor-work"), ("cold",))
    seccomp = config("seccomp", "lxc.seccomp.profile = /usr/share/lxc/config/common.seccomp")
    table.timed("the same, seccomp", lives(seccomp, "-s"), ("cold",))
    mapped = config("idmap", "lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 100000 65536", rootfs=SHIFTED)
    commands = lives(mapped, "-u 100000", SHIFTED)
    # With newuidmap in its way LXC would ask /etc/subuid, also for root.
    commands["lxc"]["run"] = "env PATH=/nowhere /usr/bin/" + commands["lxc"]["run"]
    table.timed("the same, id map", commands, ("cold",))


def measure_running(table):
    conf = config("running")
    table.timed("start -d, ms", in_background(conf, "start"))
    table.timed("stop -k, ms", in_background(conf, "stop"), ("warm",))
    floor = start_floor()
    for tool, container in ((f"{KEELSON} ", OURS), ("lxc-", LXC)):
        run(*f"{tool}start -P {WORK}/lives -n {container} -f {conf} -d -- /bin/sleep 1000".split())
    attach = {"keelson": f"{KEELSON} attach -P {WORK}/lives -n {OURS} -- /bin/true",
              "lxc": f"lxc-attach -P {WORK}/lives -n {LXC} -- /bin/true",
              "floor": f"{TOOLS}/floor -a {floor[0] if floor else 0} /bin/true"}
    table.timed("attach, ms", attach)
    table.timed("info, ms", {"keelson": f"{KEELSON} info -P {WORK}/lives -n {OURS}",
                             "lxc": f"lxc-info -P {WORK}/lives -n {LXC}"}, ("warm",))
    if floor:
        run(TOOLS / "floor", "-k", floor[0])
    stop_all()


def start_floor():
    """Its process and the name of its cgroups. By a file, since what it starts would keep a pipe open."""
    with open(WORK / "floor", "w") as file:
        subprocess.run([TOOLS / "floor", "-d", ROOTFS, "/bin/sleep", "1000"], stdout=file)
    return (WORK / "floor").read_text().split()


def stop_all():
    for tool, container in ((f"{KEELSON} ", OURS), ("lxc-", LXC)):
        run(*f"{tool}stop -k -P {WORK}/lives -n {container}".split())


def measure_create(table):
    create = {name: {"run": f"{tool}create -P {WORK}/{name} -n made -t busybox", "after": f"rm -rf {WORK}/{name}/made"}
              for name, tool in (("keelson", f"{KEELSON} "), ("lxc", "lxc-"))}
    for name in create:
        (WORK / name).mkdir()
    table.timed("create -t busybox, ms", create, ("warm",), rounds=10)


def define(count):
    """Containers kltb0000 and on, in a directory of their own."""
    path = WORK / f"defined-{count}"
    for i in range(count):
        (path / f"kltb{i:04}").mkdir(parents=True)
        shutil.copy(WORK / "running.conf", path / f"kltb{i:04}/config")
    return path


def start(path, numbers):
    """Two at a time; returns the seconds that it took."""
    begin, waiting = time.monotonic(), []
    for i in numbers:
        waiting.append(subprocess.Popen([KEELSON, "start", "-P", path, "-n", f"kltb{i:04}", "-d", "--", "/bin/sleep", "1000"]))
        if len(waiting) == 2:
            waiting.pop(0).wait()
    for process in waiting:
        process.wait()
    return time.monotonic() - begin


def stop(path, numbers):
    for i in numbers:
        run(KEELSON, "stop", "-k", "-P", path, "-n", f"kltb{i:04}")


def listing(path, option):
    return {"keelson": f"{KEELSON} ls -P {path} {option}", "lxc": f"lxc-ls -P {path} {option}"}


def measure_many(table):
    path = define(DEFINED)
    table.timed(f"ls -1, {DEFINED} defined, ms", listing(path, "-1"), ("warm",), rounds=10)
    seconds = start(path, range(RUNNING))
    table.timed(f"ls -f, {RUNNING} of {DEFINED} running, ms", listing(path, "-f"), ("warm",), rounds=10)
    table.add("private memory of one monitor, KiB", {"keelson": monitor_memory(path), "lxc": lxc_monitor_memory(path)}, 0)
    table.add("starts a second, two at a time", {"keelson": RUNNING / seconds}, 0)
    stop(path, range(RUNNING))


def private_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(value) for value in re.findall(r"Private_\w+:\s+(\d+)", text))


def monitors(path):
    for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if process.read_bytes().startswith(f"[lxc monitor] {path}".encode()):
                yield process.parent.name
        except OSError:
            pass


def monitor_memory(path):
    sizes = sorted(private_kib(pid) for pid in monitors(path))
    return sizes[len(sizes) // 2]


def lxc_monitor_memory(path):
    """Of several, because a page that only one process has counts as private."""
    names = [f"kltb{i:04}" for i in range(DEFINED - 3, DEFINED)]
    known = set(monitors(path))
    for name in names:
        run("lxc-start", "-P", path, "-n", name, "-d", "--", "/bin/sleep", 1000)
    sizes = sorted(private_kib(pid) for pid in monitors(path) if pid not in known)
    for name in names:
        run("lxc-stop", "-k", "-P", path, "-n", name)
    return sizes[len(sizes) // 2] if sizes else 0


def count_system_calls(table):
    counts = {}
    for name, words in present(lives(WORK / "empty.conf", others=("crun", "runc", "bwrap"))).items():
        words = words["run"] if isinstance(words, dict) else words
        if run("strace", "-f", "-c", "-o", WORK / "calls", *words.split()).returncode != 0:
            continue
        found = re.findall(r"^100\.00.*?(\d+)(?:\s+\d+)? total$", (WORK / "calls").read_text(), re.M)
        if found:
            counts[name] = int(found[0])
    table.add("system calls in one life", counts, 0)


def curves():
    """How cost grows: what one more costs, where there are few and where there are many."""
    config("running")
    print("\n| containers running | start of one, ms | ls -f, ms |\n|---|---|---|")
    for count in (1, 2) if QUICK else (1, 10, 100, 1000):
        path = define(count)
        each = start(path, range(count)) * 1000 / count
        listed = measure({"ls": f"{KEELSON} ls -P {path} -f"}, 5, 0)["ls"]
        stop(path, range(count))
        print(f"| {count} | {each:.1f} | {listed:.1f} |", flush=True)
    growth("mounts", lambda i: f"lxc.mount.entry = tmpfs mnt{i} tmpfs size=4k,create=dir 0 0", (1, 10, 100))
    growth("networks", lambda i: f"lxc.net.{i + 1}.type = veth\nlxc.net.{i + 1}.flags = up", (1, 10, 50))


def growth(what, line, counts):
    print(f"\n| {what} | keelson, ms | lxc, ms |\n|---|---|---|")
    for count in (1, 2) if QUICK else counts:
        times = measure(lives(config(f"{what}-{count}", *(line(i) for i in range(count)))), 10, 0)
        print("| {} | {} | {} |".format(count, *(f"{times[name]:.1f}" if name in times else "-" for name in COLUMNS[:2])))


def machine():
    versions = [f"LXC {run('lxc-start', '--version').stdout.strip()}"]
    for tool in ("crun", "runc", "bwrap"):
        versions += run(tool, "--version").stdout.splitlines()[:1] if shutil.which(tool) else []
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) // 2**20
    load = " ".join(pathlib.Path("/proc/loadavg").read_text().split()[:1])
    return (f"{os.cpu_count()} processors, {memory} GiB, Linux {platform.release()}, load {load} from elsewhere at the "
            f"beginning; {', '.join(versions)}.")


def write(path, text):
    """Puts it between the markers of the file."""
    begin, end = "<!-- bench -->\n", "<!-- end of bench -->"
    old = pathlib.Path(path).read_text()
    pathlib.Path(path).write_text(old[:old.index(begin) + len(begin)] + text + "\n" + old[old.index(end):])


def tidy():
    stop_all()
    run("ip", "link", "del", BRIDGE)
    run(WORK / "tidy")
    shutil.rmtree(WORK)


def main():
    make_rootfs(ROOTFS), make_rootfs(SHIFTED)
    run("chown", "-hR", "100000:100000", SHIFTED)
    (WORK / "lives").mkdir(), WORK.chmod(0o755), bundle()
    (WORK / "tidy").write_text(f"#!/bin/sh\nrmdir /sys/fs/cgroup/*/lxc.monitor.{LXC}*\n"), (WORK / "tidy").chmod(0o755)
    about, table = machine(), Table()
    print(about + "\n\n" + table.text(), flush=True)
    for part in (measure_lives, measure_running, measure_create, measure_many, count_system_calls):
        part(table)
    if "--curves" in sys.argv:
        curves()
    if "--write" in sys.argv:
        write(sys.argv[sys.argv.index("--write") + 1], about + "\n\n" + table.text())


try:
    main()
finally:
    tidy()
