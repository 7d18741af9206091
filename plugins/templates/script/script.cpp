// Runs a template program that was written for lxc-create: Debian's lxc-templates, or one's own.
//
// The calling convention: PROGRAM --path=LXCPATH/NAME --name=NAME --rootfs=ROOTFS ARGUMENTS..., and when an ordinary user
// makes the container --mapped-uid UID --mapped-gid GID, the owner of the container's configuration as it is seen here. The
// program fills the rootfs and edits LXCPATH/NAME/config, which stands there already.
#include <sys/stat.h>
#include <unistd.h>
#include <keelson/sdk/template.hpp>
#include <plugins/templates/common/child.hpp>

namespace {

using namespace keelson;

constexpr std::string_view directory_of_templates = "/usr/share/lxc/templates";

class ScriptTemplate final : public sdk::Template {
public:
    std::vector<std::string> create(const sdk::Context& context, const sdk::TemplateRequest& request,
                                    const Step& step) override {
        if (request.arguments.empty())
            throw Error(EINVAL, "script", "no program given to the template",
                        "keelson create NAME -t script -- /path/to/program [ARGUMENT...]");
        const std::string program = find(request.arguments.front());
        templates::Child child{.argv = {program, cat("--path=", context.directory()), cat("--name=", context.name()),
                                        cat("--rootfs=", request.rootfs)}};
        child.argv.insert(child.argv.end(), request.arguments.begin() + 1, request.arguments.end());
        if (context.by_ordinary_user()) add_owner(child.argv, cat(context.directory(), "/config"));
        child.quiet = request.quiet;
        step(cat("running ", program), -1);
        if (const int status = templates::run(child); status != 0) throw failure(program, status);
        return {};
    }

    std::vector<std::string> help() const override {
        return {
            "PROGRAM [ARGUMENT...]  a template program for lxc-create, by its path or as the NAME in",
            cat("                       ", directory_of_templates, "/lxc-NAME, and its own arguments"),
        };
    }

private:
    static std::string find(const std::string& word) {
        const std::string path = word.find('/') != std::string::npos ? word : cat(directory_of_templates, "/lxc-", word);
        if (::access(path.c_str(), X_OK) == 0) return path;
        throw Error::last("no template program", path, "give the path of an executable file, or apt install lxc-templates");
    }

    static void add_owner(std::vector<std::string>& argv, const std::string& config) {
        struct stat facts;
        if (::stat(config.c_str(), &facts) < 0) throw Error::last("look at", config);
        for (const std::string& word : {std::string("--mapped-uid"), std::to_string(facts.st_uid), std::string("--mapped-gid"),
                                        std::to_string(facts.st_gid)})
            argv.push_back(word);
    }

    static Error failure(const std::string& program, int status) {
        const std::string what =
            status > 128 ? cat("was ended by signal ", status - 128) : cat("failed with exit code ", status);
        return {0, program, cat(what, ":"), "its own messages say why; without --quiet they are on the terminal"};
    }
};

}  // namespace

KEELSON_TEMPLATE("script", ScriptTemplate, .version = "1.0", .summary = "A template program written for lxc-create",
                 .applies_to = "file");
