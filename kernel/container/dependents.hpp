// Which containers share whose storage. In the directory of the original, lxc_snapshots has two lines for each container that
// needs its storage: lxcpath and name. In that of a copy, lxc_rdepends names in the same form those that it needs. Both as LXC
// writes them.
#pragma once

#include <kernel/container/facts.hpp>
#include <kernel/lifecycle/journal.hpp>

#include <string>
#include <vector>

namespace keelson::container {

/// A container by name.
struct Reference {
    std::string lxcpath, name;
    std::string directory() const { return lxcpath + "/" + name; }
    bool operator==(const Reference&) const = default;
};

/// `directory` is a container's.
std::string dependents_file(const std::string& directory);

/// Whose storage a copy needs that shares it with `original`: that of those which the original itself shares with, else the
/// original's own.
std::vector<Reference> lenders(const Facts& original);

/// Writes down on both sides that `copy` needs the storage of the lenders; each change has its record. Throws.
void remember_dependencies(const Facts& copy, const std::vector<Reference>& lenders, lifecycle::Journal& journal);

/// [may repeat] Takes the container off the list of one lender, which a record names by its directory; a list that is empty
/// goes. Throws.
void forget_dependent(const std::string& lender_directory, const Facts& copy);

/// [may repeat] The same for all that its lxc_rdepends names.
void forget_dependencies(const Facts& copy);

}  // namespace keelson::container
