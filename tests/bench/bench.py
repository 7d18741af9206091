#!/usr/bin/env python3
"""bench.py BUILD TOOLS [--quick] [--curves] [--write FILE]: what script/bench measures, once all is built.

BUILD has bin/keelson, installed or just built, TOOLS round_robin and floor. A row is one thing done by each runtime that is
installed, in turns; a runtime that is not there, or cannot do it, gets a "-". Times are in milliseconds, and medians of all
rounds: most of a cold start is waiting for a time that is never the same, and the fastest rounds waited for less by luck.
"""
import json, os, pathlib, platform, random, re, shutil, subprocess, sys, tempfile, time

BUILD, TOOLS = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
QUICK = "--quick" in sys.argv
KEELSON = str(BUILD / "bin/keelson")
WORK = pathlib.Path(tempfile.mkdtemp(prefix="klt-bench-", dir="/var/tmp"))
ROOTFS, SHIFTED = WORK / "rootfs", WORK / "rootfs-of-100000"
LXC, OURS, BRIDGE, MANY = "kltbl", "kltbk", "kltbenchbr", f"kltb{os.getpid()}-"
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
    return {name: float(median) for name, _, median, _, failures in fields if failures == "0"}


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
    table.timed("--version, ms", {"keelson": f"{KEELSON} --version", "lxc": "lxc-info --version"}, ("warm",))
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


def define(count, what="defined"):
    """Containers in a directory of their own."""
    path = WORK / f"{what}-{count}"
    for i in range(count):
        (path / f"{MANY}{i:04}").mkdir(parents=True)
        shutil.copy(WORK / "running.conf", path / f"{MANY}{i:04}/config")
    return path


def two_at_a_time(tool, verb, path, numbers, *more):
    """The same of each container; returns how many there were in a second."""
    begin, waiting = time.monotonic(), []
    for i in numbers:
        waiting.append(subprocess.Popen([*f"{tool}{verb} -P {path} -n {MANY}{i:04}".split(), *more]))
        if len(waiting) == 2:
            waiting.pop(0).wait()
    for process in waiting:
        process.wait()
    return len(numbers) / (time.monotonic() - begin)


def start(path, numbers, tool=f"{KEELSON} "):
    return two_at_a_time(tool, "start", path, numbers, "-d", "--", "/bin/sleep", "1000")


def stop(path, numbers, tool=f"{KEELSON} "):
    return two_at_a_time(tool, "stop", path, numbers, "-k")


def listing(path, option):
    return {"keelson": f"{KEELSON} ls -P {path} {option}", "lxc": f"lxc-ls -P {path} {option}"}


def measure_many(table):
    path = define(DEFINED)
    table.timed(f"ls -1, {DEFINED} defined, ms", listing(path, "-1"), ("warm",), rounds=10)
    starts, private, machine_memory, stops = {}, {}, {}, {}
    for name, tool in (("lxc", "lxc-"), ("keelson", f"{KEELSON} ")):
        free = settled_kib()
        starts[name] = start(path, range(RUNNING), tool)
        time.sleep(0 if QUICK else 2)  # a monitor that waits gets smaller
        private[name], machine_memory[name] = private_kib(path), (free - settled_kib()) / RUNNING
        if name == "keelson":
            table.timed(f"ls -f, {RUNNING} of {DEFINED} running, ms", listing(path, "-f"), ("warm",), rounds=10)
        stops[name] = stop(path, range(RUNNING), tool)
    table.add("private memory of one monitor, KiB", private, 0)
    table.add("memory of the machine for one container that sleeps, KiB", machine_memory, 0)
    table.add("starts a second, two at a time", starts, 0)
    table.add("kills a second, two at a time", stops, 0)


def settled_kib():
    """Once the kernel has given back what it still held of the containers before, or after a minute."""
    before = available_kib()
    for _ in range(0 if QUICK else 20):
        time.sleep(3)
        now = available_kib()
        if abs(now - before) < 1024:
            break
        before = now
    return available_kib()


