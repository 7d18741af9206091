// The ground of the plugin boundary: strings, errors, and what every call has in common.
//
// Rules of the boundary (docs/abi-policy.md):
//  - only pure virtual classes without data and plain structs cross it;
//  - a struct starts with its size, so that it can grow; virtuals are only appended;
//  - a view (pointer and length) is valid for the call that hands it over, unless its comment says otherwise;
//  - nothing is freed on the other side: results are written into sinks that the caller owns;
//  - file descriptors say `owned` (the receiver closes it) or `borrowed` (the receiver must not);
//  - no exception crosses: every virtual is noexcept.
// The Itanium C++ ABI fixes the layout of all this, so compilers and standard libraries mix.
//
// Every call is marked with where it runs: [host] the runtime's process outside of the container, [inside] the
// half-built container's first process, [any process], and [may repeat] where a second call must be harmless.
#pragma once

#include <cstdint>

#define KEELSON_ABI_MAJOR 1
#define KEELSON_ABI_MINOR 0

namespace keelson::abi {

/// 0 for success, else an errno value (errno(3)); the words went to the ErrorSink.
using Status = int32_t;

/// Bytes that somebody else owns; not terminated by a NUL.
struct StringView {
    const char* data;
    uint64_t size;
};

struct StringList {
    const StringView* data;
    uint64_t size;
};

/// Where a failing call leaves its words. Owned by the caller; copies what it is given. The last report counts.
class ErrorSink {
public:
    /// error: an errno value. object: what it happened to (a path, link, key). message: lower case, no full stop.
    /// hint: what the person can do, may be empty.
    virtual void fail(Status error, StringView object, StringView message, StringView hint) noexcept = 0;

protected:
    ~ErrorSink() = default;
};

/// Takes any number of strings; copies each.
class StringSink {
public:
    virtual void add(StringView text) noexcept = 0;

protected:
    ~StringSink() = default;
};

/// Levels as in LXC's log files.
enum class LogLevel : int32_t { trace, debug, info, notice, warn, error };

class Log {
public:
    /// [any process] Writes one line to the container's log if the level is wanted.
    virtual void write(LogLevel level, StringView message) noexcept = 0;

protected:
    ~Log() = default;
};

/// The configuration as far as one plugin may see it.
/// A network plugin names its keys relative to its device (`link`, `veth.pair`), all others in full (`lxc.apparmor.profile`).
class Settings {
public:
    /// How many values the key has; 0: not set. A scalar has at most one.
    /// A key that ends in a dot asks for a family: its values are "SUB-KEY=VALUE" for every line of the family, in file order
    /// ("memory.max=1G" for "lxc.cgroup2."). A sub-key has no '='.
    virtual uint64_t count(StringView key) const noexcept = 0;
    /// The value, or what lxc.conf says (lxc.cgroup.pattern), or the declared default when there is none at `index`. Valid as
    /// long as the configuration is.
    virtual StringView value(StringView key, uint64_t index) const noexcept = 0;

protected:
    ~Settings() = default;
};

/// The plugin's side of the container's journal: a record is written before the change that it undoes.
class Records {
public:
    /// [host] Writes the intent. `text` is the plugin's own and comes back in Plugin::undo.
    virtual Status intend(StringView text, uint64_t* id, ErrorSink* error) noexcept = 0;
    /// [host] The change is made; `text`, if not empty, replaces that of the intent.
    virtual Status complete(uint64_t id, StringView text, ErrorSink* error) noexcept = 0;

protected:
    ~Records() = default;
};

enum class IdKind : int32_t { user, group };

/// One range of an id map (user_namespaces(7)).
struct IdRange {
    IdKind kind;
    uint32_t inside;
    uint32_t host;
    uint32_t count;
};

/// The container that a call is about.
struct ContainerFacts {
    uint32_t size;
    /// Host ids of the container's root; 0 without a user namespace.
    uint32_t root_uid;
    uint32_t root_gid;
    /// 1: started by an ordinary user. The host side then is that user's process in a user and mount namespace of its own: it
    /// may mount, but has no privileges over the host's links, devices and cgroups.
    uint32_t ordinary_user;
    StringView name;
    StringView lxcpath;
    /// lxcpath/name
    StringView directory;
    /// On tmpfs, private to the container and to the user who runs it (0700); gone after stop.
    StringView runtime_directory;
    /// Empty without a user namespace.
    const IdRange* id_ranges;
    uint64_t id_range_count;
};

/// What every call gets. All pointers are valid for the call.
struct Context {
    uint32_t size;
    uint32_t reserved;
    const ContainerFacts* container;
    const Settings* settings;
    Records* records;
    Log* log;
};

/// Optional interfaces are asked for by name, such as "keelson.storage.copy/1".
class Plugin {
public:
    /// [any process] The interface of that name, or null. Belongs to the plugin.
    virtual void* interface(StringView id) noexcept = 0;

    /// [host, may repeat] Takes back the change of one record, also half made, also made by another process, also gone
    /// already (success). Touches nothing that it cannot prove to be the container's own.
    /// `namespaces` may be null when the container's are gone.
    virtual Status undo(const Context* context, StringView record, const struct NamespaceFds* namespaces,
                        ErrorSink* error) noexcept = 0;

protected:
    ~Plugin() = default;
};

/// Descriptors of a container's namespaces (namespaces(7)); -1 where it has none of its own.
struct NamespaceFds {
    uint32_t size;
    int32_t pid_of_init;
    int32_t user_borrowed;
    int32_t mount_borrowed;
    int32_t net_borrowed;
    int32_t pid_borrowed;
};

}  // namespace keelson::abi
