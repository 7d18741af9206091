// [host] A link that the host lends to a container: all that is needed to have it back as it was.
#pragma once

#include <plugins/net/common/host_links.hpp>

#include <string>
#include <string_view>

namespace keelson::net {

struct Loan {
    LinkFacts link;              ///< on the host, before
    std::string transient_name;  ///< random; while it travels
    std::string tag;             ///< the alias that marks it as lent, to whom, and which of the container's loans it is
    unsigned index_inside = 0;   ///< 0: not known to have arrived

    /// As a record, and back. Throws Error for a text that is none.
    std::string text() const;
    static Loan parse(std::string_view text);

    /// Renames, strips, tags and moves the link. Throws Error; what was done is taken back by restore().
    void lend(HostLinks& links, std::optional<uint32_t> mtu, int net_namespace) const;

    /// Moves the link back, whatever it is called inside: by its number there, which nobody inside can change.
    /// Success when it is not there.
    void fetch(HostLinks& links, int net_namespace) const;

    /// Name, alternative names, alias, mtu and up as they were, if the link is on the host and wears the transient name or the
    /// tag (the kernel brings a link home by itself when the container's namespace is gone). May repeat.
    void restore(HostLinks& links) const;

private:
    void bring_up_again(HostLinks& links) const;
};

}  // namespace keelson::net
