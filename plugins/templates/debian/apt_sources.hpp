// Where this machine gets its packages from: apt's sources (sources.list(5)), in both of their formats.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keelson::templates {

/// One stanza or line of type "deb".
struct AptSource {
    std::vector<std::string> uris, suites, components;
    /// A key file, a fingerprint, or a whole key (deb822, several lines); empty: whatever apt trusts.
    std::string signed_by;
};

/// The format of *.list: one source a line.
std::vector<AptSource> parse_source_list(std::string_view text);
/// The format of *.sources: stanzas of fields (deb822(5)).
std::vector<AptSource> parse_source_stanzas(std::string_view text);

/// All of a machine's, in apt's order. `directory` is its /etc/apt. What cannot be read is left out, as apt does it.
std::vector<AptSource> read_sources(const std::string& directory);

/// What a container of `release` uses: the machine's own archive for its release `codename` with updates and security, the
/// release's name put in place of the codename. Third parties' sources are left out. Empty if the machine has none.
std::vector<AptSource> sources_for(const std::vector<AptSource>& machine, std::string_view codename, std::string_view release);

std::string to_stanzas(const std::vector<AptSource>& sources);

}  // namespace keelson::templates
