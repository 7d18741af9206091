// What mmdebstrap and debootstrap print, read as progress.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace keelson::templates {

struct BootstrapPhase;

class BootstrapProgress {
public:
    struct Step {
        std::string what;
        int percent;
    };
    /// Takes one line of output; what to show if there is something new.
    std::optional<Step> line(std::string_view line);
    /// The first error that the program named, without its "E: "; empty if none. Those after it are its consequences.
    const std::string& error() const { return error_; }

private:
    std::optional<Step> begin(const BootstrapPhase& phase);
    std::optional<Step> advance(std::string_view line);

    const BootstrapPhase* phase_ = nullptr;
    int packages_ = 0, done_ = 0, shown_ = -1;
    std::string error_;
};

}  // namespace keelson::templates
