#include <kernel/base/file.hpp>
#include <kernel/container/cgroup.hpp>

#include <fcntl.h>

#include <algorithm>
#include <array>

namespace keelson::container {
namespace {

constexpr size_t most_hierarchies = 32;

class MountCollector final : public abi::CgroupMountSink {
public:
    void mount(const abi::CgroupMount* mount) noexcept override {
        mounts.push_back({std::string(sdk::from_abi(mount->type)), std::string(sdk::from_abi(mount->source)),
                          std::string(sdk::from_abi(mount->target)), std::string(sdk::from_abi(mount->options)),
                          mount->read_only != 0});
    }
    std::vector<filesystem::CgroupMountPlan> mounts;
};

constexpr const char* no_driver = "none";

/// `name` empty: the first that applies to the host.
const plugins::LoadedPlugin* choose_driver(const std::string& name) {
    plugins::PluginHost& host = plugins::PluginHost::instance();
    if (name == no_driver) return nullptr;
    if (!name.empty()) return &host.load("cgroup", name);
    const std::vector<std::string> applying = host.applying("cgroup");
    return applying.empty() ? nullptr : &host.load("cgroup", applying.front());
}

}  // namespace

void CgroupEntry::enter_v1() const {
    for (const UniqueFd& file : tasks) base::write_fd(file.get(), "0", "cgroup tasks");
}

void CgroupEntry::enter() const {
    if (unified) base::write_fd(base::open_at(unified.get(), "cgroup.procs", O_WRONLY).get(), "0", "cgroup.procs");
    enter_v1();
}

Cgroup::Cgroup(const Facts& facts, const config::Config& config, std::string driver, std::string state)
    : facts_(facts), config_(config), state_(std::move(state)) {
    driver_ = choose_driver(driver.empty() ? config.get("keelson.cgroup.driver") : driver);
}

std::string Cgroup::driver_name() const { return driver_ != nullptr ? driver_->file().name : no_driver; }

const plugins::LoadedPlugin& Cgroup::need(const std::string& object) const {
    if (driver_ == nullptr) throw Error(ENOENT, object, cat("container ", facts_.name(), " has no cgroup"));
    return *driver_;
}

/// Calls one method of the driver; `arguments` stand between the state and the error sink.
template <typename Method, typename... Arguments>
void Cgroup::ask(Method method, Arguments... arguments) const {
    const CallContext context(facts_, config_, *driver_, journal_);
    plugins::call(*driver_, [&](abi::ErrorSink* e) {
        return (driver_->as<abi::CgroupDriver>().*method)(context.raw(), sdk::to_abi(state_), arguments..., e);
    });
}

void Cgroup::create(lifecycle::Journal& journal) {
    if (driver_ == nullptr) return;
    journal_ = &journal;
    const CallContext context(facts_, config_, *driver_, journal_);
    sdk::StringCollector state;
    plugins::call(*driver_,
                  [&](abi::ErrorSink* e) { return driver_->as<abi::CgroupDriver>().create(context.raw(), &state, e); });
    state_ = state.first();
}

UniqueFd Cgroup::birthplace() const {
    int32_t directory = -1;
    if (driver_ != nullptr) ask(&abi::CgroupDriver::birthplace, &directory);
    return UniqueFd(directory);
}

void Cgroup::complete() const {
    if (driver_ != nullptr) ask(&abi::CgroupDriver::complete);
}

void Cgroup::adopt(std::string state, lifecycle::Journal& journal) {
    state_ = std::move(state);
    journal_ = &journal;
}

CgroupEntry Cgroup::entry(abi::CgroupRole role) const {
    CgroupEntry result;
    if (driver_ == nullptr) return result;
    std::array<int32_t, most_hierarchies> tasks{};
    abi::CgroupEntry raw{sizeof raw, -1, tasks.data(), most_hierarchies, 0};
    ask(&abi::CgroupDriver::entry, role, &raw);
    result.unified.reset(raw.unified_owned);
    for (uint32_t i = 0; i < raw.count; ++i) result.tasks.emplace_back(tasks[i]);
    return result;
}

bool Cgroup::limits(abi::CgroupPhase phase) const {
    if (driver_ == nullptr) return false;
    const auto configured = [&](const std::string& prefix) {
        return std::ranges::any_of(config_.family(prefix), [&](const config::Entry& entry) {
            const bool devices = std::string_view(entry.key).substr(prefix.size()).starts_with("devices.");
            return devices == (phase == abi::CgroupPhase::after_setup);
        });
    };
    return configured("lxc.cgroup.") || configured("lxc.cgroup2.");
}

void Cgroup::limit(abi::CgroupPhase phase) const {
    if (driver_ != nullptr) ask(&abi::CgroupDriver::limit, phase);
}

void Cgroup::freeze(bool frozen, unsigned timeout_ms) const {
    need("freeze");
    ask(&abi::CgroupDriver::freeze, frozen, timeout_ms);
}

bool Cgroup::is_frozen() const {
    bool frozen = false;
    if (driver_ != nullptr) ask(&abi::CgroupDriver::is_frozen, &frozen);
    return frozen;
}

void Cgroup::release() const {
    if (driver_ != nullptr) ask(&abi::CgroupDriver::release);
}

std::optional<Cgroup::FrozenFile> Cgroup::frozen_file() const {
    if (driver_ == nullptr) return FrozenFile{};
    sdk::StringCollector texts;
    ask(&abi::CgroupDriver::frozen_file, static_cast<abi::StringSink*>(&texts));
    if (texts.all().size() != 2) return std::nullopt;
    return FrozenFile{texts.all()[0], texts.all()[1]};
}

std::string Cgroup::read(const std::string& file) const {
    need(file);
    sdk::StringCollector value;
    ask(&abi::CgroupDriver::read, sdk::to_abi(file), static_cast<abi::StringSink*>(&value));
    return value.first();
}

void Cgroup::write(const std::string& file, const std::string& value) const {
    need(file);
    ask(&abi::CgroupDriver::write, sdk::to_abi(file), sdk::to_abi(value));
}

std::string Cgroup::path(const std::string& controller) const {
    need(controller);
    sdk::StringCollector path;
    ask(&abi::CgroupDriver::path, sdk::to_abi(controller), static_cast<abi::StringSink*>(&path));
    return path.first();
}

abi::CgroupUsage Cgroup::usage() const {
    abi::CgroupUsage usage{sizeof usage, 0, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    if (driver_ != nullptr) ask(&abi::CgroupDriver::usage, &usage);
    return usage;
}

std::vector<filesystem::CgroupMountPlan> Cgroup::mounts(const abi::CgroupMountRequest& request) const {
    MountCollector collector;
    if (driver_ != nullptr) ask(&abi::CgroupDriver::mounts, &request, static_cast<abi::CgroupMountSink*>(&collector));
    return std::move(collector.mounts);
}

}  // namespace keelson::container
