/* floor: the least work a container needs - the physical limit of this kernel.
 *
 *   floor [-q] [-N runs] [-d] [-H] [-C | -P] [-u base] [-o upper:work] [-s] [-b bridge] ROOTFS CMD [ARG...]
 *   floor -a PID CMD [ARG...]		attach: CMD in the namespaces and cgroups of PID
 *   floor -k PID				stop what -d started: kill, wait until gone, remove the cgroups
 *
 * Runs CMD with the isolation of a default LXC container: new mnt, uts, ipc,
 * pid, net and cgroup namespaces; ROOTFS bound and pivoted to; proc, sysfs ro,
 * tmpfs /dev with the standard nodes, devpts; lo up; host name; five
 * capabilities dropped; a cgroup of its own in every hierarchy below
 * /sys/fs/cgroup, entered before CMD starts and removed after it ended.
 *   -N runs    repeat, print the median of each phase      -q  print nothing
 *   -C         no cgroups          -P  join cgroups as others do: the parent
 *              writes the pid to cgroup.procs, in place of the child a 0 to tasks
 *   -u base    user namespace, ids mapped to base..base+65535 (ROOTFS so owned)
 *   -o up:work overlay over ROOTFS -s  seccomp filter: LXC's common.seccomp
 *   -H         no net namespace: with -C what is left when a pool has both ready
 *   -d         leave CMD running: print its pid and the cgroups' name as soon as it is executed
 *   -b bridge  veth pair, host end on the bridge, eth0 with 10.77.0.9/24 inside
 * No library but libc, nothing parsed, no state kept, no log, no monitor process:
 * a runtime cannot be faster than this unless it does less or does it earlier.
 * Build: gcc -O2 -static -o floor floor.c    (x86-64, root, cgroup v1 or hybrid) */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#define CK(e)                                 \
    do {                                      \
        if ((long)(e) < 0) die(__LINE__, #e); \
    } while (0)
enum { T0, CGMK, CLONED, CHILD, CGIN, ROOT, MNT, DEV, NET, EXEC, EXITED, CGRM, NT };
static const char *phase[NT] = {"",
                                "cgroup mkdir",
                                "clone3 (parent)",
                                "clone3 (child runs)",
                                "cgroup enter + cgroup ns",
                                "bind rootfs",
                                "proc, sys, devpts",
                                "/dev + nodes + pivot_root",
                                "net, host name, caps, seccomp",
                                "(to exec)",
                                "exec, run, exit, namespaces gone",
                                "cgroup rmdir"};
static volatile double T[NT]; /* the child shares our memory, so it stamps here too */
static volatile int go;       /* -u: the id maps are written; -b: the veth is there */
static const char *rootfs, *upper, *bridge;
static char **cmd, cgname[64];
static long idbase;
static int use_cg = 1, hostnet, detach, procs, seccomp, ncg, v2 = -1, quiet, taskfd[32];
static char *hier[32];
static struct { char opt[512]; } ovl;
static int self, kid;
static void cg_remove(void);
static void die(int line, const char *what) {
    dprintf(2, "floor: line %d: %s: %s\n", line, what, strerror(errno));
    if (syscall(SYS_getpid) == self) {
        if (kid > 0) {
            kill(kid, SIGKILL);
            waitpid(kid, NULL, 0);
        }
        if (use_cg) cg_remove();
    }
    _exit(125);
}
static void stamp(int i) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    T[i] = t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}
static void put(int dir, const char *file, const char *s) {
    int f;
    CK(f = openat(dir, file, O_WRONLY | O_CLOEXEC));
    CK(write(f, s, strlen(s)));
    close(f);
}

