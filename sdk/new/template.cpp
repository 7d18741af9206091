// @name@: fills the root filesystem with a copy of a directory.
#include <keelson/sdk/template.hpp>

#include <filesystem>

namespace {

using namespace keelson;
using namespace keelson::sdk;
namespace fs = std::filesystem;

class @Class@ : public Template {
public:
    /// Returns lines for the container's configuration. Throws for options that it does not know.
    std::vector<std::string> create(const Context& context, const TemplateRequest& request, const Step& step) override {
        constexpr std::string_view option = "--from=";
        std::string from;
        for (const std::string& argument : request.arguments) {
            if (!argument.starts_with(option)) throw Error(EINVAL, argument, "unknown option", "@name@ knows --from=DIRECTORY");
            from = argument.substr(option.size());
        }
        step("making directories", 0);
        for (const char* name : {"dev", "etc", "proc", "run", "sys", "tmp", "usr"}) fs::create_directory(request.rootfs + "/" + name);
        step("copying", 50);
        std::error_code failed;
        if (!from.empty()) fs::copy(from, request.rootfs, fs::copy_options::recursive | fs::copy_options::copy_symlinks, failed);
        if (failed) throw Error(failed.value(), from, "copy");
        return {"lxc.uts.name = " + context.name()};
    }

    std::vector<std::string> help() const override { return {"--from=DIRECTORY  what to copy into the root filesystem"}; }
};

KEELSON_TEMPLATE("@name@", @Class@, .version = "0.1", .summary = "a copy of a directory");

}  // namespace
