// The journal of one container: what was changed on the host, and by whom, so that it can be taken back, also by another
// process.
//
// RUNTIME/journal is a text file, one append per line, no rename, no fsync (it lives on tmpfs; after a power loss the changes
// that it speaks of are gone as well):
//     keelson-journal 1 LXCPATH NAME
//     + ID KIND PLUGIN TEXT     intent: written before the change
//     = ID TEXT                 the change is made; TEXT, if any, replaces the intent's
//     - ID                      undone
//     ! ended                   the container has ended, and somebody still takes back what is open
// A line without its newline was never acted upon and is ignored. While a monitor lives it holds a lock (F_OFD_SETLK,
// fcntl(2)) on the file: a journal that can be locked belongs to nobody alive.
#pragma once

#include <keelson/abi/base.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::lifecycle {

struct Record {
    uint64_t id = 0;
    std::string kind;  ///< of the plugin, or "kernel"
    std::string plugin;
    std::string text;
    bool complete = false;
};

class Journal {
public:
    /// Makes the runtime directory (0700) and a new journal in it, locked. One that is there, of a container that boots again,
    /// goes on when it has something that could not be taken back. Throws EBUSY when a living monitor holds one.
    static Journal create(const std::string& runtime_directory, const std::string& lxcpath, const std::string& name);
    /// The journal of a dead monitor, locked now by us, so that who else wants to take back what it speaks of waits; none when
    /// there is no journal or its monitor lives. Waits at most `patience` for who still takes back what is open of a container
    /// that has ended.
    static std::optional<Journal> of_the_dead(const std::string& runtime_directory, std::chrono::milliseconds patience = {});

    /// The journal that the program before us in this process held, by its descriptor, the lock with it.
    static Journal held(std::string runtime_directory, UniqueFd file);
    int fd() const noexcept { return file_.get(); }  ///< borrowed

    uint64_t intend(std::string_view kind, std::string_view plugin, std::string_view text);
    void complete(uint64_t id, std::string_view text);
    void strike(uint64_t id);
    /// The container has ended: who wants its name waits until we are done.
    void say_ended();
    /// Not yet undone, oldest first.
    std::vector<Record> open_records() const;

    const std::string& lxcpath() const noexcept { return lxcpath_; }
    const std::string& name() const noexcept { return name_; }
    const std::string& directory() const noexcept { return directory_; }
    /// Removes the journal and the runtime directory with everything in it; only when nothing is left to undo. May repeat what
    /// threw half way: it throws before the journal is gone, or not at all.
    void close();
    bool closed() const noexcept { return !file_; }

private:
    Journal(std::string directory, UniqueFd file);
    void append(const std::string& line);
    bool has_open_records();
    std::string written() const;
    void read_header();
    void cut_off_half_line(std::string_view text);

    std::string directory_, lxcpath_, name_;
    UniqueFd file_;
    uint64_t next_id_ = 1;
};

/// What a plugin sees of the journal: its records carry its kind and name.
class PluginRecords final : public abi::Records {
public:
    PluginRecords(Journal& journal, std::string kind, std::string plugin);
    abi::Status intend(abi::StringView text, uint64_t* id, abi::ErrorSink* error) noexcept override;
    abi::Status complete(uint64_t id, abi::StringView text, abi::ErrorSink* error) noexcept override;

private:
    Journal& journal_;
    std::string kind_, plugin_;
};

}  // namespace keelson::lifecycle
