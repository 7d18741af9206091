#include <frontends/cli/arguments.hpp>
#include <frontends/cli/verb_table.hpp>

#include <cstdio>

namespace keelson::cli {

namespace {

constexpr Option options[] = {
    {'N', "newname", "NEWNAME", "Name of the copy"},
    {'p', "newpath", "DIR", "Directory of containers that the copy comes into (default: the original's)"},
    {'s', "snapshot", nullptr, "Share the original's storage instead of copying it"},
    {'a', "allowrunning", nullptr, "Even if the original is running"},
    {'B', "backingstorage", "STORAGE", "Storage of the copy (default: the original's)"},
    {'L', "fssize", "SIZE[U]", "Size of a new block device (units bBkKmMgGtT)"},
    {'K', "keepname", nullptr, "Leave the host name as it is"},
    {'M', "keepmac", nullptr, "Leave hardware addresses as they are"},
    {'R', "rename", nullptr, nullptr},
    {'e', "ephemeral", nullptr, nullptr},
    {'F', "foreground", nullptr, nullptr},
    {'d', "daemon", nullptr, nullptr},
    {'m', "mount", "KIND=SPEC", nullptr},
    {'t', "tmpfs", nullptr, nullptr},
    {'D', "keepdata", nullptr, nullptr},
};

/// LXC's, which would leave another container than the one that was asked for.
void refuse_missing(const Options& given) {
    for (const char* option : {"rename", "ephemeral", "foreground", "daemon", "mount", "tmpfs", "keepdata"})
        if (given.has(option)) throw UsageError(cat("--", option, " is not supported yet"));
}

std::string storage_type(const std::string& given) {
    const bool overlay = !given.empty() && std::string_view("overlay").starts_with(given);
    return overlay ? "overlay" : given;
}

int run(Invocation& invocation) {
    const Options& given = invocation.options;
    refuse_missing(given);
    if (!given.has("newname")) return usage_failure(invocation, "you must provide a new name for the copy: --newname");
    container::CopyOptions copy;
    copy.name = given.value("newname");
    copy.lxcpath = clean_path(given.value("newpath"));
    while (copy.lxcpath.size() > 1 && copy.lxcpath.ends_with('/')) copy.lxcpath.pop_back();
    copy.storage = storage_type(given.value("backingstorage"));
    if (given.has("fssize")) copy.bytes = parse_bytes("fssize", given.value("fssize"));
    copy.snapshot = given.has("snapshot");
    copy.keep_name = given.has("keepname");
    copy.keep_addresses = given.has("keepmac");
    copy.allow_running = given.has("allowrunning");
    copy.arguments = invocation.words();
    auto container = invocation.container();
    container.copy(copy);
    if (!invocation.quiet()) std::printf("Created %s as clone of %s\n", copy.name.c_str(), container.name().c_str());
    return 0;
}

}  // namespace

const Verb copy_verb = {
    .name = "copy",
    .synopsis = "--name=NAME --newname=NAME [-s] [-- ARGUMENTS OF lxc.hook.clone]",
    .summary = "Make a container from another one",
    .failed = "was not copied",
    .options = options,
    .run = run,
    .enters = true,
};

}  // namespace keelson::cli
