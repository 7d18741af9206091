// [host] A link that the host lends to a container: all that is needed to have it back as it was.
#pragma once

#include <plugins/net/common/host_links.hpp>

#include <string>
#include <string_view>

namespace keelson::net {

struct Loan {
    LinkFacts link;                         ///< on the host, before
    std::string device;                     ///< the hardware below it, in /sys/devices; empty: none
    std::string transient_name;             ///< random; while it travels
    std::string tag;                        ///< the alias that marks it as lent, to whom, and no other loan
    unsigned index_inside = 0;              ///< 0: not known to have arrived
    std::optional<LowerLink> lower_inside;  ///< as it was seen there, once it had arrived
    std::optional<int> namespace_id;        ///< of the container's namespace, once it has arrived; see HostLinks::namespace_id

    /// Of a link as it is now, to a container with this ownership tag.
    static Loan of(LinkFacts link, std::string_view owner);

    /// As a record, and back. Throws Error for a text that is none. A record that tells no kind, as they once were, is one of a
    /// link that dies with its namespace.
    std::string text() const;
    static Loan parse(std::string_view text);

    /// Renames, strips, tags and moves the link, and finds out where it is then. Throws Error; what was done is taken back by
    /// restore().
    void lend(HostLinks& links, std::optional<uint32_t> mtu, int net_namespace);

    /// Moves the link back, whatever it is called inside: by its number there. False: it is not there, nor at home; who may
    /// delete it inside may also give its number to another link, which stays where it is.
    bool fetch(HostLinks& links, int net_namespace) const;

    /// Name, alternative names, alias, hardware address, mtu and up as they were, once the link is on the host and wears the
    /// transient name or the tag: the kernel brings a link home by itself after the last process has left the container's
    /// namespace, and is waited for. Success when the link was never lent, is given back already, or is gone: unplugged, or
    /// of a kind that dies with its namespace. Throws Error when it is elsewhere. May repeat.
    /// `may_be_inside`: fetch() was not asked, or has found it.
    void restore(HostLinks& links, bool may_be_inside = true) const;

private:
    void take_word(std::string_view text);
    std::optional<LinkFacts> at_home(HostLinks& links) const;
    bool is_alike(const LinkFacts& found) const;
    bool stands_on_same_hardware(const LinkFacts& at_home) const;
    bool is_lent(HostLinks& links, const LinkFacts& found, int net_namespace) const;
    bool faces_moved_end(HostLinks& links, const LinkFacts& found, int net_namespace) const;
    bool stands_as_before(HostLinks& links) const;
    bool is_inside(HostLinks& links) const;
    bool may_come_home() const;
    void give_back(HostLinks& links, const LinkFacts& now) const;
    void bring_up_again(HostLinks& links) const;
};

}  // namespace keelson::net
