#include <conformance/check.hpp>
#include <conformance/subject.hpp>

namespace keelson::conformance {

std::vector<Check> all_checks() {
    std::vector<Check> all;
    for (std::span<const Check> part : {plugin_checks(), network_checks(), storage_checks(), security_module_checks(),
                                        cgroup_driver_checks(), template_checks(), stage_hook_checks(), undo_checks()})
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

std::unique_ptr<Subject> make_subject(Bench& bench) {
    const std::string_view kind = bench.descriptor().kind;
    const char* condition = bench.descriptor().applies_to;
    if ((kind == "lsm" || kind == "cgroup") && *condition && ::access(condition, F_OK) != 0)
        throw Skipped(cat("the plugin does not apply to this host: there is no ", condition));
    if (kind == "net") return make_network(bench);
    if (kind == "storage") return make_storage(bench);
    if (kind == "lsm") return make_security_module(bench);
    if (kind == "cgroup") return make_cgroup_driver(bench);
    if (kind == "template") return make_template(bench);
    if (kind == "hook") return make_stage_hook(bench);
    throw Failure(cat("is of a kind that there is none of: ", kind));
}

}  // namespace keelson::conformance
