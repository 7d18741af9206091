#include "device_program.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <keelson/sdk/error.hpp>

#include <algorithm>

namespace keelson::cgroup {

namespace {

// registers: the context, and what the prologue takes out of it
constexpr uint8_t verdict = BPF_REG_0, context = BPF_REG_1, type = BPF_REG_2, access_asked = BPF_REG_3,
                  device_major = BPF_REG_4, device_minor = BPF_REG_5, scratch = BPF_REG_6;
constexpr int32_t all_access = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;

class Assembler {
public:
    void load(uint8_t to, size_t offset) { emit(BPF_LDX | BPF_MEM | BPF_W, to, context, static_cast<int16_t>(offset), 0); }
    void copy(uint8_t to, uint8_t from) { emit(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0); }
    void set(uint8_t to, int32_t value) { emit(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value); }
    void mask(uint8_t to, int32_t bits) { emit(BPF_ALU64 | BPF_AND | BPF_K, to, 0, 0, bits); }
    void shift_right(uint8_t to, int32_t bits) { emit(BPF_ALU64 | BPF_RSH | BPF_K, to, 0, 0, bits); }
    void leave() { emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

    /// Jumps that mean "this rule does not match"; their distance is known at the end of the rule.
    void mismatch_unless_equal(uint8_t a, int32_t value) { mismatch(BPF_JNE | BPF_K, a, 0, value); }
    void mismatch_unless_same(uint8_t a, uint8_t b) { mismatch(BPF_JNE | BPF_X, a, b, 0); }
    void mismatch_if_equal(uint8_t a, int32_t value) { mismatch(BPF_JEQ | BPF_K, a, 0, value); }
    /// False for a rule that matches everything.
    bool next_rule() {
        const bool conditional = !pending_.empty();
        for (const size_t jump : pending_) program_[jump].off = static_cast<int16_t>(program_.size() - jump - 1);
        pending_.clear();
        return conditional;
    }

    std::vector<bpf_insn> take() { return std::move(program_); }

private:
    void mismatch(int how, uint8_t a, uint8_t b, int32_t value) {
        pending_.push_back(program_.size());
        emit(BPF_JMP | how, a, b, 0, value);
    }
    void emit(int code, uint8_t to, uint8_t from, int16_t offset, int32_t value) {
        bpf_insn insn{};
        insn.code = static_cast<uint8_t>(code);
        insn.dst_reg = to & 0xf;
        insn.src_reg = from & 0xf;
        insn.off = offset;
        insn.imm = value;
        program_.push_back(insn);
    }

    std::vector<bpf_insn> program_;
    std::vector<size_t> pending_;
};

int32_t access_bits(const DeviceRule& rule) {
    int32_t bits = 0;
    for (const char c : rule.access)
        bits |= c == 'r' ? BPF_DEVCG_ACC_READ : c == 'w' ? BPF_DEVCG_ACC_WRITE : BPF_DEVCG_ACC_MKNOD;
    return bits;
}

/// False if nothing gets past this rule: the kernel takes no program with instructions that are never reached.
bool emit_rule(Assembler& assembler, const DeviceRule& rule) {
    if (rule.type != 'a') assembler.mismatch_unless_equal(type, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    if (const int32_t bits = access_bits(rule); bits != all_access) {
        assembler.copy(scratch, access_asked);
        assembler.mask(scratch, bits);
        if (rule.allow) {
            assembler.mismatch_unless_same(scratch, access_asked);
        } else {
            assembler.mismatch_if_equal(scratch, 0);
        }
    }
    if (rule.major >= 0) assembler.mismatch_unless_equal(device_major, static_cast<int32_t>(rule.major));
    if (rule.minor >= 0) assembler.mismatch_unless_equal(device_minor, static_cast<int32_t>(rule.minor));
    assembler.set(verdict, rule.allow ? 1 : 0);
    assembler.leave();
    return assembler.next_rule();
}

long bpf(bpf_cmd command, bpf_attr& attributes) { return ::syscall(SYS_bpf, command, &attributes, sizeof attributes); }

/// Of one type on one cgroup: BPF_CGROUP_MAX_PROGS of the kernel.
constexpr uint32_t most_programs = 64;

UniqueFd open_cgroup(const std::string& cgroup) {
    UniqueFd directory(::open(cgroup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) throw Error::last("open cgroup", cgroup);
    return directory;
}

UniqueFd load_program(const std::vector<bpf_insn>& program, const std::string& cgroup) {
    bpf_attr attributes{};
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = reinterpret_cast<uint64_t>(program.data());
    attributes.insn_cnt = static_cast<uint32_t>(program.size());
    attributes.license = reinterpret_cast<uint64_t>("Apache-2.0");
    UniqueFd fd(static_cast<int>(bpf(BPF_PROG_LOAD, attributes)));
    if (!fd) throw Error::last("load the device rules of", cgroup);
    return fd;
}

uint32_t id_of(const UniqueFd& program, const std::string& cgroup) {
    bpf_prog_info info{};
    bpf_attr attributes{};
    attributes.info.bpf_fd = static_cast<uint32_t>(program.get());
    attributes.info.info_len = sizeof info;
    attributes.info.info = reinterpret_cast<uint64_t>(&info);
    if (bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) != 0) throw Error::last("look at the device rules of", cgroup);
    return info.id;
}

UniqueFd program_with_id(uint32_t id) {
    bpf_attr attributes{};
    attributes.prog_id = id;
    return UniqueFd(static_cast<int>(bpf(BPF_PROG_GET_FD_BY_ID, attributes)));
}

long attach(const UniqueFd& directory, const UniqueFd& program, const UniqueFd& old) {
    bpf_attr attributes{};
    attributes.target_fd = static_cast<uint32_t>(directory.get());
    attributes.attach_bpf_fd = static_cast<uint32_t>(program.get());
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    if (!old) return bpf(BPF_PROG_ATTACH, attributes);
    attributes.attach_flags |= BPF_F_REPLACE;
    attributes.replace_bpf_fd = static_cast<uint32_t>(old.get());
    return bpf(BPF_PROG_ATTACH, attributes);
}

}  // namespace

std::vector<bpf_insn> assemble(const DeviceRules& rules) {
    Assembler assembler;
    assembler.load(type, offsetof(bpf_cgroup_dev_ctx, access_type));
    assembler.copy(access_asked, type);
    assembler.mask(type, 0xffff);
    assembler.shift_right(access_asked, 16);
    assembler.load(device_major, offsetof(bpf_cgroup_dev_ctx, major));
    assembler.load(device_minor, offsetof(bpf_cgroup_dev_ctx, minor));
    for (const DeviceRule& rule : rules.effective())
        if (!emit_rule(assembler, rule)) return assembler.take();
    assembler.set(verdict, rules.allow_list() ? 0 : 1);
    assembler.leave();
    return assembler.take();
}

void attach_program(const std::vector<bpf_insn>& program, const std::string& cgroup, uint32_t replaces,
                    const std::function<void(uint32_t id)>& announce) {
    const UniqueFd directory = open_cgroup(cgroup);
    const UniqueFd loaded = load_program(program, cgroup);
    announce(id_of(loaded, cgroup));
    const UniqueFd old = replaces != 0 ? program_with_id(replaces) : UniqueFd();
    if (attach(directory, loaded, old) != 0)
        throw Error::last("attach the device rules to", cgroup,
                          old ? "replacing a program needs Linux 5.6" : "the kernel needs CONFIG_CGROUP_BPF");
}

bool is_attached(uint32_t id, const std::string& cgroup) {
    const UniqueFd directory = open_cgroup(cgroup);
    uint32_t ids[most_programs];
    bpf_attr attributes{};
    attributes.query.target_fd = static_cast<uint32_t>(directory.get());
    attributes.query.attach_type = BPF_CGROUP_DEVICE;
    attributes.query.prog_ids = reinterpret_cast<uint64_t>(ids);
    attributes.query.prog_cnt = most_programs;
    if (bpf(BPF_PROG_QUERY, attributes) != 0) throw Error::last("look for the device rules of", cgroup);
    const uint32_t* const end = ids + attributes.query.prog_cnt;
    return std::find<const uint32_t*>(ids, end, id) != end;
}

}  // namespace keelson::cgroup
