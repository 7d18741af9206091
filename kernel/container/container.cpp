#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/container.hpp>
#include <kernel/container/partial.hpp>
#include <kernel/container/session.hpp>
#include <kernel/monitor/command_client.hpp>
#include <kernel/process/namespaces.hpp>

#include <fcntl.h>
#include <linux/limits.h>
#include <sched.h>

namespace keelson::container {
namespace {

void refuse_bad_name(const std::string& name) {
    const auto refuse = [&](const char* why) {
        std::string shown = name;
        for (char& c : shown) {
            if (static_cast<unsigned char>(c) < ' ') c = '?';
        }
        throw Error(EINVAL, shown, why, "use letters, digits, dots, hyphens and underscores");
    };
    if (name.empty()) refuse("a container needs a name");
    if (name.size() > NAME_MAX) refuse("the container's name is longer than a file name can be");
    if (name == "." || name == "..") refuse("this cannot be a container's name");
    for (const char c : name) {
        if (c == '/') refuse("a container's name cannot have a slash in it");
        if (static_cast<unsigned char>(c) < ' ')
            refuse("a container's name cannot have a newline or another control character in it");
    }
}

std::optional<uint64_t> figure(uint64_t raw) { return raw == UINT64_MAX ? std::nullopt : std::optional(raw); }

}  // namespace

Container::Container(std::string name, std::string lxcpath) : name_(std::move(name)), lxcpath_(std::move(lxcpath)) {
    refuse_bad_name(name_);
}

bool Container::defined() const { return base::exists(config_path()); }

bool Container::partial() const { return is_partial(*this); }

config::Config& Container::config() {
    if (!config_) {
        config::Config loaded(plugins::PluginHost::instance());
        loaded.load_if_there(config_path());
        config_ = std::move(loaded);
    }
    return *config_;
}

void Container::load_config(const std::string& file) {
    config::Config loaded(plugins::PluginHost::instance());
    loaded.load(file);
    config_ = std::move(loaded);
    given_config_ = true;
}

monitor::State Container::state() { return monitor::CommandClient(lxcpath_, name_).state(); }

monitor::Status Container::status() { return monitor::CommandClient(lxcpath_, name_).status(); }

std::string Container::item(const std::string& key) {
    const bool runs = !given_config_ && state() != monitor::State::stopped;
    return runs ? running_item(*this, key) : config().printed(key);
}

std::optional<pid_t> Container::init_pid() { return monitor::CommandClient(lxcpath_, name_).init_pid(); }

Usage Container::usage() {
    const Session session(*this);
    const abi::CgroupUsage raw = session.cgroup().usage();
    return {figure(raw.cpu_ns), figure(raw.memory_bytes), figure(raw.kernel_memory_bytes), figure(raw.swap_bytes),
            figure(raw.io_bytes)};
}

std::string Container::cgroup_get(const std::string& file) { return Session(*this).cgroup().read(file); }

void Container::cgroup_set(const std::string& file, const std::string& value) { Session(*this).cgroup().write(file, value); }

}  // namespace keelson::container
