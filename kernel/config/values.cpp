#include <signal.h>
#include <sys/capability.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/key_types.hpp>
#include <kernel/config/values.hpp>
#include <limits>

namespace keelson::config {

namespace {

using Values = std::vector<std::string>;

std::string lower(std::string_view text) {
    std::string copy(text);
    for (char& byte : copy) {
        if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
    }
    return copy;
}

bool has_word(std::string_view list, std::string_view wanted) {
    while (!list.empty()) {
        const size_t end = std::min(list.find(' '), list.size());
        if (list.substr(0, end) == wanted) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

/// Is the number in one of the MIN..MAX among the choices? Without a range every number is.
template <typename Number>
bool in_range(std::string_view choices, Number number, std::optional<Number> (*parse)(std::string_view) noexcept) {
    bool any = false;
    for (const std::string_view word : base::words(choices)) {
        const size_t dots = word.find("..");
        if (dots == std::string_view::npos) continue;
        any = true;
        const auto least = parse(word.substr(0, dots)), most = parse(word.substr(dots + 2));
        if (least && most && number >= *least && number <= *most) return true;
    }
    return !any;
}

std::string number(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (has_word(key.choices, raw)) return std::string(raw);
    const auto value = base::parse_unsigned(raw);
    if (!value || !in_range<uint64_t>(key.choices, *value, &base::parse_unsigned)) refuse(key, name, raw);
    return std::to_string(*value);
}

std::string integer(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (has_word(key.choices, raw)) return std::string(raw);
    const auto value = base::parse_signed(raw);
    if (!value || !in_range<int64_t>(key.choices, *value, &base::parse_signed)) refuse(key, name, raw);
    return std::to_string(*value);
}

std::string boolean(const abi::Key& key, std::string_view name, std::string_view raw) {
    const auto value = base::parse_unsigned(raw);
    if (!value || *value > 1) refuse(key, name, raw);
    return *value == 1 ? "1" : "0";
}

std::string path(const abi::Key& key, std::string_view name, std::string_view raw) {
    constexpr size_t longest = 4096;  // PATH_MAX, limits.h(0p)
    if (raw.size() >= longest) refuse(key, name, cat(raw.substr(0, 40), "..."));
    return simplify_path(raw);
}

std::string relative(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (raw.starts_with('/') || raw.find("..") != std::string_view::npos) refuse(key, name, raw);
    return path(key, name, raw);
}

std::string component(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (raw.find('/') != std::string_view::npos || raw == "." || raw.size() > 255) refuse(key, name, raw);
    return relative(key, name, raw);
}

/// Bytes with an optional blank and KB, MB or GB in any case. Letters that are none of these count for nothing, as in LXC.
std::optional<uint64_t> bytes(std::string_view raw, bool lenient) {
    const size_t letters = std::min(raw.find_first_not_of("0123456789xX"), raw.size());
    const size_t hexadecimal =
        raw.starts_with("0x") || raw.starts_with("0X") ? raw.find_first_not_of("0123456789abcdefABCDEF", 2) : letters;
    const size_t end = std::min(hexadecimal, raw.size());
    const auto value = base::parse_unsigned(raw.substr(0, end));
    if (!value) return {};
    const std::string unit = lower(base::trim(raw.substr(end)));
    unsigned shift = 0;
    if (unit == "kb")
        shift = 10;
    else if (unit == "mb")
        shift = 20;
    else if (unit == "gb")
        shift = 30;
    else if (!unit.empty() && !(lenient && unit.size() == 1))
        return {};
    if (*value > std::numeric_limits<uint64_t>::max() >> shift) return {};
    return *value << shift;
}

std::string size(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (raw == "auto") return "auto";
    const auto value = bytes(raw, false);
    if (!value) refuse(key, name, raw);
    return std::to_string(*value);
}

std::string console_size(const abi::Key& key, std::string_view name, std::string_view raw) {
    constexpr uint64_t page = 4096, automatic = 128 * 1024, most = uint64_t{1} << 62;
    const auto value = raw == "auto" ? automatic : bytes(raw, true);
    if (!value || *value > most) refuse(key, name, raw);
    return std::to_string(std::bit_ceil(std::max(*value, page)));
}

std::string tmpfs_size(const abi::Key& key, std::string_view raw) {
    const auto value = base::parse_signed(raw);
    return value ? std::to_string(*value) : key.fallback;
}

std::string choice(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (!has_word(key.choices, raw)) refuse(key, name, raw);
    return std::string(raw);
}

void words(const abi::Key& key, std::string_view name, std::string_view raw, Values& out) {
    for (const std::string_view word : base::words(raw)) {
        const bool any = key.choices[0] == '\0' || has_flag(key, abi::key_list);
        if (!any && !has_word(key.choices, word)) refuse(key, name, word);
        out.emplace_back(word);
    }
}

std::string signal(const abi::Key& key, std::string_view name, std::string_view raw) {
    const auto value = parse_signal(raw);
    if (!value) refuse(key, name, raw, "names begin with SIG; real-time ones are SIGRTMIN+N or SIGRTMAX-N");
    return std::to_string(*value);
}

void id_map(const abi::Key& key, std::string_view name, std::string_view raw, Values& out) {
    const std::vector<std::string_view> parts = base::words(raw);
    if (parts.size() != 4 || parts[0].size() != 1 || !has_word("u g b", parts[0])) refuse(key, name, raw);
    std::string range;
    for (size_t i = 1; i < 4; ++i) {
        const auto value = base::parse_unsigned(parts[i]);
        if (!value || *value > std::numeric_limits<uint32_t>::max()) refuse(key, name, raw);
        range += cat(' ', *value);
    }
    for (const char* const kind : {"u", "g"}) {
        if (parts[0] == "b" || parts[0] == kind) out.push_back(kind + range);
    }
}

bool is_capability(std::string_view word) {
    constexpr size_t longest = 40;
    char name[longest + 5] = "cap_";
    if (word.size() > longest || word != lower(word) || word.starts_with("cap_")) return false;
    if (const auto bit = base::parse_unsigned(word)) return *bit < static_cast<uint64_t>(::cap_max_bits());
    word.copy(name + 4, longest);
    cap_value_t value = 0;
    return !word.empty() && ::cap_from_name(name, &value) == 0;
}

void capabilities(const abi::Key& key, std::string_view name, std::string_view raw, Values& out) {
    for (const std::string_view word : base::words(raw)) {
        if (!has_word(key.choices, word) && !is_capability(word))
            refuse(key, name, word, "capabilities(7) has them, here without cap_");
        out.emplace_back(word);
    }
}

std::string variable(std::string_view name, std::string_view raw) {
    if (raw.find('=') != std::string_view::npos) return std::string(raw);
    const std::string variable_name(raw);
    const char* const value = std::getenv(variable_name.c_str());
    if (value == nullptr)
        throw Error(0, std::string(name), cat("your environment has no variable ", raw, " to copy, as wanted by"),
                    cat("set it, or write ", raw, "=VALUE"));
    return cat(raw, '=', value);
}

std::string duration(const abi::Key& key, std::string_view name, std::string_view raw) {
    const auto value = parse_duration(raw);
    if (!value) refuse(key, name, raw);
    return value->seconds ? cat(*value->seconds, 's') : cat(*value->nanoseconds, "ns");
}

void namespaces(const abi::Key& key, std::string_view name, std::string_view raw, Values& out) {
    for (const std::string_view word : base::words(raw)) {
        const std::string known = lower(word);
        if (!has_word("user mnt pid uts ipc net cgroup time", known))
            refuse(key, name, word, known == "mount" ? "did you mean mnt?" : "");
        out.push_back(known);
    }
}

std::string architecture(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (!has_word("arm armel armhf armv7l athlon i386 i486 i586 i686 linux32 mips mipsel ppc powerpc x32 x86", raw) &&
        !has_word("aarch64 amd64 arm64 linux64 loongarch64 loong64 mips64 mips64el ppc64 ppc64el ppc64le powerpc64 riscv64 "
                  "s390x x86_64",
                  raw))
        refuse(key, name, raw);
    return std::string(raw);
}

std::string log_level(const abi::Key& key, std::string_view name, std::string_view raw) {
    constexpr std::array<std::string_view, 9> levels = {"trace", "debug", "info",  "notice", "warn",
                                                        "error", "crit",  "alert", "fatal"};
    const auto numeric = base::parse_unsigned(raw);
    const auto* found = numeric && *numeric < levels.size() ? levels.begin() + *numeric : std::ranges::find(levels, lower(raw));
    if (found == levels.end()) refuse(key, name, raw);
    std::string value(*found);
    for (char& letter : value) letter = static_cast<char>(letter - 'a' + 'A');
    return value;
}

std::string facility(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (!has_word("daemon local0 local1 local2 local3 local4 local5 local6 local7", lower(raw))) refuse(key, name, raw);
    return std::string(raw);
}

void auto_mounts(const abi::Key& key, std::string_view name, std::string_view raw, Values& out) {
    for (const std::string_view word : base::words(raw)) {
        const bool plain = word == "proc" || word == "sys";
        const bool known =
            plain || has_word("proc:mixed proc:rw sys:mixed sys:ro sys:rw", word) ||
            has_word("cgroup cgroup:mixed cgroup:ro cgroup:rw cgroup:force cgroup:mixed:force cgroup:ro:force cgroup:rw:force",
                     word) ||
            has_word(
                "cgroup-full cgroup-full:mixed cgroup-full:ro cgroup-full:rw cgroup-full:force "
                "cgroup-full:mixed:force cgroup-full:ro:force cgroup-full:rw:force",
                word) ||
            has_word("cgroup2 cgroup2:ro cgroup2:force cgroup2:ro:force", word) ||
            (word.starts_with("shmounts:") && word.size() > 9);
        if (!known) refuse(key, name, word);
        out.push_back(plain ? cat(word, ":mixed") : std::string(word));
    }
}

std::string mount_options(const abi::Key& key, std::string_view name, std::string_view raw) {
    for (const std::string_view option : base::split(raw, ',')) {
        if (option.starts_with("create=") || option == "optional" || option == "relative") refuse(key, name, option);
    }
    return std::string(raw);
}

std::string rootfs_source(const abi::Key& key, std::string_view name, std::string_view raw, KeySource& plugins) {
    const std::string_view prefix = storage_prefix(raw, plugins);
    if (prefix.empty()) return path(key, name, raw);
    return cat(prefix, ':', path(key, name, raw.substr(prefix.size() + 1)));
}

void group_ids(const abi::Key& key, std::string_view name, std::string_view raw, Values& out) {
    for (std::string_view part : base::split(raw, ',')) {
        part.remove_prefix(std::min(part.find_first_not_of(" \t"), part.size()));
        const bool digits = part.find_first_not_of("0123456789") == std::string_view::npos;
        uint64_t value = 0;
        for (const char digit : digits&& part.size() <= 10 ? part : std::string_view())
            value = value * 10 + static_cast<uint64_t>(digit - '0');
        if (part.empty() || !digits || part.size() > 10 || value > std::numeric_limits<uint32_t>::max()) refuse(key, name, raw);
        out.push_back(std::to_string(value));
    }
}

/// "unlimited", "-1" or digits; without a value for anything else.
std::optional<std::string> one_limit(std::string_view text) {
    if (text.empty()) return "0";
    if (text == "unlimited" || text == "-1") return "unlimited";
    if (text.find_first_not_of("0123456789") != std::string_view::npos) return {};
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
    if (!base::parse_unsigned(text)) return {};
    return std::string(text);
}

std::string limit(const abi::Key& key, std::string_view name, std::string_view raw) {
    const size_t colon = raw.find(':');
    const auto soft = one_limit(base::trim(raw.substr(0, colon)));
    const std::string_view rest = colon == std::string_view::npos ? std::string_view() : base::trim(raw.substr(colon + 1));
    const auto hard = rest.empty() ? soft : one_limit(rest);
    if (!soft || !hard) refuse(key, name, raw);
    return *soft == *hard ? *soft : cat(*soft, ':', *hard);
}

std::string interface_name(std::string_view name, std::string_view raw) {
    constexpr size_t longest = 15;  // IFNAMSIZ - 1, netdevice(7)
    if (raw.size() > longest)
        base::log_error(
            cat(name, " = ", raw, ": interface names have at most 15 bytes, so it is cut to ", raw.substr(0, longest)));
    return std::string(raw.substr(0, longest));
}

std::string network_flags(std::string_view name, std::string_view raw) {
    if (raw != "up") base::log_warn(cat(name, " = ", raw, ": means up, as everything but an empty value does"));
    return "up";
}

std::string host_name(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (raw.size() > 64) refuse(key, name, raw);
    return std::string(raw);
}

}  // namespace

bool is_plugin_name(std::string_view name) noexcept {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    return !name.empty() && name.size() < 32 && name.find_first_not_of(letters) == std::string_view::npos;
}

std::string_view storage_prefix(std::string_view source, KeySource& plugins) {
    const std::string_view prefix = source.substr(0, std::min(source.find(':'), source.size()));
    const bool known = prefix.size() < source.size() && is_plugin_name(prefix) && plugins.keys_of("storage", prefix) != nullptr;
    return known ? prefix : std::string_view();
}

std::string simplify_path(std::string_view path) {
    std::string simple(path.starts_with('/') ? "/" : "");
    for (const std::string_view part : base::split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (!simple.empty() && simple != "/") simple += '/';
        simple += part;
    }
    return simple.empty() ? "." : simple;
}

std::optional<int> parse_signal(std::string_view text) {
    if (const auto value = base::parse_unsigned(text)) {
        return *value <= std::numeric_limits<int>::max() ? std::optional(static_cast<int>(*value)) : std::nullopt;
    }
    struct Name {
        std::string_view name;
        int value;
    };
    static constexpr Name names[] = {
        {"hup", SIGHUP},       {"int", SIGINT},   {"quit", SIGQUIT},     {"ill", SIGILL},   {"abrt", SIGABRT},
        {"fpe", SIGFPE},       {"kill", SIGKILL}, {"segv", SIGSEGV},     {"pipe", SIGPIPE}, {"alrm", SIGALRM},
        {"term", SIGTERM},     {"usr1", SIGUSR1}, {"usr2", SIGUSR2},     {"chld", SIGCHLD}, {"cont", SIGCONT},
        {"stop", SIGSTOP},     {"tstp", SIGTSTP}, {"ttin", SIGTTIN},     {"ttou", SIGTTOU}, {"trap", SIGTRAP},
        {"iot", SIGIOT},       {"bus", SIGBUS},   {"urg", SIGURG},       {"xcpu", SIGXCPU}, {"xfsz", SIGXFSZ},
        {"prof", SIGPROF},     {"io", SIGIO},     {"vtalrm", SIGVTALRM}, {"poll", SIGPOLL}, {"winch", SIGWINCH},
        {"pwr", SIGPWR},       {"sys", SIGSYS},   {"unused", SIGSYS},
#ifdef SIGSTKFLT
        {"stkflt", SIGSTKFLT},
#endif
        {"cld", SIGCHLD},
    };
    const std::string name = lower(text);
    if (!name.starts_with("sig")) return {};
    const std::string_view rest = std::string_view(name).substr(3);
    if (rest.starts_with("rtmin+") || rest.starts_with("rtmax-")) {
        const auto offset = base::parse_unsigned(rest.substr(6));
        if (!offset || *offset > static_cast<uint64_t>(SIGRTMAX - SIGRTMIN)) return {};
        return rest[5] == '+' ? SIGRTMIN + static_cast<int>(*offset) : SIGRTMAX - static_cast<int>(*offset);
    }
    const Name* const found = std::ranges::find(names, rest, &Name::name);
    return found == std::end(names) ? std::nullopt : std::optional(found->value);
}

std::optional<Duration> parse_duration(std::string_view text) {
    struct Unit {
        std::string_view name;
        int64_t factor;
        bool seconds;
    };
    static constexpr Unit units[] = {{"h", 3600, true},        {"m", 60, true},     {"s", 1, true},
                                     {"ms", 1'000'000, false}, {"us", 1000, false}, {"ns", 1, false}};
    const size_t end = text.find_first_not_of("+-0123456789");
    if (end == std::string_view::npos) return {};
    const bool negative = text.starts_with('-');
    std::string_view digits = text.substr(0, end);
    if (negative || digits.starts_with('+')) digits.remove_prefix(1);
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.empty() ? 0 : digits.size() - 1));
    const auto size = base::parse_signed(digits);
    const bool blank = text[end] == ' ' || text[end] == '\t';
    const Unit* const unit = std::ranges::find(units, base::trim(text.substr(end)), &Unit::name);
    // After a blank LXC knows only units of one letter.
    if (!size || *size < 0 || unit == std::end(units) || (blank && unit->name.size() > 1)) return {};
    int64_t value = 0;
    if (__builtin_mul_overflow(negative ? -*size : *size, unit->factor, &value)) return {};
    return unit->seconds ? Duration{value, {}} : Duration{{}, value};
}

void refuse(const abi::Key& key, std::string_view name, std::string_view raw, std::string hint) {
    throw Error(0, std::string(name), cat("expected ", expectation(key), ", not \"", raw, "\", for"), std::move(hint));
}

void normalise(const abi::Key& key, std::string_view name, std::string_view raw, KeySource& plugins, Values& out) {
    switch (static_cast<uint32_t>(key.type)) {
        using enum abi::KeyType;
        case uint32_t(words):
            return config::words(key, name, raw, out);
        case uint32_t(idmap):
            return id_map(key, name, raw, out);
        case uint32_t(capability):
            return capabilities(key, name, raw, out);
        case uint32_t(namespaces):
            return config::namespaces(key, name, raw, out);
        case own::auto_mounts:
            return auto_mounts(key, name, raw, out);
        case own::group_ids:
            return group_ids(key, name, raw, out);
        case uint32_t(path):
        case own::installed_path:
            out.push_back(config::path(key, name, raw));
            return;
        case uint32_t(boolean):
            out.push_back(config::boolean(key, name, raw));
            return;
        case uint32_t(number):
            out.push_back(config::number(key, name, raw));
            return;
        case uint32_t(integer):
            out.push_back(config::integer(key, name, raw));
            return;
        case uint32_t(size):
            out.push_back(config::size(key, name, raw));
            return;
        case uint32_t(choice):
            out.push_back(config::choice(key, name, raw));
            return;
        case uint32_t(signal):
            out.push_back(config::signal(key, name, raw));
            return;
        case uint32_t(address4):
            out.push_back(network::address4(key, name, raw));
            return;
        case uint32_t(address6):
            out.push_back(network::address6(key, name, raw));
            return;
        case uint32_t(gateway):
            out.push_back(network::gateway(key, name, raw));
            return;
        case uint32_t(variable):
            out.push_back(config::variable(name, raw));
            return;
        case uint32_t(duration):
            out.push_back(config::duration(key, name, raw));
            return;
        case uint32_t(relative):
            out.push_back(config::relative(key, name, raw));
            return;
        case own::architecture:
            out.push_back(architecture(key, name, raw));
            return;
        case own::host_name:
            out.push_back(host_name(key, name, raw));
            return;
        case own::log_level:
            out.push_back(log_level(key, name, raw));
            return;
        case own::facility:
            out.push_back(facility(key, name, raw));
            return;
        case own::mount_options:
            out.push_back(mount_options(key, name, raw));
            return;
        case own::rootfs_source:
            out.push_back(rootfs_source(key, name, raw, plugins));
            return;
        case own::component:
            out.push_back(component(key, name, raw));
            return;
        case own::limit:
            out.push_back(limit(key, name, raw));
            return;
        case own::console_size:
            out.push_back(console_size(key, name, raw));
            return;
        case own::tmpfs_size:
            out.push_back(tmpfs_size(key, raw));
            return;
        case own::network_type:
            out.push_back(network::type(name, raw, plugins));
            return;
        case own::network_flags:
            out.push_back(network_flags(name, raw));
            return;
        case own::interface_name:
            out.push_back(interface_name(name, raw));
            return;
        case own::hardware_address:
            out.push_back(network::hardware_address(raw));
            return;
        default:
            out.emplace_back(raw);
    }
}

}  // namespace keelson::config
