#include "bootstrap.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>
#include <plugins/templates/common/child.hpp>
#include <plugins/templates/common/tree.hpp>

#include "bootstrap_progress.hpp"

namespace keelson::templates {

namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += cat(text.empty() ? "" : ",", word);
    return text;
}

/// apt locks its directory of packages and fails when it is taken, so that creations which share it take turns. Whoever may
/// open the file that they lock could hold them up, so that nobody else may.
UniqueFd take_turn(const BootstrapRequest& request) {
    const std::string path = request.cache + "/keelson.lock";
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) throw Error::last("open", path);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
    request.step("waiting for another container's packages", 0);
    while (::flock(file.get(), LOCK_EX) < 0)
        if (errno != EINTR) throw Error::last("lock", path);
    return file;
}

Child with_mmdebstrap(const BootstrapRequest& request, const std::string& program, const std::string& sources) {
    Child child{.argv = {program, "--verbose", "--mode=root", cat("--variant=", request.variant),
                         cat("--architectures=", request.architecture)}};
    if (!request.packages.empty()) child.argv.push_back(cat("--include=", joined(request.packages)));
    // Without it a package that moves /bin to /usr/bin afterwards is installed, and Perl for its sake.
    if (const std::string hook = "/usr/share/mmdebstrap/hooks/merged-usr"; ::access(hook.c_str(), F_OK) == 0)
        child.argv.push_back(cat("--hook-dir=", hook));
    if (!request.cache.empty()) {
        // The path travels in the environment: what stands in a hook is read by a shell.
        child.variables.push_back(cat("KEELSON_PACKAGE_CACHE=", request.cache));
        for (const char* option : {"--skip=download/empty", "--skip=essential/unlink",
                                   "--setup-hook=mkdir -p \"$1/var/cache/apt/archives\" && "
                                   "mount --bind \"$KEELSON_PACKAGE_CACHE\" \"$1/var/cache/apt/archives\"",
                                   "--customize-hook=umount \"$1/var/cache/apt/archives\""})
            child.argv.push_back(option);
    }
    for (const std::string& word : {request.release, request.rootfs, sources}) child.argv.push_back(word);
    return child;
}

Child with_debootstrap(const BootstrapRequest& request, const std::string& program) {
    const AptSource& source = request.sources.front();
    Child child{.argv = {program, cat("--arch=", request.architecture)}};
    if (request.variant == "minbase" || request.variant == "buildd") child.argv.push_back(cat("--variant=", request.variant));
    if (!request.packages.empty()) child.argv.push_back(cat("--include=", joined(request.packages)));
    if (!request.cache.empty()) child.argv.push_back(cat("--cache-dir=", request.cache));
    if (source.signed_by.starts_with('/')) child.argv.push_back(cat("--keyring=", source.signed_by));
    for (const std::string& word : {request.release, request.rootfs, source.uris.front()}) child.argv.push_back(word);
    return child;
}

Child choose(const BootstrapRequest& request, const std::string& sources) {
    if (const std::string program = find_program("mmdebstrap"); !program.empty())
        return with_mmdebstrap(request, program, sources);
    if (const std::string program = find_program("debootstrap"); !program.empty()) return with_debootstrap(request, program);
    throw Error(ENOENT, "mmdebstrap", "the host has no", "apt install mmdebstrap, or debootstrap");
}

}  // namespace

void bootstrap(const BootstrapRequest& request) {
    const UniqueFd turn = request.cache.empty() ? UniqueFd() : take_turn(request);
    Tree scratch(request.scratch);
    scratch.file("debian.sources", to_stanzas(request.sources));
    Child child = choose(request, request.scratch + "/debian.sources");
    BootstrapProgress progress;
    child.read_stderr = true;
    child.reader = [&](std::string_view line) {
        request.log(line);
        if (const auto step = progress.line(line)) request.step(step->what, step->percent);
    };
    const int status = run(child);
    scratch.remove("debian.sources");
    if (status == 0) return;
    const std::string& cause = progress.error();
    throw Error(0, cause, cat(child.argv.front(), " failed", cause.empty() ? cat(" with exit code ", status) : ":"),
                "the log at level debug has all of its output (-l debug -o FILE); --mirror takes another archive");
}

}  // namespace keelson::templates
