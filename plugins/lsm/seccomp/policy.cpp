#include "policy.hpp"

#include "architectures.hpp"

#include <keelson/sdk/error.hpp>
#include <keelson/sdk/text.hpp>

#include <algorithm>
#include <optional>

namespace keelson::seccomp {

namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";

/// Cuts leading blanks off.
std::string_view from_word(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text;
}

/// C integer syntax: decimal, 0x, leading 0; leading blanks are skipped. Takes it off the front of `text`.
std::optional<uint64_t> take_number(std::string_view& text, bool any_base) {
    text = from_word(text);
    int base = 10;
    std::string_view digits = text;
    if (any_base && digits.size() > 1 && digits[0] == '0') {
        const bool hex = digits[1] == 'x' || digits[1] == 'X';
        base = hex ? 16 : 8;
        if (hex) digits.remove_prefix(2);
    }
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return number;
}

class Parser {
public:
    Parser(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

    Policy parse() {
        const auto version = take_version();
        if (version == 1) {
            parse_version1();
        } else if (version == 2) {
            parse_version2();
        } else {
            fail("the first line is the version, 1 or 2");
        }
        return std::move(policy_);
    }

private:
    [[noreturn]] void fail(std::string why, std::string hint = {}) const {
        throw Error(EINVAL, cat(name_, ':', line_), "seccomp policy: " + std::move(why), std::move(hint));
    }

    /// Blank lines may come before the version, and the policy's line may follow on the same line.
    std::optional<uint64_t> take_version() {
        skip_blanks();
        const auto version = take_number(rest_, false);
        skip_blanks();
        return version;
    }
    void skip_blanks() {
        const std::string_view after = from_word(rest_);
        line_ += static_cast<unsigned>(std::count(rest_.begin(), rest_.end() - static_cast<long>(after.size()), '\n'));
        rest_ = after;
    }
    bool take_line(std::string_view& line) {
        if (rest_.empty()) return false;
        const size_t end = rest_.find('\n');
        line = rest_.substr(0, end);
        rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
        if (started_) ++line_;
        started_ = true;
        return true;
    }

    void parse_version1() {
        std::string_view line;
        if (!take_line(line) || line.find("allowlist") == std::string_view::npos)
            fail("the second line of version 1 is allowlist");
        if (line.find("debug") != std::string_view::npos) fail("debug is not supported");
        policy_.fallback = {Action::Kind::kill};
        while (take_line(line)) {
            const auto number = take_number(line, false);
            if (!number || *number > INT32_MAX) fail("each line of version 1 begins with the number of a system call");
            policy_.rules.push_back({{}, static_cast<int>(*number), {Action::Kind::allow}, {}, line_});
        }
    }

    void parse_version2() {
        std::string_view line;
        if (!take_line(line)) fail("the second line, allowlist or denylist, is missing");
        parse_head(line);
        while (take_line(line)) {
            if (line.empty() || line[0] == '#') continue;
            if (line[0] == '[') {
                relevant_ = parse_section(line);
            } else if (relevant_) {
                parse_rule(line);
            }
        }
    }

    void parse_head(std::string_view line) {
        if (line.find("debug") != std::string_view::npos) fail("debug is not supported");
        const bool deny = line.starts_with("denylist") || line.starts_with("blacklist");
        if (!deny && !line.starts_with("allowlist") && !line.starts_with("whitelist"))
            fail("the second line begins with allowlist or denylist");
        policy_.fallback = {deny ? Action::Kind::allow : Action::Kind::kill};
        rule_action_ = {deny ? Action::Kind::kill : Action::Kind::allow};
        if (const size_t blank = line.find(' '); blank != std::string_view::npos) {
            line.remove_prefix(blank + 1);
            policy_.fallback = take_action(line);
        }
    }

    bool parse_section(std::string_view line) const {
        const bool known_case = std::ranges::none_of(line, [](char c) { return c >= 'A' && c <= 'Z'; }) ||
                                std::ranges::none_of(line, [](char c) { return c >= 'a' && c <= 'z'; });
        std::string name(line);
        std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        if (known_case && name == "[all]") return true;
        const auto found =
            std::ranges::find_if(all_architectures, [&](const Architecture& one) { return name == cat('[', one.name, ']'); });
        if (!known_case || found == std::end(all_architectures))
            fail(cat("unknown section ", line), "a section is the name of an architecture in brackets, and nothing else");
        const auto native = native_architectures();
        const auto is_native = [&](uint32_t token) { return token == found->token; };
        if (native[0] == SCMP_ARCH_NATIVE) return found->token == seccomp_arch_native();
        return std::ranges::any_of(native, is_native);
    }

    void parse_rule(std::string_view line) {
        Rule rule;
        rule.line = line_;
        rule.action = rule_action_;
        const size_t blank = line.find(' ');
        rule.name = line.substr(0, blank);
        if (rule.name.empty()) fail("a rule begins with the name of a system call, without a blank before it");
        if (rule.name == "reject_force_umount") {
            constexpr uint64_t mnt_force = 1;
            rule.name = "umount2";
            rule.action = {Action::Kind::error, EACCES};
            rule.conditions = {{1, Condition::Operator::masked_equal, mnt_force, mnt_force}};
        } else if (blank != std::string_view::npos) {
            std::string_view rest = from_word(line.substr(blank));
            if (!rest.empty() && rest[0] != '#') {
                rule.action = take_action(rest);
                parse_conditions(rest, rule.conditions);
            }
        }
        policy_.rules.push_back(std::move(rule));
    }

    /// Takes an action off the front. Words are compared as prefixes: kill_process is kill.
    Action take_action(std::string_view& text) const {
        static constexpr std::pair<std::string_view, Action::Kind> words[] = {{"kill", Action::Kind::kill},
                                                                              {"allow", Action::Kind::allow},
                                                                              {"trap", Action::Kind::trap},
                                                                              {"errno", Action::Kind::error},
                                                                              {"notify", Action::Kind::notify}};
        const auto found = std::ranges::find_if(words, [&](const auto& word) { return text.starts_with(word.first); });
        if (found == std::end(words))
            fail(cat("unknown action ", text.empty() ? "\"\"" : text), "it is kill, allow, trap, errno NUMBER or notify");
        text.remove_prefix(found->first.size());
        Action action{found->second};
        if (action.kind == Action::Kind::error) {
            constexpr uint64_t largest = 4095;  // MAX_ERRNO of the kernel
            const auto code = take_number(text, false);
            if (!code || *code > largest) fail("errno needs a number up to 4095");
            action.code = static_cast<uint16_t>(*code);
        }
        return action;
    }

    void parse_conditions(std::string_view text, std::vector<Condition>& conditions) const {
        text = text.substr(0, text.find('#'));
        for (size_t open = text.find('['); open != std::string_view::npos; open = text.find('[')) {
            const size_t close = text.find(']', open);
            if (close == std::string_view::npos) fail("a condition has no ]");
            conditions.push_back(parse_condition(text.substr(open + 1, close - open - 1)));
            text.remove_prefix(close + 1);
        }
        if (conditions.size() > 6) fail("a rule has at most six conditions");
    }

    Condition parse_condition(std::string_view text) const {
        const char* hint = "a condition is [INDEX,VALUE,OPERATOR] or [INDEX,VALUE,OPERATOR,MASK], without blanks";
        Condition condition;
        const auto index = take_number(text, true);
        if (!index || *index > 5) fail("the index of an argument is 0 to 5", hint);
        condition.argument = static_cast<unsigned>(*index);
        if (!take_comma(text)) fail("a condition has three or four parts", hint);
        const auto value = take_number(text, true);
        if (!value || !take_comma(text)) fail("the value of a condition is a number", hint);
        condition.value = *value;
        condition.op = operator_of(text.substr(0, text.find(',')), hint);
        text.remove_prefix(std::min(text.find(','), text.size()));
        if (take_comma(text)) {
            const auto mask = take_number(text, true);
            if (!mask || !text.empty()) fail("the mask of a condition is a number", hint);
            condition.mask = *mask;
        }
        return condition;
    }
    static bool take_comma(std::string_view& text) {
        if (!text.starts_with(',')) return false;
        text.remove_prefix(1);
        return true;
    }

    Condition::Operator operator_of(std::string_view word, const char* hint) const {
        using enum Condition::Operator;
        static constexpr struct {
            std::string_view name, sign;
            Condition::Operator op;
        } operators[] = {{"SCMP_CMP_NE", "!=", not_equal},          {"SCMP_CMP_LT", "<", less},
                         {"SCMP_CMP_LE", "<=", less_equal},         {"SCMP_CMP_EQ", "==", equal},
                         {"SCMP_CMP_GE", ">=", greater_equal},      {"SCMP_CMP_GT", ">", greater},
                         {"SCMP_CMP_MASKED_EQ", "&=", masked_equal}};
        const auto found =
            std::ranges::find_if(operators, [&](const auto& one) { return word == one.name || word == one.sign; });
        if (found == std::end(operators)) fail(cat("unknown operator \"", word, '"'), hint);
        return found->op;
    }

    std::string_view rest_;
    const std::string& name_;
    unsigned line_ = 1;
    bool started_ = false;
    bool relevant_ = true;
    Action rule_action_;
    Policy policy_;
};

}  // namespace

Policy parse_policy(std::string_view text, const std::string& name) { return Parser(text, name).parse(); }

}  // namespace keelson::seccomp
