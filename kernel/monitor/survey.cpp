#include <kernel/monitor/survey.hpp>

#include <algorithm>

namespace keelson::monitor {

namespace {

/// Each takes a descriptor, of which a process has 1024 as a rule.
constexpr size_t most_at_a_time = 256;

/// With one monitor, also after others have used up the patience: what works answers in less.
constexpr std::chrono::milliseconds least_patience(20);

}  // namespace

Survey::Survey(std::string lxcpath, std::vector<std::string> names, std::chrono::milliseconds patience)
    : lxcpath_(std::move(lxcpath)), names_(std::move(names)), patience_(patience) {
    ask_ahead();
}

void Survey::ask_ahead() {
    while (next_ < names_.size() && asked_.size() < most_at_a_time) {
        const std::string& name = names_[next_++];
        asked_.push_back({name, CommandClient(lxcpath_, name, patience_).ask_status()});
    }
}

Status Survey::next() {
    Asked first = std::move(asked_.front());
    asked_.pop_front();
    ask_ahead();
    const auto before = Clock::now();
    try {
        return CommandClient(lxcpath_, first.name, patience_).status(std::move(first.connection));
    } catch (const Error&) {
        const auto lost = std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - before);
        patience_ = std::max(least_patience, patience_ - lost);
        throw;
    }
}

}  // namespace keelson::monitor
