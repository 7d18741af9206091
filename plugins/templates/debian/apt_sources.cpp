#include "apt_sources.hpp"

#include <keelson/sdk/error.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

namespace keelson::templates {

namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trim(std::string_view text) {
    const size_t start = text.find_first_not_of(blanks);
    if (start == std::string_view::npos) return {};
    return text.substr(start, text.find_last_not_of(blanks) - start + 1);
}

std::vector<std::string> words(std::string_view text, std::string_view separators = " \t\r\n") {
    std::vector<std::string> result;
    for (size_t end = 0; (end = text.find_first_not_of(separators, end)) != std::string_view::npos;) {
        const size_t start = end;
        end = std::min(text.find_first_of(separators, start), text.size());
        result.emplace_back(text.substr(start, end - start));
    }
    return result;
}

std::vector<std::string_view> lines(std::string_view text) {
    std::vector<std::string_view> result;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        result.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return result;
}

bool contains(const std::vector<std::string>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

bool same_word(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

/// "deb [signed-by=FILE arch=amd64] URI SUITE COMPONENT..."
std::optional<AptSource> parse_source_line(std::string_view line) {
    line = trim(line.substr(0, line.find('#')));
    if (!line.starts_with("deb") || line.size() < 4 || blanks.find(line[3]) == std::string_view::npos) return {};
    line = trim(line.substr(3));
    AptSource source;
    if (line.starts_with('[')) {
        const size_t end = line.find(']');
        if (end == std::string_view::npos) return {};
        for (const std::string& option : words(line.substr(1, end - 1)))
            if (option.starts_with("signed-by=")) source.signed_by = option.substr(10);
        line = line.substr(end + 1);
    }
    std::vector<std::string> rest = words(line);
    if (rest.size() < 2) return {};
    source.uris = {rest[0]};
    source.suites = {rest[1]};
    source.components.assign(rest.begin() + 2, rest.end());
    return source;
}

/// One stanza, field by field.
struct Stanza {
    AptSource source;
    bool binary = false, enabled = true;

    void set(std::string_view name, std::string_view value) {
        if (same_word(name, "Types")) binary = contains(words(value), "deb");
        if (same_word(name, "URIs")) source.uris = words(value);
        if (same_word(name, "Suites")) source.suites = words(value);
        if (same_word(name, "Components")) source.components = words(value);
        if (same_word(name, "Signed-By")) source.signed_by = value;
        if (same_word(name, "Enabled")) enabled = !same_word(value, "no") && !same_word(value, "false");
    }
    bool usable() const { return binary && enabled && !source.uris.empty() && !source.suites.empty(); }
};

Stanza parse_stanza(const std::vector<std::string_view>& text) {
    Stanza stanza;
    std::string name, value;
    for (std::string_view line : text) {
        if (blanks.find(line[0]) != std::string_view::npos) {
            value += cat("\n", line);
            continue;
        }
        const size_t colon = line.find(':');
        stanza.set(name, value);
        name = line.substr(0, colon);
        value = colon == std::string_view::npos ? "" : trim(line.substr(colon + 1));
    }
    stanza.set(name, value);
    return stanza;
}

std::string read_file(const std::string& path) {
    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
    std::string text;
    char buffer[4096];
    for (size_t count; file && (count = std::fread(buffer, 1, sizeof buffer, file.get())) > 0;) text.append(buffer, count);
    return text;
}

std::vector<std::string> files_below(const std::string& directory) {
    std::vector<std::string> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) files.push_back(entry.path().string());
    std::sort(files.begin(), files.end());
    return files;
}

/// The suite of `release` that stands where `suite` stands for the machine's release; empty if it is none of Debian's own.
std::string renamed(std::string_view suite, std::string_view codename, std::string_view release) {
    const size_t end = std::min(suite.find_first_of("-/"), suite.size());
    const std::string_view base = suite.substr(0, end), suffix = suite.substr(end);
    const bool known =
        base == codename || base == "stable" || base == "oldstable" || base == "testing" || base == "unstable" || base == "sid";
    if (!known || (suffix != "" && suffix != "-updates" && suffix != "-security" && suffix != "/updates")) return {};
    const bool rolling = release == "sid" || release == "unstable";
    return rolling && !suffix.empty() ? std::string() : cat(release, suffix);
}

bool reachable_from_a_container(const std::string& uri) { return !uri.starts_with("cdrom:") && !uri.starts_with("file:"); }

/// One URI, the first that a container can use.
std::vector<std::string> usable_uri(const std::vector<std::string>& uris) {
    const auto found = std::find_if(uris.begin(), uris.end(), reachable_from_a_container);
    return found == uris.end() ? std::vector<std::string>() : std::vector<std::string>{*found};
}

}  // namespace

std::vector<AptSource> parse_source_list(std::string_view text) {
    std::vector<AptSource> sources;
    for (std::string_view line : lines(text))
        if (auto source = parse_source_line(line)) sources.push_back(std::move(*source));
    return sources;
}

std::vector<AptSource> parse_source_stanzas(std::string_view text) {
    std::vector<AptSource> sources;
    std::vector<std::string_view> stanza;
    const auto finish = [&] {
        if (const Stanza parsed = parse_stanza(stanza); parsed.usable()) sources.push_back(parsed.source);
        stanza.clear();
    };
    for (std::string_view line : lines(text)) {
        if (trim(line).empty())
            finish();
        else if (line[0] != '#')
            stanza.push_back(line);
    }
    finish();
    return sources;
}

std::vector<AptSource> read_sources(const std::string& directory) {
    std::vector<AptSource> sources = parse_source_list(read_file(directory + "/sources.list"));
    for (const std::string& file : files_below(directory + "/sources.list.d")) {
        std::vector<AptSource> more;
        if (file.ends_with(".list")) more = parse_source_list(read_file(file));
        if (file.ends_with(".sources")) more = parse_source_stanzas(read_file(file));
        sources.insert(sources.end(), more.begin(), more.end());
    }
    return sources;
}

std::vector<AptSource> sources_for(const std::vector<AptSource>& machine, std::string_view codename, std::string_view release) {
    std::vector<AptSource> chosen;
    std::vector<std::string> taken;
    for (const AptSource& source : machine) {
        AptSource mine{usable_uri(source.uris), {}, {"main"}, source.signed_by};
        if (mine.uris.empty() || !contains(source.components, "main")) continue;
        for (const std::string& suite : source.suites) {
            const std::string wanted = renamed(suite, codename, release);
            // The first source of a suite is the archive; another of the same suite is somebody's addition to it.
            if (wanted.empty() || contains(taken, wanted)) continue;
            taken.push_back(wanted);
            mine.suites.push_back(wanted);
        }
        if (!mine.suites.empty()) chosen.push_back(std::move(mine));
    }
    return contains(taken, release) ? chosen : std::vector<AptSource>();
}

std::string to_stanzas(const std::vector<AptSource>& sources) {
    std::string text;
    const auto field = [&](const char* name, const std::vector<std::string>& values) {
        text += cat(name, ":");
        for (const std::string& value : values) text += cat(' ', value);
        text += '\n';
    };
    for (const AptSource& source : sources) {
        if (!text.empty()) text += '\n';
        field("Types", {"deb"});
        field("URIs", source.uris);
        field("Suites", source.suites);
        field("Components", source.components);
        if (!source.signed_by.empty()) text += cat("Signed-By: ", source.signed_by, '\n');
    }
    return text;
}

}  // namespace keelson::templates
