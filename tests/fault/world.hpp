// The host of the experiments: mount, network, pid, IPC and UTS namespaces of their own, a directory of containers, links that
// containers can use. What namespaces do not divide (cgroups, loop devices) carries the world's name.
#pragma once

#include "host_snapshot.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace keelson::fault {

struct Ran {
    int status = 0;  ///< as a shell has it
    std::string output;
};

/// Runs a program to its end, at most so long; longer is status 124.
Ran run(const std::vector<std::string>& words, std::chrono::seconds deadline = std::chrono::seconds(30));

class World {
public:
    /// In a process of its own that is the first of its pid namespace. `storage` may want a file system of its own.
    World(std::string program, std::string name, std::string work, const std::string& storage);
    ~World();
    World(const World&) = delete;

    const std::string& program() const noexcept { return program_; }
    const std::string& name() const noexcept { return name_; }
    const std::string& work() const noexcept { return work_; }
    std::string lxcpath() const { return work_ + "/lxc"; }
    /// A command of Keelson's, as words.
    std::vector<std::string> words(const std::string& verb, const std::string& container,
                                   const std::vector<std::string>& more = {}) const;

    Snapshot look() const;
    /// As `expected`, after a short wait for what ends by itself; else the difference.
    std::vector<std::string> changed_from(const Snapshot& expected, std::chrono::milliseconds patience) const;

    /// Loss of power: processes, links, mounts, cgroups, loop devices and the runtime directory are gone, files stay.
    void lose_power() const;

private:
    void make_mounts() const;
    void make_links() const;
    void make_storage(const std::string& storage) const;

    std::string program_, name_, work_;
    std::vector<std::string> mounts_;
};

}  // namespace keelson::fault
