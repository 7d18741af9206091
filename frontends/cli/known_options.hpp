// The options that a verb understands: its own and those that all verbs share.
#pragma once

#include <frontends/cli/verb.hpp>

#include <span>
#include <vector>

namespace keelson::cli {

/// Own options of the verb first. One that declares a common option again hides that. A raw verb has only its own.
class KnownOptions {
public:
    /// `as_lxc`: without those that are Keelson's alone.
    KnownOptions(const Verb& verb, bool as_lxc);

    std::span<const Option> all() const { return all_; }
    std::span<const Option> own() const { return all().first(own_); }
    std::span<const Option> common() const { return all().subspan(own_); }

private:
    bool declared(const Option& option) const;

    std::vector<Option> all_;
    size_t own_ = 0;
};

}  // namespace keelson::cli
