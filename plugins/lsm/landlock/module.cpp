#include "module.hpp"

#include "ruleset.hpp"

#include <keelson/sdk/text.hpp>

namespace keelson::landlock {

namespace {

std::string key(std::string_view name) { return cat("keelson.lsm.landlock.", std::string(name)); }

void read_paths(const sdk::Context& context, const char* name, Grant grant, Wishes& wishes) {
    for (std::string& path : context.list(key(name))) {
        if (!path.starts_with('/')) throw Error(EINVAL, key(name), cat("\"", path, "\" is no absolute path"));
        wishes.paths.push_back({grant, std::move(path)});
    }
}

/// True if the key limits ports at all; "none" alone leaves no port.
bool read_ports(const sdk::Context& context, const char* name, std::vector<uint16_t>& ports) {
    const std::vector<std::string> values = context.list(key(name));
    for (const std::string& value : values) {
        if (value == "none") continue;
        const auto port = sdk::parse_number<uint16_t>(value);
        if (!port) throw Error(EINVAL, key(name), cat("\"", value, "\" is no TCP port"), "it is a number up to 65535, or none");
        ports.push_back(*port);
    }
    return !values.empty();
}

void read_scopes(const sdk::Context& context, Wishes& wishes) {
    for (const std::string& value : context.list(key("scope")))
        for (const std::string_view word : sdk::split(value, ' ')) {
            if (word != "signal" && word != "abstract-unix")
                throw Error(EINVAL, key("scope"), cat("unknown word ", word), "it is signal or abstract-unix");
            (word == "signal" ? wishes.scope_signals : wishes.scope_sockets) = true;
        }
}

Wishes wishes_of(const sdk::Context& context) {
    Wishes wishes;
    read_paths(context, "ro", Grant::ro, wishes);
    read_paths(context, "rw", Grant::rw, wishes);
    read_paths(context, "data", Grant::data, wishes);
    wishes.limits_bind = read_ports(context, "bind", wishes.bind);
    wishes.limits_connect = read_ports(context, "connect", wishes.connect);
    read_scopes(context, wishes);
    return wishes;
}

}  // namespace

bool Module::check(const sdk::Context& context) {
    const Wishes wishes = wishes_of(context);
    if (wishes.empty()) return false;
    const int abi = kernel_abi(), needed = wishes.needed_abi();
    if (abi >= needed) return true;
    const std::string why = abi == 0 ? "the kernel has no landlock, or does not use it"
                                     : cat("the kernel's landlock is of version ", abi, ", ports need 4 and scopes 6");
    if (context.value(key("optional")) == "1") {
        context.warn(cat("landlock rules are left out: ", why));
        return false;
    }
    throw Error(ENOTSUP, "keelson.lsm.landlock", why + ":",
                "boot with landlock in lsm=, remove the keys, or set keelson.lsm.landlock.optional = 1");
}

std::string Module::prepare(const sdk::Context& context) { return wishes_of(context).text(); }

void Module::confine(const sdk::Context&, std::string_view state, int) { restrict_self(Wishes::parse(state)); }

}  // namespace keelson::landlock
