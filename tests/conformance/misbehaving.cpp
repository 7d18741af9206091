// A hook with one fault, which MISBEHAVIOUR names: the kit has to find it.
#include <keelson/sdk/stage_hook.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <fcntl.h>

#include <csignal>
#include <thread>

namespace {

using namespace keelson;
using namespace keelson::sdk;

bool fault(std::string_view name) { return name == MISBEHAVIOUR; }

int forgotten = 0;

class Misbehaving : public StageHook {
public:
    Misbehaving() {
        if (fault("starts_a_thread")) std::thread([] { ::pause(); }).detach();
        if (fault("catches_a_signal")) std::signal(SIGUSR1, SIG_IGN);
    }

    std::vector<abi::HookStage> wanted() const override {
        if (fault("wants_no_such_stage")) return {static_cast<abi::HookStage>(20)};
        return {abi::HookStage::pre_start};
    }

    void run(const Context& context, abi::HookStage, std::string_view, const Namespaces&) override {
        if (fault("crashes")) std::raise(SIGSEGV);
        if (fault("leaks_a_descriptor")) static_cast<void>(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        if (fault("writes_no_record")) return make(context);
        if (fault("records_too_late")) make(context);
        uint64_t record = 0;
        try {
            record = context.intend(file(context));
        } catch (const Error&) {
            if (!fault("ignores_the_journal")) throw;
        }
        make(context);
        context.complete(record);
        forgotten = 1;
    }

    void undo(const Context& context, std::string_view record, const Namespaces&) override {
        if (fault("undoes_anything")) ::unlink((context.lxcpath() + "/bystander").c_str());
        if (fault("undoes_for_others")) return static_cast<void>(::unlink(std::string(record).c_str()));
        if (record != file(context)) throw Error(EINVAL, std::string(record), "no such record as");
        if (fault("undoes_only_what_it_remembers") && forgotten == 0) return;
        if (::unlink(file(context).c_str()) != 0 && (errno != ENOENT || fault("undoes_only_once")))
            throw Error::last("remove", file(context));
    }

    void* optional(std::string_view) override { return fault("has_every_interface") ? this : nullptr; }

private:
    static std::string file(const Context& context) { return context.directory() + "/marker"; }
    static void make(const Context& context) {
        const UniqueFd made(::open(file(context).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    }
};

KEELSON_STAGE_HOOK("misbehaving", Misbehaving, .version = "1", .summary = "one fault at a time");

}  // namespace
