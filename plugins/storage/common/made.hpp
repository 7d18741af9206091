// What a storage plugin makes on disk, with its record and its undo.
//
// A record is "KIND IDENTITY PATH". The identity is filled in when the thing is made, and is the proof that what stands at the
// path later is the same. A record that was never completed proves nothing: undoing it takes away only what is still empty, and
// so was not anybody's yet.
#pragma once

#include <keelson/sdk/file_identity.hpp>
#include <keelson/sdk/storage.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace keelson::storage {

/// Of a subvolume it is the UUID, in two halves.
using Identity = sdk::FileIdentity;
using sdk::identity_of;

struct Made {
    enum class Kind { directory, parent, file, subvolume } kind;
    std::string path;
    std::optional<Identity> identity;
};
std::string to_text(const Made& made);
/// Throws for a text that is none.
Made made_from(std::string_view text);

/// [host] Makes a directory (0755) with what is missing above it, each with its record, and gives it to the container's root.
/// One that is there already is left as it is.
void make_directory(const sdk::Context& context, const std::string& path);
/// [host] Gives what was made to the container's root. An ordinary user's process is in a namespace then in which ids are those
/// of the host.
void give_to_root(const sdk::Context& context, const std::string& path);
/// [host] mkdir(2), and the mode 0755 whatever the umask of the caller is: what was made may become the container's root
/// directory, or one on the way to it. False if something is there already. Throws.
bool make_with_mode(const std::string& path);
/// [host] A new, empty file, with its record. Throws if there is one.
UniqueFd make_file(const sdk::Context& context, const std::string& path, unsigned mode);

/// [host, may repeat] Takes away a directory, parent or file that the record proves to be ours; success if it is gone.
void undo_made(const Made& made);

/// [host, may repeat] Without links, "." and "..", as far as it exists.
std::string real_path(const std::string& path);

/// [host, may repeat] Does a path lie below the container's own directory, wherever links and ".." in both lead?
bool is_in_own_directory(const sdk::Context& context, const std::string& path);

/// [host, may repeat] Refuses what can only be a mistake: no absolute path, the root directory or one directly below it, one
/// that the container's own directory lies in, what is in another container's, a link.
void refuse_careless_removal(const sdk::Context& context, const std::string& path);

}  // namespace keelson::storage
