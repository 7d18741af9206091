// Running a template in a process of its own, whose mounts nobody else sees.
#pragma once

#include <kernel/container/container.hpp>
#include <kernel/container/facts.hpp>
#include <kernel/process/channel.hpp>

#include <string>
#include <vector>

namespace keelson::container {

struct TemplateResult {
    std::vector<std::string> lines;  ///< for the configuration
    std::string header;              ///< comment lines that go before it, as lxc-create writes them
};

/// A template is a plugin, or a program /usr/share/lxc/templates/lxc-NAME or /PATH, which the plugin `script` runs.
/// Throws for neither, and for a plugin that cannot be loaded.
void load_template(const std::string& name);
/// Its options as lines to show: those of the plugin, or what the program says to -h. Throws as load_template() does.
std::vector<std::string> template_help(const std::string& name);

class TemplateRun {
public:
    TemplateRun(const Facts& facts, const config::Config& config, const CreateOptions& options, lifecycle::Journal& journal);
    TemplateResult run();

private:
    std::vector<std::string> fill(const std::string& rootfs);
    void work(const std::string& rootfs, process::Channel& parent);

    const Facts& facts_;
    const config::Config& config_;
    const CreateOptions& options_;
    lifecycle::Journal& journal_;
};

}  // namespace keelson::container
