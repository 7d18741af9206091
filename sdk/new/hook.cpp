// @name@: notes in a file beside the container's configuration that it runs.
#include <keelson/sdk/stage_hook.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <fcntl.h>

namespace {

using namespace keelson;
using namespace keelson::sdk;

class @Class@ : public StageHook {
public:
    std::vector<abi::HookStage> wanted() const override { return {abi::HookStage::pre_start}; }

    /// The record is written before the change that it undoes, so that nothing is left behind, whatever dies when.
    void run(const Context& context, abi::HookStage, std::string_view, const Namespaces&) override {
        const std::string file = context.directory() + "/@name@";
        const uint64_t record = context.intend(file);
        const UniqueFd made(::open(file.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
        if (!made) throw Error::last("make", file);
        const std::string text = context.value("keelson.hook.@name@.text") + "\n";
        if (::write(made.get(), text.data(), text.size()) < 0) throw Error::last("write", file);
        context.complete(record);
    }

    /// Comes at stop, after a failed start and after a crash; perhaps twice, perhaps for a file that never was made.
    void undo(const Context& context, std::string_view record, const Namespaces&) override {
        const std::string file = context.directory() + "/@name@";
        if (record != file) throw Error(EINVAL, std::string(record), "@name@ writes no such record as");
        if (::unlink(file.c_str()) != 0 && errno != ENOENT) throw Error::last("remove", file);
    }
};

KEELSON_STAGE_HOOK("@name@", @Class@, .version = "0.1", .summary = "notes in a file that the container runs");
KEELSON_KEYS({"keelson.hook.@name@.text", abi::KeyType::text, 0, "it runs", "", "what is written into the file"});

}  // namespace
