// `keelson start --trace FILE`: how long each step took, as a Chrome trace (the JSON that chrome://tracing and Perfetto read).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::lifecycle {

class Trace {
public:
    struct Event {
        std::string name, category, thread;
        uint64_t begin_us = 0, end_us = 0;
    };

    /// Measures while it lives; does nothing when the trace is off.
    class Span {
    public:
        Span(Trace* trace, Event event);
        Span(Span&& other) noexcept;
        ~Span();

    private:
        Trace* trace_;
        Event event_;
    };

    bool on() const noexcept { return on_; }
    void turn_on() noexcept { on_ = true; }
    Span span(std::string_view stage, std::string_view actor, std::string_view thread);

    /// A new process tells only of its own steps.
    void forget() noexcept { events_.clear(); }
    /// The child's events travel to the host as text.
    std::string pack() const;
    void unpack(std::string_view packed);
    /// Throws Error when the file cannot be written.
    void write(const std::string& file) const;

private:
    bool on_ = false;
    std::vector<Event> events_;
};

}  // namespace keelson::lifecycle
