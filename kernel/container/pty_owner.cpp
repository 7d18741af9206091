#include <kernel/container/pty_owner.hpp>

#include <unistd.h>

namespace keelson::container {

void give_to_root(const console::Pty& pty, const Facts& facts) {
    if (facts.idmap().empty()) return;
    const auto give = [&pty](uid_t user, gid_t group) {
        if (::fchown(pty.peer.get(), user, group) != 0) throw Error::last("chown", cat("/dev/pts/", pty.number));
    };
    constexpr auto as_it_is = static_cast<uint32_t>(-1);
    if (facts.raw().ordinary_user == 0) return give(facts.raw().root_uid, as_it_is);
    // Capabilities of a user namespace do not reach a file whose group is not in its map (user_namespaces(7)), such as that
    // of devpts' gid=5. But whoever owns a file may give it to a group of its own.
    give(as_it_is, ::getegid());
    give(facts.raw().root_uid, facts.raw().root_gid);
}

}  // namespace keelson::container
