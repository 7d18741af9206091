#include <kernel/monitor/survey.hpp>

namespace keelson::monitor {

namespace {

/// Each takes a descriptor, of which a process has 1024 as a rule.
constexpr size_t most_at_a_time = 256;

}  // namespace

Survey::Survey(std::string lxcpath, std::vector<std::string> names, std::chrono::milliseconds deadline)
    : lxcpath_(std::move(lxcpath)), names_(std::move(names)), deadline_(deadline) {
    ask_ahead();
}

void Survey::ask_ahead() {
    while (next_ < names_.size() && asked_.size() < most_at_a_time) {
        CommandClient client(lxcpath_, names_[next_++], deadline_);
        Connection connection = client.ask_status();
        asked_.push_back({std::move(client), std::move(connection)});
    }
}

Status Survey::next() {
    Asked first = std::move(asked_.front());
    asked_.pop_front();
    ask_ahead();
    return first.client.status(std::move(first.connection));
}

}  // namespace keelson::monitor
