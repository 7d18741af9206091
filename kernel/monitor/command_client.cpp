#include <keelson/sdk/error.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/monitor/command_client.hpp>

#include <algorithm>
#include <ctime>

namespace keelson::monitor {

namespace {

RequestHeader header_for(Command command, uint64_t number, std::string_view data) {
    return {static_cast<int32_t>(command), static_cast<int32_t>(data.size()), number};
}

/// Texts travel with a NUL at the end.
std::string without_nul(std::string text) {
    text.resize(std::min(text.find('\0'), text.size()));
    return text;
}

Clock::time_point end_after(std::optional<std::chrono::milliseconds> timeout) {
    constexpr auto for_ever = std::chrono::hours(24 * 365 * 10);
    return Clock::now() + (timeout ? std::min<std::chrono::milliseconds>(*timeout, for_ever) : for_ever);
}

}  // namespace

CommandClient::CommandClient(std::string lxcpath, std::string name, std::chrono::milliseconds deadline)
    : lxcpath_(std::move(lxcpath)), name_(std::move(name)), deadline_(deadline) {}

std::optional<Response> CommandClient::call(Command command, uint64_t number, std::string_view data, bool keep) {
    return call_until(end_after(deadline_), command, number, data, keep);
}

std::optional<Response> CommandClient::call_until(Clock::time_point end, Command command, uint64_t number,
                                                  std::string_view data, bool keep) {
    // A monitor that ends hangs up, and so does one that has no memory for us; who asks again learns which of the two it was.
    for (int attempt = 0; attempt < 3; ++attempt) {
        Connection connection = connect(end);
        if (!connection) return std::nullopt;
        Response response;
        if (!connection.ask(header_for(command, number, data), data) || !connection.hear(response)) continue;
        if (keep) response.connection = connection.take();
        return response;
    }
    throw hangs_up();
}

Connection CommandClient::connect() const { return connect(end_after(deadline_)); }

Connection CommandClient::connect(Clock::time_point end) const {
    Connection connection(command_address(lxcpath_, name_), end);
    if (connection.open()) connection.check_owner(lxcpath_);
    return connection;
}

Error CommandClient::hangs_up() const {
    return {ECONNRESET, name_, "the monitor hangs up instead of answering:", "see its log, if lxc.log.file is set"};
}

State CommandClient::state() {
    const auto response = call(Command::get_state);
    return response ? state_in(*response) : State::stopped;
}

State CommandClient::state_in(const Response& response) const {
    if (response.result < 0) throw Error(-response.result, name_, "ask for the state of");
    return static_cast<State>(static_cast<uint32_t>(response.number));
}

Status CommandClient::status() {
    const auto response = call(Command::get_state, with_init_pid);
    return response ? status_in(*response) : Status();
}

Status CommandClient::status_in(const Response& response) {
    Status status{state_in(response), {}};
    if (const auto pid = static_cast<pid_t>(response.number >> 32U); pid > 0)
        status.init = pid;
    else if (status.state != State::stopped)
        status.init = init_pid();
    return status;
}

Connection CommandClient::ask_status() const try {
    Connection connection = connect(Clock::now());  // nor is a place in the queue waited for
    connection.end_at(end_after(deadline_));
    if (connection && !connection.ask(header_for(Command::get_state, with_init_pid, {}), {})) connection.close();
    return connection;
} catch (const Error&) {
    return Connection({}, {});
}

Status CommandClient::status(Connection asked) {
    Response response;
    return asked && asked.hear(response) ? status_in(response) : status();
}

std::optional<pid_t> CommandClient::init_pid() {
    const auto response = call(Command::get_init_pid);
    if (!response) return std::nullopt;
    if (response->result < 0) throw Error(-response->result, name_, "ask for the init of");
    const auto pid = static_cast<pid_t>(response->number);
    return pid > 0 ? std::optional(pid) : std::nullopt;
}

UniqueFd CommandClient::init_handle() {
    std::optional<Response> response = call(Command::get_init_pidfd);
    if (!response) return {};
    if (response->result < 0) throw Error(-response->result, name_, "ask for the first process of");
    return response->fds.empty() ? UniqueFd() : std::move(response->fds.front());
}

std::optional<std::string> CommandClient::config_item(const std::string& key) {
    const auto response = call(Command::get_config_item, 0, std::string_view(key.c_str(), key.size() + 1));
    if (!response || response->result < 0) return std::nullopt;
    return without_nul(response->data);
}

namespace {

StateWishes wishes_for(const std::vector<State>& wanted) {
    StateWishes wishes{};
    for (const State state : wanted) wishes.wanted[static_cast<size_t>(state)] = 1;
    return wishes;
}

}  // namespace

std::optional<State> CommandClient::wait(const std::vector<State>& wanted,
                                         std::optional<std::chrono::milliseconds> timeout) try {
    constexpr auto pause = std::chrono::milliseconds(20), least = std::chrono::milliseconds(1000);
    const auto end = end_after(timeout);
    // An answer takes a moment, also of who is asked with no time to wait.
    const auto end_of_answer = timeout ? std::max(end, end_after(least)) : end;
    const bool stopped_wanted = std::find(wanted.begin(), wanted.end(), State::stopped) != wanted.end();
    const auto stopped = stopped_wanted ? std::optional(State::stopped) : std::nullopt;
    const StateWishes wishes = wishes_for(wanted);
    const std::string_view data(reinterpret_cast<const char*>(&wishes), sizeof wishes);
    std::optional<Response> response;
    while (!(response = call_until(end_of_answer, Command::add_state_client, 0, data, true))) {
        if (stopped || Clock::now() + pause > end) return stopped;
        const timespec nap{.tv_sec = 0, .tv_nsec = std::chrono::nanoseconds(pause).count()};
        ::nanosleep(&nap, nullptr);
    }
    if (response->result < 0) throw Error(-response->result, name_, "wait for");
    if (response->number != no_state) return static_cast<State>(response->number);
    if (timeout && timeout->count() <= 0) return std::nullopt;
    Connection connection(command_address(lxcpath_, name_), end, std::move(response->connection));
    StateMessage message{};
    if (connection.receive(&message, sizeof message) == sizeof message) return static_cast<State>(message.state);
    return stopped;
} catch (const Error& error) {
    if (error.code() != ETIMEDOUT) throw;
    return std::nullopt;
}

std::optional<Connection> CommandClient::expect(State wanted) {
    StateWishes wishes{};
    wishes.wanted[static_cast<size_t>(wanted)] = StateWishes::next_time;
    const std::string_view data(reinterpret_cast<const char*>(&wishes), sizeof wishes);
    std::optional<Response> response = call(Command::add_state_client, 0, data, true);
    if (!response) return std::nullopt;
    if (response->result < 0) throw Error(-response->result, name_, "wait for");
    return Connection(command_address(lxcpath_, name_), {}, std::move(response->connection));
}

std::optional<State> CommandClient::await(Connection& expected, std::optional<std::chrono::milliseconds> timeout) const try {
    expected.end_at(end_after(timeout));
    StateMessage message{};
    const bool told = expected.receive(&message, sizeof message) == sizeof message;
    return told ? static_cast<State>(message.state) : State::stopped;
} catch (const Error& error) {
    if (error.code() != ETIMEDOUT) throw;
    return std::nullopt;
}

namespace {

/// "NAME" of "LXCPATH/NAME/command"; empty for other addresses.
std::string_view name_in(std::string_view address, std::string_view prefix) {
    constexpr std::string_view suffix = "/command";
    if (!address.starts_with(prefix) || !address.ends_with(suffix) || address.size() <= prefix.size() + suffix.size())
        return {};
    const auto name = address.substr(prefix.size(), address.size() - prefix.size() - suffix.size());
    return name.find('/') == std::string_view::npos ? name : std::string_view();
}

/// The socket behind a hashed address tells the name itself; empty if it is of another lxcpath or does not answer.
std::string ask_name(const std::string& address, const std::string& lxcpath) try {
    const auto ask = [&address, &lxcpath](Command command) {
        Connection connection(address, Clock::now() + std::chrono::seconds(1));
        Response response;
        if (!connection.open()) return std::string();
        connection.check_owner(lxcpath);
        const bool answered = connection.ask(header_for(command, 0, {}), {}) && connection.hear(response);
        return answered && response.result >= 0 ? without_nul(response.data) : std::string();
    };
    if (ask(Command::get_lxcpath) != lxcpath) return {};
    const std::string name = ask(Command::get_name);
    return command_address(lxcpath, name) == address ? name : std::string();
} catch (const Error&) {
    return {};
}

/// "Num RefCount Protocol Flags Type St Inode Path" (proc(5)); flag 10000 is a socket that listens.
std::string_view listening_address(std::string_view line) {
    const auto fields = base::words(line);
    constexpr size_t flags = 3, path = 7;
    if (fields.size() <= path || fields[flags] != "00010000" || !fields[path].starts_with('@')) return {};
    return line.substr(static_cast<size_t>(fields[path].data() - line.data()) + 1);
}

template <typename Body>
void for_each_listening(std::string_view end, Body&& body) {
    const std::string table = base::read_file("/proc/net/unix");
    for (const auto line : base::split(table, '\n'))
        if (line.ends_with(end)) body(listening_address(line));
}

}  // namespace

std::vector<std::string> lxcpaths_of(const std::string& name) {
    const std::string end = cat("/", name, "/command");
    std::vector<std::string> lxcpaths;
    for_each_listening(end, [&](std::string_view address) {
        if (address.size() > end.size()) lxcpaths.emplace_back(address.substr(0, address.size() - end.size()));
    });
    return lxcpaths;
}

std::vector<std::string> listening(const std::string& lxcpath) {
    const std::string prefix = lxcpath + "/";
    std::vector<std::string> names;
    for_each_listening("/command", [&](std::string_view address) {
        if (const auto name = name_in(address, prefix); !name.empty())
            names.emplace_back(name);
        else if (!name_in(address, "lxc/").empty())
            names.push_back(ask_name(std::string(address), lxcpath));
    });
    std::erase(names, std::string());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

}  // namespace keelson::monitor
