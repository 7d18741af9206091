#include <frontends/cli/json.hpp>
#include <frontends/cli/report.hpp>

#include <algorithm>

namespace keelson::cli {

namespace {

constexpr std::string_view stage_prefix = "stage ";

/// "mount" of "stage mount"; empty if the error knows of no stage.
std::string stage_of(const Error& error) {
    const auto& where = error.where();
    const auto found =
        std::find_if(where.begin(), where.end(), [](const std::string& place) { return place.starts_with(stage_prefix); });
    return found == where.end() ? std::string() : found->substr(stage_prefix.size());
}

std::vector<std::string> other_places(const Error& error) {
    std::vector<std::string> places;
    for (const auto& place : error.where())
        if (!place.starts_with(stage_prefix)) places.push_back(place);
    return places;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
    return text;
}

/// "mount (storage dir)"
std::string place_of(const Error& error) {
    const std::string stage = stage_of(error), places = joined(other_places(error));
    if (stage.empty()) return places;
    return places.empty() ? stage : cat(stage, " (", places, ")");
}

/// Breaks at blanks, so that lines stay readable beside their label; line breaks of the text stay.
std::string wrapped(const std::string& text, size_t indent) {
    constexpr size_t width = 100;
    std::string result;
    size_t column = 0, last_blank = std::string::npos;
    for (const char c : text) {
        if (c == ' ') last_blank = result.size();
        result += c;
        if (c == '\n') {
            result.append(indent, ' ');
            column = 0;
            last_blank = std::string::npos;
        } else if (++column > width && last_blank != std::string::npos) {
            column = result.size() - last_blank - 1;
            result.replace(last_blank, 1, "\n" + std::string(indent, ' '));
            last_blank = std::string::npos;
        }
    }
    return result;
}

void add_line(std::string& text, const char* label, const std::string& value) {
    constexpr size_t indent = 10;
    if (value.empty()) return;
    std::string line = cat("  ", label);
    line.resize(indent, ' ');
    text += cat(line, wrapped(value, indent), "\n");
}

}  // namespace

std::string for_people(const std::string& what, const Error& error) {
    std::string text = cat("keelson: ", what, "\n");
    add_line(text, stage_of(error).empty() ? "where" : "stage", place_of(error));
    add_line(text, "cause", error.what());
    add_line(text, "hint", error.hint());
    return text;
}

std::string for_programs(const std::string& what, const std::string& container, const Error& error) {
    json::Object fields;
    fields.text("what", what);
    if (!container.empty()) fields.text("container", container);
    if (const auto stage = stage_of(error); !stage.empty()) fields.text("stage", stage);
    if (const auto places = other_places(error); !places.empty()) fields.list("where", places);
    fields.text("cause", error.what());
    if (!error.object().empty()) fields.text("object", error.object());
    if (error.code() != 0) fields.number("errno", error.code());
    if (!error.hint().empty()) fields.text("hint", error.hint());
    return json::Object().raw("error", fields.str()).str() + "\n";
}

std::vector<std::string> for_log(const std::string& what, const Error& error) {
    const std::string place = place_of(error);
    std::vector<std::string> lines = {cat(what, place.empty() ? "" : cat(": ", place), ": ", error.what())};
    if (!error.hint().empty()) lines.push_back(cat("hint: ", error.hint()));
    return lines;
}

}  // namespace keelson::cli
