#include <conformance/report.hpp>

namespace keelson::conformance {
namespace {

const char* word_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::passed:
            return "pass";
        case Outcome::warned:
            return "warn";
        case Outcome::failed:
            return "fail";
        case Outcome::skipped:
            return "skip";
    }
    return "?";
}

/// A JSON string; bytes that are no ASCII text are written as if they were Latin-1.
std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            result += cat('\\', c);
        else if (byte >= 0x20 && byte < 0x7f)
            result += c;
        else
            result += cat("\\u00", "0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]);
    }
    return result + "\"";
}

std::string json_of(const Result& result) {
    return cat("{\"name\":", quoted(result.name), ",\"checks\":", quoted(result.what), ",\"result\":\"",
               word_of(result.outcome), "\",\"message\":", quoted(result.words), ",\"milliseconds\":", result.milliseconds,
               "}");
}

}  // namespace

std::string line_of(const Result& result) {
    const std::string padding(result.name.size() < 26 ? 26 - result.name.size() : 1, ' ');
    return cat(result.outcome == Outcome::failed ? "FAIL" : word_of(result.outcome), "  ", result.name, padding, result.what,
               result.words.empty() ? "" : "\n      ", result.words);
}

std::string summary_of(const Report& report) {
    return cat(report.kind, report.kind.empty() ? "" : " ", report.name, ": ", report.count(Outcome::passed), " passed, ",
               report.count(Outcome::failed), " failed, ", report.count(Outcome::warned), " warned, ",
               report.count(Outcome::skipped), " skipped");
}

std::string json_of(const Report& report, bool strict) {
    std::string checks;
    for (const Result& result : report.results) checks += cat(checks.empty() ? "" : ",", json_of(result));
    return cat("{\"file\":", quoted(report.file), ",\"kind\":", quoted(report.kind), ",\"name\":", quoted(report.name),
               ",\"good\":", report.good(strict) ? "true" : "false", ",\"checks\":[", checks, "]}");
}

}  // namespace keelson::conformance
