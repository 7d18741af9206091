// The host's journal as the kit plays it: it outlives the process that writes it and can be told to fail or to kill.
#pragma once

#include <keelson/abi/base.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <string>
#include <vector>

namespace keelson::conformance {

enum class Interruption { none, refuse, kill };

class Journal final : public abi::Records {
public:
    Journal();

    /// From now on: at the n-th moment (from 0) refuse the record or kill the calling process. Moments of one record: the
    /// intent is written; the change was made and its completion not yet written; the completion is written. To refuse is
    /// possible at the first only, so those alone are counted.
    void interrupt(Interruption kind, unsigned moment);

    /// Texts of the records, oldest first, as the last completion left them.
    std::vector<std::string> records() const;
    bool refused() const noexcept { return refused_; }
    void clear();

private:
    abi::Status intend(abi::StringView text, uint64_t* id, abi::ErrorSink* error) noexcept override;
    abi::Status complete(uint64_t id, abi::StringView text, abi::ErrorSink* error) noexcept override;
    void append(uint64_t id, abi::StringView text) noexcept;
    void moment() noexcept;

    UniqueFd file_;
    uint64_t last_ = 0;
    Interruption kind_ = Interruption::none;
    unsigned until_ = 0;
    bool refused_ = false;
};

}  // namespace keelson::conformance