/* --- one cgroup per hierarchy: made, and its tasks file held open --- */
static void cg_find(void) /* once: what is mounted below /sys/fs/cgroup */
{
    DIR *d = opendir("/sys/fs/cgroup");
    struct dirent *e;
    while (d && (e = readdir(d)))
        if (e->d_type == DT_DIR && e->d_name[0] != '.' && ncg < 32) asprintf(&hier[ncg++], "/sys/fs/cgroup/%s", e->d_name);
    if (d) closedir(d);
}
static void cg_make(void) {
    for (int i = 0; i < ncg; i++) {
        int h, d;
        char b[64];
        ssize_t n;
        CK(h = open(hier[i], O_PATH | O_CLOEXEC));
        CK(mkdirat(h, cgname, 0755));
        CK(d = openat(h, cgname, O_DIRECTORY | O_CLOEXEC));
        taskfd[i] = -1;
        if (strstr(hier[i], "/cpuset"))
            for (int k = 0; k < 2; k++) { /* v1: a cpuset starts empty and takes no task */
                const char *f = k ? "cpuset.mems" : "cpuset.cpus";
                int p = openat(h, f, O_RDONLY | O_CLOEXEC);
                CK(n = read(p, b, sizeof b - 1));
                b[n] = 0;
                close(p);
                put(d, f, b);
            }
        if (strstr(hier[i], "/unified")) {
            v2 = d;
            close(h);
            continue;
        } /* v2: clone3 puts the child there */
        CK(taskfd[i] = openat(d, procs ? "cgroup.procs" : "tasks", O_WRONLY | O_CLOEXEC));
        close(d);
        close(h);
    }
}
static void cg_remove(void) {
    for (int i = 0; i < ncg; i++) {
        char p[128];
        snprintf(p, sizeof p, "%s/%s", hier[i], cgname);
        if (taskfd[i] >= 0) close(taskfd[i]);
        while (rmdir(p) < 0 && errno == EBUSY)
            ;
    }
    if (v2 >= 0) close(v2), v2 = -1;
}
/* --- rtnetlink, as little of it as a veth pair and an address need --- */
static struct {
    struct nlmsghdr h;
    union {
        struct ifinfomsg i;
        struct ifaddrmsg a;
    } u;
    char b[512];
} m;
static void *attr(int t, const void *d, int n) {
    struct rtattr *r = (void *)((char *)&m + NLMSG_ALIGN(m.h.nlmsg_len));
    r->rta_type = t;
    r->rta_len = RTA_LENGTH(n);
    if (n) memcpy(RTA_DATA(r), d, n);
    m.h.nlmsg_len = NLMSG_ALIGN(m.h.nlmsg_len) + RTA_ALIGN(r->rta_len);
    return r;
}
static void end(struct rtattr *r) {
    r->rta_len = (char *)&m + m.h.nlmsg_len - (char *)r;
}
static void talk(void) {
    struct {
        struct nlmsghdr h;
        struct nlmsgerr e;
        char b[256];
    } a;
    int s;
    CK(s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    CK(send(s, &m, m.h.nlmsg_len, 0));
    CK(recv(s, &a, sizeof a, 0));
    close(s);
    if (a.h.nlmsg_type == NLMSG_ERROR && a.e.error) {
        errno = -a.e.error;
        CK(-1);
    }
}
static void veth(int pid) /* host end up and on the bridge, eth0 in the child's namespace: one request */
{
    char host[IFNAMSIZ];
    int br = if_nametoindex(bridge);
    struct rtattr *li, *da, *pe;
    snprintf(host, sizeof host, "fl%d", pid);
    memset(&m, 0, sizeof m);
    m.h =
        (struct nlmsghdr){NLMSG_LENGTH(sizeof m.u.i), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 1, 0};
    m.u.i.ifi_flags = m.u.i.ifi_change = IFF_UP;
    attr(IFLA_IFNAME, host, strlen(host) + 1);
    attr(IFLA_MASTER, &br, 4);
    li = attr(IFLA_LINKINFO, 0, 0);
    attr(IFLA_INFO_KIND, "veth", 4);
    da = attr(IFLA_INFO_DATA, 0, 0);
    struct ifinfomsg peer = {0}; /* up it goes later: a peer cannot be up before the pair exists */
    pe = attr(VETH_INFO_PEER, &peer, sizeof peer);
    attr(IFLA_IFNAME, "eth0", 5);
    attr(IFLA_NET_NS_PID, &pid, 4);
    end(pe);
    end(da);
    end(li);
    talk();
}
static void address(void) {
    uint8_t ip[4] = {10, 77, 0, 9};
    memset(&m, 0, sizeof m);
    m.h = (struct nlmsghdr){NLMSG_LENGTH(sizeof m.u.a), RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 1, 0};
    m.u.a = (struct ifaddrmsg){AF_INET, 24, 0, 0, if_nametoindex("eth0")};
    attr(IFA_LOCAL, ip, 4);
    attr(IFA_ADDRESS, ip, 4);
    talk();
}
/* --- the child: shares our memory until it execs --- */
static void child(void) {
    static const struct {
        const char *n;
        int maj, min;
    } node[] = {{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
    stamp(CHILD);
    if (!detach) prctl(PR_SET_PDEATHSIG, SIGKILL); /* (-u, -b, -P) do not spin for a parent that failed */
    if (idbase) {
        while (!go) syscall(SYS_sched_yield);
        CK(syscall(SYS_setresgid, 0, 0, 0));
        CK(syscall(SYS_setresuid, 0, 0, 0));
    }
    if (use_cg) { /* "0" to tasks moves just the caller and so takes no global lock: no RCU grace period to wait for */
        if (!procs)
            for (int i = 0; i < ncg; i++)
                if (taskfd[i] >= 0) CK(write(taskfd[i], "0", 1));
        if (procs)
            while (!go) syscall(SYS_sched_yield);
        CK(unshare(CLONE_NEWCGROUP));
    }
    stamp(CGIN);
    CK(mount("", "/", NULL, MS_REC | MS_SLAVE, NULL));
    if (upper)
        CK(mount("overlay", rootfs, "overlay", 0, ovl.opt));
    else
        CK(mount(rootfs, rootfs, NULL, MS_BIND | (idbase ? MS_REC : 0), NULL));
    CK(chdir(rootfs));
    stamp(ROOT);
    CK(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
    CK(mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL));
    CK(mount("none", "dev", "tmpfs", MS_NOSUID, "mode=755,size=500k"));
    CK(mkdir("dev/pts", 0755));
    CK(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,max=64"));
    stamp(MNT);
    umask(0);
    for (int i = 0; i < 6; i++) {
        char p[32], h[32];
        snprintf(p, sizeof p, "dev/%s", node[i].n);
        snprintf(h, sizeof h, "/dev/%s", node[i].n);
        if (!idbase)
            CK(mknod(p, S_IFCHR | 0666, makedev(node[i].maj, node[i].min)));
        else {
            CK(mknod(p, S_IFREG | 0666, 0));
            CK(mount(h, p, NULL, MS_BIND, NULL));
        } /* no mknod in a user namespace */
    }
    umask(022);
    CK(symlink("pts/ptmx", "dev/ptmx"));
    CK(symlink("/proc/self/fd", "dev/fd"));
    CK(symlink("/proc/self/fd/0", "dev/stdin"));
    CK(symlink("/proc/self/fd/1", "dev/stdout"));
    CK(symlink("/proc/self/fd/2", "dev/stderr"));
    CK(syscall(SYS_pivot_root, ".", "."));
    CK(umount2(".", MNT_DETACH)); /* the old root is on top: drop it */
    stamp(DEV);
    if (!hostnet) {
        struct ifreq r = {.ifr_name = "lo"};
        int s;
        CK(s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        r.ifr_flags = IFF_UP;
        CK(ioctl(s, SIOCSIFFLAGS, &r));
        if (bridge) {
            while (!go) syscall(SYS_sched_yield);
            strcpy(r.ifr_name, "eth0");
            CK(ioctl(s, SIOCSIFFLAGS, &r));
            address();
        }
        close(s);
    }
    CK(sethostname("floor", 5));
    static const int drop[] = {CAP_MAC_ADMIN, CAP_MAC_OVERRIDE, CAP_SYS_TIME, CAP_SYS_MODULE, CAP_SYS_RAWIO};
    for (int i = 0; i < 5; i++) CK(prctl(PR_CAPBSET_DROP, drop[i], 0, 0, 0));
    if (seccomp) {
#define NR offsetof(struct seccomp_data, nr)
#define EQ(v, t) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, v, t, 0)
        static struct sock_filter f[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
                                         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xc000003e, 0, 9),
                                         BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NR),
                                         EQ(SYS_kexec_load, 8),
                                         EQ(SYS_open_by_handle_at, 7),
                                         EQ(SYS_init_module, 6),
                                         EQ(SYS_finit_module, 5),
                                         EQ(SYS_delete_module, 4),
                                         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_umount2, 0, 2),
                                         BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
                                         BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MNT_FORCE, 2, 0),
                                         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                                         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                                         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES)};
        struct sock_fprog p = {sizeof f / sizeof *f, f};
        CK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p));
    }
    stamp(NET);
    stamp(EXEC);
    char *env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "container=lxc", NULL};
    CK(execve(cmd[0], cmd, env));
}
static long spawn(struct clone_args *a) /* clone3 with CLONE_VM needs its own stack, hence the assembly */
{
    long r;
    register void *fn __asm__("r12") = child;
    __asm__ volatile("syscall\n\ttest %%rax,%%rax\n\tjnz 1f\n\txor %%ebp,%%ebp\n\tcall *%%r12\n\thlt\n1:"
                     : "=a"(r)
                     : "0"(SYS_clone3), "D"(a), "S"(sizeof *a), "r"(fn)
                     : "rcx", "r11", "memory");
    if (r < 0) {
        errno = -r;
        r = -1;
    }
    return r;
}
static int one(int run) {
    static char stack[1 << 16] __attribute__((aligned(16)));
    char b[64], p[64];
    int st;
    long pid;
    go = 0;
    stamp(T0);
    snprintf(cgname, sizeof cgname, "floor-%d-%d", getpid(), run);
    if (use_cg) cg_make();
    stamp(CGMK);
    int wait = idbase || bridge || procs; /* something is left to do for us while the child runs */
    struct clone_args a = {.flags = CLONE_VM | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID |
                                    (hostnet ? 0 : CLONE_NEWNET) | (wait ? 0 : CLONE_VFORK),
                           .exit_signal = SIGCHLD,
                           .stack = (uintptr_t)stack,
                           .stack_size = sizeof stack};
    if (idbase) a.flags |= CLONE_NEWUSER;
    if (v2 >= 0) a.flags |= CLONE_INTO_CGROUP, a.cgroup = v2;
    CK(pid = spawn(&a));
    kid = pid;
    stamp(CLONED);
    if (idbase) {
        int n = snprintf(b, sizeof b, "0 %ld 65536", idbase), d;
        (void)n;
        snprintf(p, sizeof p, "/proc/%ld", pid);
        CK(d = open(p, O_PATH | O_CLOEXEC));
        put(d, "uid_map", b);
        put(d, "gid_map", b);
        close(d);
    }
    if (procs && use_cg) {
        snprintf(b, sizeof b, "%ld", pid);
        for (int i = 0; i < ncg; i++)
            if (taskfd[i] >= 0) CK(write(taskfd[i], b, strlen(b)));
    }
    if (bridge) veth(pid);
    go = 1;
    if (detach) {
        printf("%ld %s\n", pid, cgname);
        return 0;
    } /* vfork: back here means executed */
    CK(waitpid(pid, &st, 0));
    kid = 0;
    stamp(EXITED);
    if (use_cg) cg_remove();
    stamp(CGRM);
    return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}
