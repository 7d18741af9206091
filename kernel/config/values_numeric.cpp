#include <signal.h>

#include <algorithm>
#include <bit>
#include <kernel/base/text.hpp>
#include <kernel/config/key_types.hpp>
#include <kernel/config/values.hpp>
#include <limits>

namespace keelson::config {

namespace {

using Values = std::vector<std::string>;

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

/// "unlimited", "-1" or digits; without a value for anything else.
std::optional<std::string> one_limit(std::string_view text) {
    if (text.empty()) return "0";
    if (text == "unlimited" || text == "-1") return "unlimited";
    if (text.find_first_not_of("0123456789") != std::string_view::npos) return {};
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
    if (!base::parse_unsigned(text)) return {};
    return std::string(text);
}

}  // namespace

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

namespace numeric {

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

std::string signal(const abi::Key& key, std::string_view name, std::string_view raw) {
    const auto value = parse_signal(raw);
    if (!value) refuse(key, name, raw, "names begin with SIG; real-time ones are SIGRTMIN+N or SIGRTMAX-N");
    return std::to_string(*value);
}

std::string duration(const abi::Key& key, std::string_view name, std::string_view raw) {
    const auto value = parse_duration(raw);
    if (!value) refuse(key, name, raw);
    return value->seconds ? cat(*value->seconds, 's') : cat(*value->nanoseconds, "ns");
}

std::string limit(const abi::Key& key, std::string_view name, std::string_view raw) {
    const size_t colon = raw.find(':');
    const auto soft = one_limit(base::trim(raw.substr(0, colon)));
    const std::string_view rest = colon == std::string_view::npos ? std::string_view() : base::trim(raw.substr(colon + 1));
    const auto hard = rest.empty() ? soft : one_limit(rest);
    if (!soft || !hard) refuse(key, name, raw);
    return *soft == *hard ? *soft : cat(*soft, ':', *hard);
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

}  // namespace numeric

}  // namespace keelson::config
