// bin/keelson: executes lib/keelson/keelson, which has all verbs, and for those that enter a container from a read-only clone
// of its mount (CVE-2019-5736). That program would do so itself if it found itself writable, but has taken a quarter of a
// millisecond to start by then; this one has no library and is there in a twentieth.
#include "entering.hpp"
#include "system.hpp"

namespace {

using namespace keelson;
using namespace keelson::launcher;

constexpr long at_cwd = -100, at_empty_path = 0x1000, close_on_exec = 02000000;
constexpr unsigned longest_path = 4096;
constexpr char program_below_prefix[] = "/lib/keelson/keelson";
constexpr char variable[] = "KEELSON_PROGRAM=";  // config::program_path_variable

unsigned long length(const char* text) {
    unsigned long count = 0;
    while (text[count] != '\0') ++count;
    return count;
}

bool begins_with(const char* text, const char* beginning) {
    while (*beginning != '\0' && *text == *beginning) ++text, ++beginning;
    return *beginning == '\0';
}

bool equal(const char* one, const char* other) { return begins_with(one, other) && length(one) == length(other); }

char* copy(char* to, const char* text) {
    while (*text != '\0') *to++ = *text++;
    *to = '\0';
    return to;
}

/// Where `count` path components begin that stand at the end; null if there are fewer.
char* last_components(char* path, char* end, int count) {
    while (end > path && count > 0)
        if (*--end == '/') --count;
    return count == 0 ? end : nullptr;
}

/// "KEELSON_PROGRAM=PREFIX/lib/keelson/keelson", as we are PREFIX/bin/NAME.
struct Program {
    char entry[sizeof variable + longest_path + sizeof program_below_prefix];
    const char* path() const { return entry + sizeof variable - 1; }

    bool find() {
        char* const begin = copy(entry, variable);
        const long size = system_call(SYS_readlinkat, at_cwd, "/proc/self/exe", reinterpret_cast<long>(begin), longest_path);
        char* const end = size > 0 ? last_components(begin, begin + size, 2) : nullptr;
        if (end == nullptr) return false;
        copy(end, program_below_prefix);
        return true;
    }
};

bool enters(char** arguments) {
    const char* name = arguments[0] ? arguments[0] : "";
    for (const char* at = name; *at != '\0'; ++at)
        if (*at == '/') name = at + 1;
    const char* const verb = begins_with(name, "lxc-") ? name + 4 : arguments[0] ? arguments[1] : nullptr;
    if (verb == nullptr) return false;
    for (const char* each = entering_verbs; *each != '\0'; each += length(each) + 1)
        if (equal(verb, each)) return true;
    return false;
}

/// Returns when it cannot be done.
void execute_read_only(const char* path, char** arguments, char** environment) {
    const long clone = system_call(SYS_open_tree, at_cwd, path, OPEN_TREE_CLONE | close_on_exec);
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
    if (clone < 0 ||
        system_call(SYS_mount_setattr, clone, "", at_empty_path, reinterpret_cast<long>(&attributes), sizeof attributes) < 0)
        return;
    system_call(SYS_execveat, clone, "", reinterpret_cast<long>(arguments), reinterpret_cast<long>(environment), at_empty_path);
}

void complain(const char* text) { system_call(SYS_write, 2, text, static_cast<long>(length(text))); }

[[noreturn]] void leave() {
    for (;;) system_call(SYS_exit_group, 127);
}

}  // namespace

extern "C" [[noreturn]] void run(long* stack) {
    const long count = stack[0];
    char** const arguments = reinterpret_cast<char**>(stack + 1);
    char** const environment = arguments + count + 1;
    Program program;
    if (!program.find()) {
        complain("keelson: cannot tell where it is installed: is /proc mounted?\n");
        leave();
    }
    if (system_call(SYS_geteuid) == 0 && enters(arguments)) {
        unsigned long variables = 0;
        while (environment[variables] != nullptr) ++variables;
        char** const told = static_cast<char**>(__builtin_alloca((variables + 2) * sizeof *told));
        told[0] = program.entry;  // before one of that name that may be there
        for (unsigned long i = 0; i <= variables; ++i) told[i + 1] = environment[i];
        execute_read_only(program.path(), arguments, told);
    }
    system_call(SYS_execve, reinterpret_cast<long>(program.path()), reinterpret_cast<long>(arguments),
                reinterpret_cast<long>(environment));
    complain("keelson: cannot execute ");
    complain(program.path());
    complain("\n");
    leave();
}
