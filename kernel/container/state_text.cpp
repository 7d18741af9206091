#include <keelson/sdk/error.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/state_text.hpp>

#include <optional>

namespace keelson::container {
namespace {

/// The text up to the separator, which is taken off `rest` with it; none when there is no separator.
std::optional<std::string_view> take_line(std::string_view& rest) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
}

std::optional<std::string_view> take_value(std::string_view& rest) {
    const auto line = take_line(rest);
    const auto size = line ? base::parse_unsigned(*line) : std::nullopt;
    if (!size || *size >= rest.size() || rest[*size] != '\n') return std::nullopt;
    const std::string_view value = rest.substr(0, *size);
    rest.remove_prefix(*size + 1);
    return value;
}

}  // namespace

std::string pack_state(const RuntimeState& state) {
    std::string text;
    for (const auto& [key, value] : state) text += cat(key, "\n", value.size(), "\n", value, "\n");
    return text;
}

RuntimeState unpack_state(std::string_view text, const std::string& path) {
    RuntimeState state;
    while (!text.empty()) {
        const auto key = take_line(text);
        const auto value = key ? take_value(text) : std::nullopt;
        if (!value) {
            state.clear();
            break;
        }
        state.emplace(*key, *value);
    }
    if (!state.contains("namespaces"))
        throw Error(0, path,
                    "what is known of the running container is damaged:", "stop it with keelson stop -k, and start it again");
    return state;
}

}  // namespace keelson::container
