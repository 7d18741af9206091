#include "compile.hpp"

#include "architectures.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <keelson/sdk/file.hpp>

#include <cstring>
#include <memory>

namespace keelson::seccomp {

namespace {

uint32_t action_of(const Action& action) {
    switch (action.kind) {
        case Action::Kind::kill:
            return SCMP_ACT_KILL;
        case Action::Kind::allow:
            return SCMP_ACT_ALLOW;
        case Action::Kind::trap:
            return SCMP_ACT_TRAP;
        case Action::Kind::error:
            return SCMP_ACT_ERRNO(action.code);
        case Action::Kind::notify:
            return SCMP_ACT_NOTIFY;
    }
    return SCMP_ACT_KILL;
}

scmp_arg_cmp comparison_of(const Condition& condition) {
    using enum Condition::Operator;
    switch (condition.op) {
        case not_equal:
            return SCMP_CMP64(condition.argument, SCMP_CMP_NE, condition.value);
        case less:
            return SCMP_CMP64(condition.argument, SCMP_CMP_LT, condition.value);
        case less_equal:
            return SCMP_CMP64(condition.argument, SCMP_CMP_LE, condition.value);
        case equal:
            return SCMP_CMP64(condition.argument, SCMP_CMP_EQ, condition.value);
        case greater_equal:
            return SCMP_CMP64(condition.argument, SCMP_CMP_GE, condition.value);
        case greater:
            return SCMP_CMP64(condition.argument, SCMP_CMP_GT, condition.value);
        case masked_equal:
            return SCMP_CMP64(condition.argument, SCMP_CMP_MASKED_EQ, condition.mask, condition.value);
    }
    return {};
}

class Filter {
public:
    Filter(const Policy& policy, const std::string& name)
        : name_(name), context_(seccomp_init(action_of(policy.fallback)), &seccomp_release) {
        if (!context_) throw Error(ENOMEM, name, "seccomp policy: begin a filter for");
        check(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_NNP, 0), "keep new privileges");
        check(seccomp_attr_set(context_.get(), SCMP_FLTATR_API_TSKIP, 1), "let a tracer skip calls");
        for (const uint32_t token : native_architectures())
            if (const int error = seccomp_arch_add(context_.get(), token); error != -EEXIST)
                check(error, "add an architecture");
    }

    /// False for a system call that the library does not know.
    bool add(const Rule& rule) {
        const int number = rule.name.empty() ? rule.number : seccomp_syscall_resolve_name(rule.name.c_str());
        if (!rule.name.empty() && number == __NR_SCMP_ERROR) return false;
        std::vector<scmp_arg_cmp> comparisons;
        for (const Condition& condition : rule.conditions) comparisons.push_back(comparison_of(condition));
        const int error = seccomp_rule_add_array(context_.get(), action_of(rule.action), number,
                                                 static_cast<unsigned>(comparisons.size()), comparisons.data());
        const std::string where = cat(name_, ':', rule.line);
        if (error == -EACCES)
            throw Error(EINVAL, where, cat("seccomp policy: the action of ", rule.name, " is what happens anyway"),
                        "remove the rule, or give it another action");
        // a call that has a rule already keeps the one it has
        if (error != 0 && error != -EEXIST) throw Error(-error, where, cat("seccomp policy: add a rule for ", rule.name));
        return true;
    }

    std::string bytes() {
        const UniqueFd file(::memfd_create("seccomp", MFD_CLOEXEC));
        if (!file) throw Error::last("make a file for", name_);
        check(seccomp_export_bpf(context_.get(), file.get()), "write the program of");
        if (::lseek(file.get(), 0, SEEK_SET) < 0) throw Error::last("read", name_);
        return sdk::read_all(file.get(), name_);
    }

private:
    void check(int error, const char* what) const {
        if (error != 0) throw Error(-error, name_, cat("seccomp policy: ", what));
    }

    const std::string& name_;
    std::unique_ptr<void, decltype(&seccomp_release)> context_;
};

}  // namespace

std::string compile(const Policy& policy, const std::string& name, const std::function<void(const std::string&)>& unknown) {
    Filter filter(policy, name);
    for (const Rule& rule : policy.rules)
        if (!filter.add(rule)) unknown(rule.name);
    return filter.bytes();
}

std::string library_version() {
    const scmp_version* version = seccomp_version();
    return cat(version->major, '.', version->minor, '.', version->micro);
}

bool notifies(std::string_view program) {
    for (size_t at = 0; at + sizeof(sock_filter) <= program.size(); at += sizeof(sock_filter)) {
        sock_filter step;
        std::memcpy(&step, program.data() + at, sizeof step);
        if (step.code == (BPF_RET | BPF_K) && step.k == SECCOMP_RET_USER_NOTIF) return true;
    }
    return false;
}

}  // namespace keelson::seccomp
