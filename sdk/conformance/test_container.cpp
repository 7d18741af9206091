#include <conformance/test_container.hpp>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>

namespace keelson::conformance {

TestSettings::TestSettings(std::vector<std::pair<std::string, std::string>> values, std::vector<abi::Key> keys)
    : values_(std::move(values)), keys_(std::move(keys)) {}

uint64_t TestSettings::count(abi::StringView key) const noexcept {
    uint64_t found = 0;
    for (const auto& [name, value] : values_) found += name == sdk::from_abi(key);
    return found;
}

abi::StringView TestSettings::value(abi::StringView key, uint64_t index) const noexcept {
    for (const auto& [name, value] : values_)
        if (name == sdk::from_abi(key) && index-- == 0) return sdk::to_abi(value);
    for (const abi::Key& declared : keys_)
        if (declared.name == sdk::from_abi(key)) return sdk::to_abi(declared.fallback);
    return {"", 0};
}

void TestLog::write(abi::LogLevel level, abi::StringView message) noexcept try {
    if (level >= abi::LogLevel::warn) warnings += cat(sdk::from_abi(message), "\n");
} catch (...) {
}

Inside::Inside() {
    int ready[2];
    if (::pipe2(ready, O_CLOEXEC) != 0) throw Error::last("make", "a pipe");
    const UniqueFd reading(ready[0]);
    UniqueFd writing(ready[1]);
    process_ = ::fork();
    if (process_ < 0) throw Error::last("fork", "a container's process");
    if (process_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const bool apart = ::unshare(CLONE_NEWNET | CLONE_NEWNS) == 0;
        if (::write(ready[1], apart ? "y" : "n", 1) != 1) ::_exit(1);
        for (;;) ::pause();
    }
    writing.reset();
    char answer = 'n';
    if (::read(reading.get(), &answer, 1) != 1 || answer != 'y') throw Error(EPERM, "namespaces", "make");
    const auto open = [this](const char* kind) {
        UniqueFd fd(::open(cat("/proc/", process_, "/ns/", kind).c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd) throw Error::last("open namespace", kind);
        return fd;
    };
    mount_ = open("mnt");
    net_ = open("net");
    raw_ = {sizeof raw_, process_, -1, mount_.get(), net_.get(), -1};
}

Inside::~Inside() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
}

TestContainer::TestContainer(std::string name, const std::string& directory,
                             std::vector<std::pair<std::string, std::string>> settings, std::vector<abi::Key> keys)
    : name_(std::move(name)),
      lxcpath_(directory),
      directory_(cat(directory, "/", name_)),
      runtime_(cat(directory, "/run/", name_)),
      settings_(std::move(settings), std::move(keys)) {
    std::filesystem::create_directories(directory_);
    std::filesystem::create_directories(runtime_);
    std::filesystem::permissions(runtime_, std::filesystem::perms::owner_all);
    facts_.size = sizeof facts_;
    facts_.name = sdk::to_abi(name_);
    facts_.lxcpath = sdk::to_abi(lxcpath_);
    facts_.directory = sdk::to_abi(directory_);
    facts_.runtime_directory = sdk::to_abi(runtime_);
    context_ = {sizeof context_, 0, &facts_, &settings_, &journal_, &log_};
}

const abi::NamespaceFds* TestContainer::namespaces() {
    if (!inside_) inside_.emplace();
    return inside_->fds();
}

}  // namespace keelson::conformance
