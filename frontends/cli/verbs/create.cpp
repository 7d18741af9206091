#include <unistd.h>
#include <frontends/cli/arguments.hpp>
#include <frontends/cli/verb_table.hpp>
#include <kernel/container/template_run.hpp>

#include <cstdio>

namespace keelson::cli {

namespace {

constexpr Option options[] = {
    {'t', "template", "TEMPLATE", "What makes the root filesystem; none: nothing does"},
    {'f', "config", "FILE", "Begin with this configuration"},
    {'B', "bdev", "STORAGE", "Storage: dir, btrfs, loop, overlay, ..., or best"},
    {'6', "dir", "PATH", "Where dir storage puts the root filesystem"},
    {'0', "lvname", "NAME", "LVM volume (default: the container's name)"},
    {'1', "vgname", "NAME", "LVM volume group"},
    {'2', "thinpool", "NAME", "LVM thin pool"},
    {'3', "fstype", "TYPE", "Filesystem of a block device (default: ext4)"},
    {'4', "fssize", "SIZE[U]", "Size of a block device (default: 1G; units bBkKmMgGtT)"},
    {'5', "zfsroot", "PATH", "ZFS parent"},
    {'7', "rbdname", "NAME", "RBD image"},
    {'8', "rbdpool", "NAME", "Ceph pool"},
};

/// Shown while a template works, on a terminal only: one line that is written over. The template calls it in a process of its
/// own, so whoever ends the line cannot know whether it is there.
class Progress {
public:
    explicit Progress(bool quiet) : visible_(!quiet && ::isatty(STDERR_FILENO) != 0) {}
    ~Progress() {
        if (visible_) std::fputs(clear, stderr);
    }

    void show(std::string_view what, int percent) {
        if (!visible_) return;
        const std::string text(what.substr(0, 60));
        if (percent >= 0)
            std::fprintf(stderr, "%s%3d%%  %s", clear, percent, text.c_str());
        else
            std::fprintf(stderr, "%s      %s", clear, text.c_str());
    }
    /// Whoever saw the line is left with this one instead.
    void end(const std::string& text) {
        if (visible_) std::fprintf(stderr, "%s%s\n", clear, text.c_str());
        visible_ = false;
    }

private:
    static constexpr const char* clear = "\r\033[K";
    bool visible_;
};

void take_storage(const Options& given, container::CreateOptions& create) {
    create.storage = given.value("bdev");
    create.directory = given.value("dir");
    if (!create.directory.empty() && create.directory.front() != '/')
        throw UsageError(cat("--dir: '", create.directory, "' is not an absolute path"));
    create.directory = clean_path(create.directory);
    create.filesystem = given.value("fstype");
    if (given.has("fssize")) create.bytes = parse_bytes("fssize", given.value("fssize"));
    const bool plain =
        create.storage.empty() || create.storage == "dir" || create.storage == "none" || create.storage == "btrfs";
    if (plain && (given.has("fstype") || given.has("fssize")))
        throw UsageError("--fstype and --fssize are for storage on a block device");
    for (const char* name : {"lvname", "vgname", "thinpool", "zfsroot", "rbdname", "rbdpool"})
        if (given.has(name)) create.storage_options.push_back(cat(name, "=", given.value(name)));
}

void show_template_help(const Invocation& invocation) {
    const std::string name = invocation.options.value("template");
    if (name.empty() || name == "none") return;
    std::string text = cat("Options of the template ", name, ", after --:\n\n");
    for (const std::string& line : container::template_help(name)) text += cat(line, "\n");
    std::fwrite(text.data(), 1, text.size(), stdout);
}

int run(Invocation& invocation) {
    const Options& given = invocation.options;
    if (!given.has("template"))
        return usage_failure(invocation, "a template must be specified; \"none\" makes a container without a root filesystem");
    container::CreateOptions create;
    create.template_name = given.value("template");
    create.arguments = invocation.words();
    create.config_file = absolute(given.value("config"));
    create.quiet = invocation.quiet();
    take_storage(given, create);
    auto container = invocation.container();
    if (container.defined()) throw Error(EEXIST, container.name(), "create", "destroy it first, or choose another name");
    Progress progress(create.quiet);
    create.progress = [&progress](std::string_view what, int percent) { progress.show(what, percent); };
    container.create(create);
    progress.end(cat("made ", container.directory()));
    return 0;
}

}  // namespace

const Verb create_verb = {
    .name = "create",
    .synopsis = "--name=NAME --template=TEMPLATE [-- TEMPLATE OPTIONS]",
    .summary = "Make a container",
    .failed = "was not created",
    .options = options,
    .run = run,
    .enters = true,
    .more_help = show_template_help,
};

}  // namespace keelson::cli
