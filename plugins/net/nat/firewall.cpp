#include "firewall.hpp"

#include <keelson/sdk/error.hpp>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <dlfcn.h>
#include <nftables/libnftables.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <memory>

namespace keelson::net {
namespace {

// A chain of the family inet would see IPv6 as well: the rule names IPv4 by its set.
constexpr const char* table =
    "add table inet keelson\n"
    "add set inet keelson subnets { type ipv4_addr; flags interval; }\n"
    "add chain inet keelson postrouting { type nat hook postrouting priority 100; policy accept; }\n";

/// What the library's process says when all went well.
constexpr std::string_view done = "done";

/// libnftables, loaded only by the first container of a bridge and the last: with what it needs it is larger than all the rest.
/// It works in a process of its own, because it ends the one that it is in when the kernel does not answer as it expects.
class Nftables {
public:
    Nftables() : library_(::dlopen("libnftables.so.1", RTLD_NOW | RTLD_LOCAL)) {
        if (!library_) throw Error(ENOENT, "libnftables.so.1", ::dlerror(), "apt-get install libnftables1");
    }

    /// All of it or nothing.
    void run(const std::string& commands) const {
        const std::string said = said_by_own_process(commands);
        if (said == done) return;
        throw Error(0, "table inet keelson",
                    cat("nftables refused: ", said.empty() ? "it died" : said.substr(0, said.find('\n'))),
                    "does the kernel have nf_tables and masquerading (modprobe nft_masq nft_chain_nat)?");
    }

private:
    struct Close {
        void operator()(void* library) const noexcept { ::dlclose(library); }
    };

    template <typename Function>
    Function function(const char* name) const {
        void* found = ::dlsym(library_.get(), name);
        if (found == nullptr) throw Error(ENOENT, "libnftables.so.1", cat("has no ", name));
        return reinterpret_cast<Function>(found);
    }

    std::string said_by_own_process(const std::string& commands) const {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw Error::last("make a pipe", "nftables");
        const UniqueFd ours(ends[0]);
        UniqueFd its(ends[1]);
        const pid_t parent = ::getpid(), pid = ::fork();
        if (pid < 0) throw Error::last("fork", "nftables");
        if (pid == 0) work(parent, its.get(), commands);
        its.reset();
        std::string said = sdk::read_all(ours.get(), "nftables");
        while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
        return said;
    }

    /// Not longer than the parent lives, whose lock it holds. The library's last words go to standard error, and with them what
    /// the parent had still to write.
    [[noreturn]] void work(pid_t parent, int answer, const std::string& commands) const noexcept try {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(1);
        for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(answer, fd);
        say(answer, carry_out(commands));
        ::_exit(0);
    } catch (const std::exception& error) {
        say(answer, error.what());
        ::_exit(1);
    }

    /// `done`, or why not.
    std::string carry_out(const std::string& commands) const {
        nft_ctx* context = function<decltype(&nft_ctx_new)>("nft_ctx_new")(0);
        if (context == nullptr) throw Error(ENOMEM, "libnftables.so.1", "make a context");
        function<decltype(&nft_ctx_buffer_error)>("nft_ctx_buffer_error")(context);
        if (function<decltype(&nft_run_cmd_from_buffer)>("nft_run_cmd_from_buffer")(context, commands.c_str()) == 0)
            return std::string(done);
        return function<decltype(&nft_ctx_get_error_buffer)>("nft_ctx_get_error_buffer")(context);
    }

    static void say(int answer, std::string_view words) noexcept {
        while (::write(answer, words.data(), words.size()) < 0 && errno == EINTR) continue;
    }

    std::unique_ptr<void, Close> library_;
};

}  // namespace

void masquerade(const std::string& subnet) {
    Nftables().run(cat(table, "flush chain inet keelson postrouting\n",
                       "add rule inet keelson postrouting ip saddr @subnets ip daddr != @subnets masquerade\n",
                       "add element inet keelson subnets { ", subnet, " }\n"));
}

void stop_masquerading(const std::string& subnet, bool last) {
    // To add first makes a deletion succeed that has nothing left to do.
    if (last) return Nftables().run("add table inet keelson\ndelete table inet keelson\n");
    Nftables().run(cat(table, "add element inet keelson subnets { ", subnet, " }\n", "delete element inet keelson subnets { ",
                       subnet, " }\n"));
}

}  // namespace keelson::net
