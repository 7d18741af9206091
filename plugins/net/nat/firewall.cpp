#include "firewall.hpp"

#include <keelson/sdk/error.hpp>

#include <dlfcn.h>
#include <nftables/libnftables.h>

#include <memory>

namespace keelson::net {
namespace {

// A chain of the family inet would see IPv6 as well: the rule names IPv4 by its set.
constexpr const char* table =
    "add table inet keelson\n"
    "add set inet keelson subnets { type ipv4_addr; flags interval; }\n"
    "add chain inet keelson postrouting { type nat hook postrouting priority 100; policy accept; }\n";

/// libnftables, loaded only by the first container of a bridge and the last: with what it needs it is larger than all the rest.
class Nftables {
public:
    Nftables() : library_(::dlopen("libnftables.so.1", RTLD_NOW | RTLD_LOCAL)) {
        if (!library_) throw Error(ENOENT, "libnftables.so.1", ::dlerror(), "apt-get install libnftables1");
        context_ = function<decltype(&nft_ctx_new)>("nft_ctx_new")(0);
        if (context_ == nullptr) throw Error(ENOMEM, "libnftables.so.1", "make a context");
        function<decltype(&nft_ctx_buffer_error)>("nft_ctx_buffer_error")(context_);
    }
    Nftables(const Nftables&) = delete;
    ~Nftables() {
        if (context_ != nullptr) function<decltype(&nft_ctx_free)>("nft_ctx_free")(context_);
    }

    /// All of it or nothing.
    void run(const std::string& commands) {
        if (function<decltype(&nft_run_cmd_from_buffer)>("nft_run_cmd_from_buffer")(context_, commands.c_str()) == 0) return;
        const std::string words = function<decltype(&nft_ctx_get_error_buffer)>("nft_ctx_get_error_buffer")(context_);
        throw Error(0, "table inet keelson", cat("nftables refused: ", words.substr(0, words.find('\n'))),
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

    std::unique_ptr<void, Close> library_;
    nft_ctx* context_ = nullptr;
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
