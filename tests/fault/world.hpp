// The host of the experiments: mount, network, pid, IPC and UTS namespaces of their own, a directory of containers, links that
// containers can use. What namespaces do not divide (cgroups, loop devices) carries the world's name.
#pragma once

#include "command.hpp"
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
Ran run(const Command& command, std::chrono::seconds deadline = std::chrono::seconds(30));

/// Whose containers there are: root's, or an ordinary user's, without a cgroup or with one delegated in each hierarchy.
enum class Owner { root, user, delegated };

class World {
public:
    /// In a process of its own that is the first of its pid namespace. `storage` may want a file system of its own.
    World(std::string program, std::string name, std::string work, const std::string& storage, Owner owner);
    ~World();
    World(const World&) = delete;

    const std::string& program() const noexcept { return program_; }
    const std::string& name() const noexcept { return name_; }
    const std::string& work() const noexcept { return work_; }
    std::string lxcpath() const { return work_ + "/lxc"; }
    /// A command of Keelson's, by the owner of the containers.
    Command command(const std::string& verb, const std::string& container, const std::vector<std::string>& more = {}) const;
    /// The same for what concerns no container.
    Command command(const std::string& verb) const { return {{program_, verb}, runner_}; }
    /// Lines of the configuration that the owner needs.
    std::vector<std::string> lines_of_owner() const;

    Snapshot look() const;
    /// As `expected`, after a short wait for what ends by itself; else the difference.
    std::vector<std::string> changed_from(const Snapshot& expected, std::chrono::milliseconds patience) const;

    /// Loss of power: processes, links, mounts, cgroups, loop devices and the runtime directory are gone, files stay.
    void lose_power() const;

    /// What no namespace takes along: for the world of this name, whose processes are gone.
    static void tidy(const std::string& name);
    /// A frozen process of version 1 does not die.
    static void thaw(const std::string& name);

private:
    void make_mounts() const;
    void make_links() const;
    void make_storage(const std::string& storage) const;
    void make_user();
    void delegate_cgroups();

    std::string program_, name_, work_;
    Runner runner_;
    std::vector<std::string> mounts_;
};

}  // namespace keelson::fault
