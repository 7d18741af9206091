// lifecycle::Turns over the channel between monitor and child.
#pragma once

#include <kernel/lifecycle/lifecycle.hpp>
#include <kernel/process/channel.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace keelson::container {

class ChannelTurns final : public lifecycle::Turns {
public:
    /// Before the child is made.
    void open();
    void became_host();
    void became_child();

    void pass() override;
    /// Throws the other side's Error, or one that says that it died.
    void wait() override;

    /// Descriptors for the other side, under a name; any number.
    void hand_over(const std::string& name, const std::vector<int>& borrowed_fds);
    std::vector<UniqueFd> take(const std::string& name);
    /// Not with the other side's turn, but as soon as they are there. Throws as `wait` does.
    std::vector<UniqueFd> wait_for(const std::string& name);
    /// Descriptors of that name go to `taker` as soon as they come, while the other side goes on.
    using Taker = std::function<void(const std::vector<UniqueFd>& fds)>;
    void expect(const std::string& name, Taker taker) { takers_[name] = std::move(taker); }

    /// Text for the other side, under a name.
    void tell(const std::string& name, const std::string& text);
    std::string told(const std::string& name);

    /// Whether the other side has ended, or closed its end; asks without waiting.
    bool abandoned() const;

    /// [inside] An Error for the host, if that still lives.
    void fail(const Error& error) noexcept { channel_.fail(error); }
    /// [inside] The next thing is exec, which closes the channel. `trace` travels along.
    void about_to_exec(const std::string& trace);
    /// [host] Returns the trace when exec succeeded; throws otherwise.
    std::string wait_for_exec();
    void close() noexcept { channel_.close(); }

private:
    void say(char kind, std::string_view text = {}, const std::vector<int>& borrowed_fds = {});
    process::Channel::Message receive();
    /// Descriptors and words, which wait until they are asked for.
    bool keep(process::Channel::Message& message);
    process::Channel::Message next();

    process::Channel channel_, other_;
    std::map<std::string, std::vector<UniqueFd>> received_;
    std::map<std::string, std::string> told_;
    std::map<std::string, Taker> takers_;
};

}  // namespace keelson::container
