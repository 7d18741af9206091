// @name@: takes from the container's processes the way to gain privileges through set-user-id programs
// (PR_SET_NO_NEW_PRIVS, prctl(2)).
#include <keelson/sdk/security_module.hpp>

#include <sys/prctl.h>

namespace {

using namespace keelson;
using namespace keelson::sdk;

class @Class@ : public SecurityModule {
public:
    /// False: nothing to do for this container.
    bool check(const Context& context) override { return context.value("keelson.lsm.@name@.confine") == "1"; }

    /// What is expensive belongs here, on the host; `confine` gets what this returns.
    std::string prepare(const Context&) override { return {}; }

    /// Runs inside, in the process to be confined.
    void confine(const Context&, std::string_view, int) override {
        if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw Error::last("set", "no_new_privs");
    }
};

KEELSON_SECURITY_MODULE("@name@", @Class@, .version = "0.1", .summary = "no privileges through set-user-id programs");
KEELSON_KEYS({"keelson.lsm.@name@.confine", abi::KeyType::boolean, 0, "0", "", "1: processes gain no privileges by exec"});

}  // namespace