static int attach(int pid) {
    char p[64], l[512], t[600];
    int pf, st;
    FILE *f;
    snprintf(p, sizeof p, "/proc/%d/cgroup", pid);
    CK(pf = syscall(SYS_pidfd_open, pid, 0));
    if (!(f = fopen(p, "re"))) CK(-1);
    while (fgets(l, sizeof l, f)) { /* ID:controllers:/path */
        char *c = strchr(l, ':') + 1, *d = strchr(c, ':');
        *d++ = 0;
        d[strcspn(d, "\n")] = 0;
        if (!strncmp(c, "name=", 5)) c += 5;
        snprintf(t, sizeof t, "/sys/fs/cgroup/%s%s/%s", *c ? c : "unified", d, *c ? "tasks" : "");
        if (*c) {
            CK(st = open(t, O_WRONLY | O_CLOEXEC));
            CK(write(st, "0", 1));
            close(st);
        } else
            v2 = open(t, O_DIRECTORY | O_CLOEXEC);
    }
    CK(setns(pf, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP));
    struct clone_args a = {.flags = CLONE_VFORK | (v2 >= 0 ? CLONE_INTO_CGROUP : 0), .cgroup = v2, .exit_signal = SIGCHLD};
    CK(pid = syscall(SYS_clone3, &a, sizeof a));
    if (!pid) CK(execv(cmd[0], cmd));
    CK(waitpid(pid, &st, 0));
    return WEXITSTATUS(st);
}
static int stop(int pid) {
    char p[64], l[512];
    int pf, f;
    ssize_t n;
    snprintf(p, sizeof p, "/proc/%d/cgroup", pid);
    CK(pf = syscall(SYS_pidfd_open, pid, 0));
    CK(f = open(p, O_RDONLY));
    CK(n = read(f, l, sizeof l - 1));
    l[n] = 0;
    l[strcspn(l, "\n")] = 0;
    char *s = strstr(l, "/floor-");
    if (!s) return 1;
    snprintf(cgname, sizeof cgname, "%s", s + 1);
    memset(taskfd, -1, sizeof taskfd);
    cg_find();
    CK(syscall(SYS_pidfd_send_signal, pf, SIGKILL, NULL, 0));
    CK(poll(&(struct pollfd){pf, POLLIN, 0}, 1, -1));
    cg_remove();
    return 0;
}
static int cmp(const void *a, const void *b) {
    double x = *(double *)a, y = *(double *)b;
    return (x > y) - (x < y);
}
int main(int argc, char **argv) {
    int o, n = 1, rc = 0, target = 0, victim = 0;
    char *w;
    self = getpid();
    while ((o = getopt(argc, argv, "+qdHN:CPu:o:sb:a:k:")) != -1) switch (o) {
            case 'q':
                quiet = 1;
                break;
            case 'H':
                hostnet = 1;
                break;
            case 'd':
                detach = quiet = 1;
                break;
            case 'a':
                target = atoi(optarg);
                break;
            case 'k':
                victim = atoi(optarg);
                break;
            case 'N':
                n = atoi(optarg);
                break;
            case 'C':
                use_cg = 0;
                break;
            case 'P':
                procs = 1;
                break;
            case 'u':
                idbase = atol(optarg);
                break;
            case 'o':
                upper = optarg;
                break;
            case 's':
                seccomp = 1;
                break;
            case 'b':
                bridge = optarg;
                break;
            default:
                return 2;
        }
    if (victim) return stop(victim);
    if (target && argc > optind) {
        cmd = argv + optind;
        return attach(target);
    }
    if (argc - optind < 2) return 2;
    rootfs = argv[optind];
    cmd = argv + optind + 1;
    if (upper && (w = strchr(upper, ':')))
        snprintf(ovl.opt, sizeof ovl.opt, "lowerdir=%s,upperdir=%.*s,workdir=%s", rootfs, (int)(w - upper), upper, w + 1);
    if (use_cg) cg_find();
    double(*v)[n] = calloc(NT + 1, sizeof *v);
    for (int i = 0; i < n; i++) {
        rc |= one(i);
        for (int k = 1; k < NT; k++) v[k][i] = T[k] - T[k == CHILD ? CGMK : k == CLONED ? CGMK : k - 1];
        v[NT][i] = T[NT - 1] - T[0];
    }
    if (!quiet)
        for (int k = 1; k <= NT; k++)
            if (k != EXEC) {
                qsort(v[k], n, sizeof(double), cmp);
                fprintf(stderr, "%-36s %9.1f us\n", k == NT ? "all, first step to last" : phase[k], v[k][n / 2]);
            }
    return rc;
}
