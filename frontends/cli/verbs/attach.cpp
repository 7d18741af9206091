#include <strings.h>
#include <sys/personality.h>
#include <frontends/cli/arguments.hpp>
#include <frontends/cli/verb_table.hpp>
#include <kernel/base/text.hpp>

namespace keelson::cli {

namespace {

constexpr Option options[] = {
    {'e', "elevated-privileges", "[LIST]",
     "Leave out parts of the confinement: CGROUP, CAP, LSM,\njoined by | and glued to the option (default: all)"},
    {'a', "arch", "ARCH", "Architecture that the command sees"},
    {'s', "namespaces", "LIST", "Join these namespaces only, joined by |; implies -e"},
    {'R', "remount-sys-proc", nullptr, "Mount /proc and /sys anew when MOUNT is not joined"},
    {0, "clear-env", nullptr, "Begin with an empty environment"},
    {0, "keep-env", nullptr, "Keep the caller's environment (default)"},
    {0, "keep-var", "NAME", "Keep this variable with --clear-env"},
    {'v', "set-var", "NAME=VALUE", "Set a variable"},
    {'L', "pty-log", "FILE", "Append what the terminal shows to FILE"},
    {'f', "rcfile", "FILE", "Use FILE instead of the container's configuration"},
    {'u', "uid", "UID", "Run the command as this user"},
    {'g', "gid", "GID", "Run the command as this group"},
    {'c', "context", "LABEL", "Security label instead of the container's"},
};

void take_elevated(const Options& given, container::AttachOptions& attach) {
    std::string list = given.value("elevated-privileges");
    if (list.empty()) list = "CGROUP|CAP|LSM";
    for (const auto part : base::split(list, '|')) {
        const std::string word(part);
        bool* target = nullptr;
        if (strcasecmp(word.c_str(), "CGROUP") == 0) target = &attach.skip_cgroup;
        if (strcasecmp(word.c_str(), "CAP") == 0) target = &attach.skip_capabilities;
        if (strcasecmp(word.c_str(), "LSM") == 0) target = &attach.skip_lsm;
        if (!target) throw UsageError(cat("unknown privilege '", word, "': CGROUP, CAP, LSM, joined by |"));
        *target = true;
    }
}

/// Names as lxc.arch has them (personality(2)).
unsigned long personality_of(const std::string& name) {
    for (const char* word : {"i386", "i486", "i586", "i686", "x86", "linux32", "arm", "armel", "armhf", "armv7", "armv7l",
                             "mips", "mipsel", "ppc", "powerpc"})
        if (name == word) return PER_LINUX32;
    for (const char* word : {"x86_64", "amd64", "linux64", "aarch64", "arm64", "mips64", "mips64el", "ppc64", "ppc64el",
                             "ppc64le", "powerpc64", "riscv64", "s390x", "loongarch64"})
        if (name == word) return PER_LINUX;
    throw UsageError(cat("unknown architecture '", name, "'"));
}

container::AttachOptions attach_options(const Invocation& invocation) {
    const Options& given = invocation.options;
    container::AttachOptions attach;
    attach.command = invocation.words();
    if (given.has("elevated-privileges")) take_elevated(given, attach);
    if (given.has("namespaces")) {
        attach.namespaces = parse_namespaces(given.value("namespaces"));
        attach.skip_cgroup = attach.skip_capabilities = attach.skip_lsm = true;
    }
    attach.clear_environment = given.has("clear-env");
    if (attach.clear_environment && given.has("keep-env")) throw UsageError("--clear-env and --keep-env contradict each other");
    attach.keep_variables = given.all("keep-var");
    attach.set_variables = given.all("set-var");
    if (given.has("uid")) attach.uid = parse_id("uid", given.value("uid"));
    if (given.has("gid")) attach.gid = parse_id("gid", given.value("gid"));
    if (given.has("arch")) attach.personality = personality_of(given.value("arch"));
    attach.remount_sys_proc = given.has("remount-sys-proc");
    attach.context = given.value("context");
    if (given.has("context") && given.has("elevated-privileges") && attach.skip_lsm)
        throw UsageError("--context cannot be used when -e leaves out LSM");
    attach.pty_log = given.value("pty-log");
    return attach;
}

int run(Invocation& invocation) {
    const auto attach = attach_options(invocation);
    if (::geteuid() != 0 && !may_use_path(invocation)) return 1;
    auto container = invocation.container();
    return container.attach(attach);
}

}  // namespace

const Verb attach_verb = {
    .name = "attach",
    .synopsis = "--name=NAME [-- COMMAND]",
    .summary = "Run a command inside a running container",
    .failed = "was not entered",
    .options = options,
    .run = run,
    .enters = true,
};

}  // namespace keelson::cli
