#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/storage.hpp>
#include <kernel/container/template_run.hpp>
#include <kernel/filesystem/mount.hpp>
#include <kernel/filesystem/tree.hpp>
#include <kernel/process/clone.hpp>
#include <kernel/process/credentials.hpp>
#include <kernel/process/program.hpp>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keelson::container {
namespace {

constexpr const char* script_directory = "/usr/share/lxc/templates/lxc-";

struct TemplateChoice {
    std::string plugin;  ///< empty: whichever runs programs
    std::string program;
};

TemplateChoice choose(const std::string& name) {
    if (name.starts_with('/')) return {{}, name};
    if (plugins::PluginHost::instance().knows("template", name)) return {name, {}};
    return {{}, script_directory + name};
}

class ProgressSink final : public abi::Progress {
public:
    explicit ProgressSink(const CreateOptions& options) : options_(options) {}
    void step(abi::StringView what, int32_t percent) noexcept override {
        if (!options_.quiet && options_.progress) options_.progress(sdk::from_abi(what), percent);
    }

private:
    const CreateOptions& options_;
};

const plugins::LoadedPlugin& plugin_of(const TemplateChoice& choice) {
    auto& host = plugins::PluginHost::instance();
    if (!choice.plugin.empty()) return host.load("template", choice.plugin);
    const std::vector<std::string> names = host.applying("template", choice.program);
    if (names.empty()) throw Error(ENOENT, choice.program, "no template plugin runs the program");
    return host.load("template", names.front());
}

/// The lines that lxc-create puts before a configuration.
std::string header_of(const TemplateChoice& choice, const CreateOptions& options) {
    const std::string path = choice.program.empty() ? plugin_of(choice).file().path : choice.program;
    return cat("# Template used to create this container: ", path,
               "\n# Parameters passed to the template: ", base::join(options.arguments, " "),
               "\n# For additional config options, please look at lxc.container.conf(5)\n\n"
               "# Uncomment the following line to support nesting containers:\n"
               "#lxc.include = /usr/share/lxc/config/nesting.conf\n# (Be aware this has security implications)\n\n");
}

}  // namespace

void load_template(const std::string& name) {
    if (name == "none") return;
    const TemplateChoice choice = choose(name);
    if (choice.program.empty() || ::access(choice.program.c_str(), X_OK) == 0) {
        plugin_of(choice);
        return;
    }
    std::string names;
    for (const plugins::PluginFile& file : plugins::PluginHost::instance().list("template"))
        names += cat(names.empty() ? "" : ", ", file.name);
    throw Error(
        ENOENT, name, "bad template",
        cat("there are ", names, ", and the programs ", script_directory, "NAME; none makes a container without a rootfs"));
}

std::vector<std::string> template_help(const std::string& name) {
    load_template(name);
    const TemplateChoice choice = choose(name);
    std::vector<std::string> lines;
    if (choice.program.empty()) {
        sdk::StringCollector collector;
        plugin_of(choice).as<abi::Template>().help(&collector);
        for (const std::string& line : collector.all()) lines.push_back(cat("  ", line));
        return lines;
    }
    const std::string output = process::run_program({choice.program, "-h"}).output;
    for (const std::string_view line : base::split(output, '\n')) lines.emplace_back(line);
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    return lines;
}

TemplateRun::TemplateRun(const Facts& facts, const config::Config& config, const CreateOptions& options,
                         lifecycle::Journal& journal)
    : facts_(facts), config_(config), options_(options), journal_(journal) {}

TemplateResult TemplateRun::run() {
    TemplateResult result;
    if (options_.template_name == "none") return result;
    // Files are made with the container's own ids. An ordinary user cannot do that but in a user namespace that has them.
    const bool in_user_namespace = facts_.raw().ordinary_user != 0;
    auto [ours, theirs] = process::Channel::pair();
    const process::Clone child = process::clone_process({CLONE_NEWNS | (in_user_namespace ? CLONE_NEWUSER : 0U)});
    if (child.pid == 0) {
        ours.close();
        work(theirs);
    }
    theirs.close();
    if (in_user_namespace) facts_.idmap().with_host_id(::geteuid(), ::getegid()).write_for(child.pid);
    ours.send('g');
    bool done = false;
    for (process::Channel::Message message = ours.receive(); message.kind != 0; message = ours.receive()) {
        if (message.kind == 'l') result.lines.push_back(message.text);
        if (message.kind == 'd') done = true;
        if (message.kind == process::Channel::failure) {
            process::reap(child.pidfd.get());
            throw process::unpack(message.text);
        }
    }
    const int status = process::reap(child.pidfd.get());
    if (!done)
        throw Error(ECHILD, options_.template_name, cat("the template ended with status ", process::shell_status(status)));
    result.header = header_of(choose(options_.template_name), options_);
    return result;
}

void TemplateRun::work(process::Channel& channel) {
    process::work_and_end(channel, [&] {
        if (channel.receive().kind != 'g') ::_exit(1);
        if (facts_.raw().ordinary_user != 0) process::become_namespace_root(0, 0);
        ::umask(022);
        if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) throw Error::last("make mounts private", "/");
        const std::string rootfs = mount_rootfs();
        // Storage made it for the container's root; until the shift below everything has the container's own ids.
        const bool shifts = facts_.raw().ordinary_user == 0 && !facts_.idmap().empty();
        if (shifts && ::chown(rootfs.c_str(), 0, 0) != 0) throw Error::last("chown", rootfs);
        for (const std::string& line : fill(rootfs)) channel.send('l', line);
        if (shifts) filesystem::shift_tree(rootfs, facts_.idmap().ranges());
        channel.send('d');
    });
}

/// A directory is its own tree; other storage is mounted at LXCPATH/NAME/rootfs.
std::string TemplateRun::mount_rootfs() {
    const Storage storage(facts_, config_);
    if (storage.is_directory()) return storage.path();
    const std::string target = facts_.directory() + "/rootfs";
    base::make_directories(target, 0755);
    const UniqueFd mount = storage.mount();
    const UniqueFd directory = base::open_file(target, O_PATH | O_DIRECTORY);
    filesystem::attach(mount.get(), directory.get(), target);
    return target;
}

std::vector<std::string> TemplateRun::fill(const std::string& rootfs) {
    const TemplateChoice choice = choose(options_.template_name);
    const plugins::LoadedPlugin& plugin = plugin_of(choice);
    const CallContext context(facts_, config_, plugin, &journal_);
    std::vector<abi::StringView> words;
    if (!choice.program.empty()) words.push_back(sdk::to_abi(choice.program));
    for (const std::string& argument : options_.arguments) words.push_back(sdk::to_abi(argument));
    const abi::TemplateRequest request{
        sizeof request, options_.quiet ? 1U : 0U, sdk::to_abi(rootfs), {words.data(), words.size()}};
    ProgressSink progress(options_);
    sdk::StringCollector lines;
    plugins::call(plugin, [&](abi::ErrorSink* e) {
        return plugin.as<abi::Template>().create(context.raw(), &request, &progress, &lines, e);
    });
    return lines.all();
}

}  // namespace keelson::container
