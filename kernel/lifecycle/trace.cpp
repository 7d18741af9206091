#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/lifecycle/trace.hpp>

#include <fcntl.h>
#include <time.h>

#include <utility>

namespace keelson::lifecycle {
namespace {

/// CLOCK_MONOTONIC, because child and host share it.
uint64_t now_us() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

}  // namespace

Trace::Span::Span(Trace* trace, Event event) : trace_(trace), event_(std::move(event)) {}

Trace::Span::Span(Span&& other) noexcept : trace_(std::exchange(other.trace_, nullptr)), event_(std::move(other.event_)) {}

Trace::Span::~Span() {
    if (trace_ == nullptr) return;
    event_.end_us = now_us();
    trace_->events_.push_back(std::move(event_));
}

Trace::Span Trace::span(std::string_view stage, std::string_view actor, std::string_view thread) {
    if (!on_) return {nullptr, {}};
    return {this, {std::string(actor), std::string(stage), std::string(thread), now_us(), 0}};
}

std::string Trace::pack() const {
    std::string text;
    for (const Event& e : events_)
        text += cat(e.name, "\t", e.category, "\t", e.thread, "\t", e.begin_us, "\t", e.end_us, "\n");
    return text;
}

void Trace::unpack(std::string_view packed) {
    for (const std::string_view line : base::split(packed, '\n')) {
        const std::vector<std::string_view> f = base::split(line, '\t');
        if (f.size() != 5) continue;
        events_.push_back({std::string(f[0]), std::string(f[1]), std::string(f[2]), base::parse_unsigned(f[3]).value_or(0),
                           base::parse_unsigned(f[4]).value_or(0)});
    }
}

void Trace::write(const std::string& file) const {
    std::string json = "{\"traceEvents\":[";
    for (const Event& e : events_) {
        if (&e != &events_.front()) json += ",";
        json += cat("\n{\"ph\":\"X\",\"pid\":1,\"tid\":\"", e.thread, "\",\"cat\":\"", e.category, "\",\"name\":\"", e.category,
                    ": ", e.name, "\",\"ts\":", e.begin_us, ",\"dur\":", e.end_us - e.begin_us, "}");
    }
    json += "\n]}\n";
    // Nobody waits for the reader of a pipe.
    const UniqueFd out = base::open_file(file, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY, 0644);
    base::write_fd(out.get(), json, file);
}

}  // namespace keelson::lifecycle
