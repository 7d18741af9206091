#include <kernel/base/text.hpp>
#include <kernel/container/rootfs_child.hpp>
#include <kernel/container/template_run.hpp>
#include <kernel/filesystem/tree.hpp>
#include <kernel/process/program.hpp>

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
    in_rootfs_child(
        facts_, config_, options_.template_name,
        [this](const std::string& rootfs, process::Channel& parent) { work(rootfs, parent); },
        [&result](const std::string& line) { result.lines.push_back(line); });
    result.header = header_of(choose(options_.template_name), options_);
    return result;
}

void TemplateRun::work(const std::string& rootfs, process::Channel& parent) {
    // Storage made it for the container's root; until the shift below everything has the container's own ids.
    const bool shifts = facts_.raw().ordinary_user == 0 && !facts_.idmap().empty();
    if (shifts && ::chown(rootfs.c_str(), 0, 0) != 0) throw Error::last("chown", rootfs);
    for (const std::string& line : fill(rootfs)) parent.send('l', line);
    if (shifts) filesystem::shift_tree(rootfs, facts_.idmap().ranges());
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
