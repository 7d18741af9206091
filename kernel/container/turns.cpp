#include <kernel/container/turns.hpp>

#include <algorithm>

namespace keelson::container {
namespace {

constexpr char turn = 't', descriptors = 'd', words = 'w', execution = 'x';

Error died() {
    return Error(ECHILD, "", "the other side of the start died without a word", "was it killed, or out of memory?");
}

}  // namespace

void ChannelTurns::open() {
    auto [ours, theirs] = process::Channel::pair();
    channel_ = std::move(ours);
    other_ = std::move(theirs);
}

void ChannelTurns::became_host() { other_.close(); }

void ChannelTurns::became_child() {
    std::swap(channel_, other_);
    other_.close();
}

process::Channel::Message ChannelTurns::receive() {
    process::Channel::Message message = channel_.receive();
    if (message.kind == process::Channel::failure) throw process::unpack(message.text);
    return message;
}

bool ChannelTurns::keep(process::Channel::Message& message) {
    if (message.kind == descriptors) {
        std::ranges::move(message.fds, std::back_inserter(received_[message.text]));
        if (const auto taker = takers_.find(message.text); taker != takers_.end()) taker->second(take(message.text));
        return true;
    }
    if (message.kind != words) return false;
    const size_t end_of_name = message.text.find('\n');
    told_[message.text.substr(0, end_of_name)] = message.text.substr(end_of_name + 1);
    return true;
}

process::Channel::Message ChannelTurns::next() {
    for (;;) {
        process::Channel::Message message = receive();
        if (!keep(message)) return message;
    }
}

void ChannelTurns::say(char kind, std::string_view text, const std::vector<int>& borrowed_fds) {
    try {
        channel_.send(kind, text, borrowed_fds);
    } catch (const Error& error) {
        // A side that failed has said why before it left.
        if (error.code() == EPIPE || error.code() == ECONNRESET) return;
        throw;
    }
}

void ChannelTurns::pass() { say(turn); }

void ChannelTurns::wait() {
    if (next().kind != turn) throw died();
}

bool ChannelTurns::abandoned() const { return channel_.hung_up(); }

void ChannelTurns::hand_over(const std::string& name, const std::vector<int>& borrowed_fds) {
    size_t sent = 0;
    do {
        const auto first = borrowed_fds.begin() + static_cast<std::ptrdiff_t>(sent);
        const size_t count = std::min(borrowed_fds.size() - sent, process::Channel::most_fds);
        say(descriptors, name, {first, first + static_cast<std::ptrdiff_t>(count)});
        sent += count;
    } while (sent < borrowed_fds.size());
}

std::vector<UniqueFd> ChannelTurns::take(const std::string& name) {
    const auto received = received_.extract(name);
    return received ? std::move(received.mapped()) : std::vector<UniqueFd>();
}

std::vector<UniqueFd> ChannelTurns::wait_for(const std::string& name) {
    while (!received_.contains(name)) {
        process::Channel::Message message = receive();
        if (!keep(message)) throw died();
    }
    return take(name);
}

void ChannelTurns::tell(const std::string& name, const std::string& text) { say(words, cat(name, "\n", text)); }

std::string ChannelTurns::told(const std::string& name) { return std::move(told_[name]); }

void ChannelTurns::about_to_exec(const std::string& trace) { channel_.send(execution, trace); }

std::string ChannelTurns::wait_for_exec() {
    // Nothing of what comes before is urgent, unless somebody takes it: who sleeps on leaves the child the processor.
    if (takers_.empty()) channel_.wait_for_hang_up();
    process::Channel::Message message = next();
    if (message.kind != execution) throw Error(ECHILD, "", "the container's first process died before it became init");
    // Closed by exec: success. An error after it: exec failed.
    if (next().kind != 0) throw Error(EPROTO, "", "the container's first process went on talking after exec");
    channel_.close();
    return std::move(message.text);
}

}  // namespace keelson::container