def available_kib():
    return int(re.search(r"MemAvailable:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])


def private_kib(path):
    """Of the monitor in the middle. Of several, because a page that only one process has counts as private."""
    sizes = []
    for pid in monitors(path):
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        sizes.append(sum(int(value) for value in re.findall(r"Private_\w+:\s+(\d+)", text)))
    return sorted(sizes)[len(sizes) // 2]


def monitors(path):
    for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if process.read_bytes().startswith(f"[lxc monitor] {path}".encode()):
                yield process.parent.name
        except OSError:
            pass


def make_tree(path):
    """175 MB in 8000 files, the same in each run."""
    sizes = random.Random(1)
    for i in range(80 if QUICK else 8000):
        file = path / f"{i % 20:02}/{i % 400:03}/{i}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(sizes.randbytes(int(sizes.expovariate(1 / 22000))))


def mount_new(kind):
    """A file system of its own, because ext4 avoids the inodes that were freed in the last minutes."""
    image, path = WORK / f"{kind}.image", WORK / kind
    path.mkdir()
    with open(image, "w") as file:
        file.truncate(6 << 30)
    run(f"mkfs.{kind}", "-q", image)
    mounted = run("mount", "-o", "loop", image, path)
    return path if mounted.returncode == 0 else None


def measure_storage(table):
    for title, kind, options in (("full copy of 175 MB", "ext4", ""), ("snapshot, overlay", "ext4", "-s -B overlay"),
                                 ("snapshot, btrfs", "btrfs", "-s")):
        path = mount_new(kind)
        if not path:
            continue
        if kind == "btrfs":
            (path / "kltbfrom").mkdir(), run("btrfs", "subvolume", "create", path / "kltbfrom/rootfs")
        make_tree(path / "kltbfrom/rootfs")
        storage = "btrfs" if kind == "btrfs" else "dir"
        (path / "kltbfrom/config").write_text(f"lxc.rootfs.path = {storage}:{path}/kltbfrom/rootfs\n")
        copies = {name: (f"{tool}copy -P {path} -n kltbfrom -N kltbto{name} {options}", f"{tool}destroy -P {path} -n kltbto{name}")
                  for name, tool in (("keelson", f"{KEELSON} "), ("lxc", "lxc-"))}
        table.timed(f"{title}, ms", {name: {"run": copy, "after": destroy} for name, (copy, destroy) in copies.items()},
                    ("warm",), rounds=5)
        if not options:
            table.timed("destroy of that, ms", {name: {"before": copy, "run": destroy} for name, (copy, destroy) in copies.items()},
                        ("warm",), rounds=5)
        run("umount", path), path.rmdir(), (WORK / f"{kind}.image").unlink()


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
        path = define(count, "running")
        each = 1000 / start(path, range(count))
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


def put_run_in_memory():
    """As on any machine that boots with systemd; nothing of it is left when this mount namespace ends."""
    if run("findmnt", "-n", "-o", "FSTYPE", "-T", "/run").stdout.strip() != "tmpfs":
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")


def tidy():
    stop_all()
    run("ip", "link", "del", BRIDGE)
    run(WORK / "tidy")
    shutil.rmtree(WORK)


def main():
    put_run_in_memory()
    make_rootfs(ROOTFS), make_rootfs(SHIFTED)
    run("chown", "-hR", "100000:100000", SHIFTED)
    (WORK / "lives").mkdir(), WORK.chmod(0o755), bundle()
    (WORK / "tidy").write_text(f"#!/bin/sh\nrmdir /sys/fs/cgroup/*/lxc.monitor.{LXC}*\n"), (WORK / "tidy").chmod(0o755)
    about, table = machine(), Table()
    print(about + "\n\n" + table.text(), flush=True)
    for part in (measure_lives, measure_running, measure_create, measure_storage, measure_many, count_system_calls):
        part(table)
    if "--curves" in sys.argv:
        curves()
    if "--write" in sys.argv:
        write(sys.argv[sys.argv.index("--write") + 1], about + "\n\n" + table.text())


try:
    main()
finally:
    tidy()
