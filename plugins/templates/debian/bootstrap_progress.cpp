#include "bootstrap_progress.hpp"

#include <keelson/sdk/error.hpp>

#include <algorithm>
#include <cstdlib>

namespace keelson::templates {

/// A part of the work, announced by a line that begins with `announced`. Each package counts `units` lines in it.
struct BootstrapPhase {
    std::string_view announced, what;
    int from, to, units;
};

namespace {

constexpr BootstrapPhase phases[] = {
    // mmdebstrap
    {"I: running apt-get update", "reading the package lists", 0, 8, 0},
    {"I: downloading packages", "fetching the base packages", 8, 20, 1},
    {"I: extracting archives", "unpacking the base packages", 20, 25, 0},
    {"I: installing essential packages", "installing the base packages", 25, 55, 2},
    {"I: installing remaining packages", "installing packages", 55, 96, 3},
    {"I: cleaning package lists", "cleaning up", 96, 98, 0},
    // debootstrap
    {"I: Retrieving InRelease", "reading the package lists", 0, 5, 0},
    {"I: Resolving dependencies", "choosing packages", 5, 6, 0},
    {"I: Retrieving ", "fetching packages", 6, 30, 0},
    {"I: Extracting ", "unpacking the base packages", 30, 40, 0},
    {"I: Unpacking ", "unpacking packages", 40, 65, 0},
    {"I: Configuring ", "installing packages", 65, 98, 0},
};

/// The package named by a line about one; empty if it is about none.
std::string_view package_of(std::string_view line) {
    for (std::string_view word : {"Unpacking ", "Setting up "}) {
        if (!line.starts_with(word)) continue;
        line.remove_prefix(word.size());
        return line.substr(0, line.find_first_of(" :"));
    }
    return {};
}

}  // namespace

std::optional<BootstrapProgress::Step> BootstrapProgress::line(std::string_view line) {
    if (line.starts_with("E: ") && error_.empty()) error_ = line.substr(3);
    for (const BootstrapPhase& phase : phases)
        if (line.starts_with(phase.announced)) return begin(phase);
    if (const size_t at = line.find(" newly installed,"); at != std::string_view::npos) {
        const size_t number = line.rfind(' ', at - 1);
        packages_ = std::atoi(std::string(line.substr(number == std::string_view::npos ? 0 : number + 1)).c_str());
        done_ = 0;
        return {};
    }
    return advance(line);
}

std::optional<BootstrapProgress::Step> BootstrapProgress::begin(const BootstrapPhase& phase) {
    if (phase_ && phase.from <= phase_->from) return {};
    phase_ = &phase;
    done_ = 0;
    shown_ = phase.from;
    return Step{std::string(phase.what), phase.from};
}

std::optional<BootstrapProgress::Step> BootstrapProgress::advance(std::string_view line) {
    const std::string_view package = package_of(line);
    if (!phase_ || phase_->units == 0 || packages_ == 0 || (package.empty() && !line.starts_with("Get:"))) return {};
    done_ = std::min(done_ + 1, packages_ * phase_->units);
    const int percent = phase_->from + (phase_->to - phase_->from) * done_ / (packages_ * phase_->units);
    if (percent == shown_) return {};
    shown_ = percent;
    return Step{package.empty() ? std::string(phase_->what) : cat("installing ", package), percent};
}

}  // namespace keelson::templates
