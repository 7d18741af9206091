// Hooks: every stage that they want to see.
#include <conformance/check.hpp>
#include <conformance/subject.hpp>
#include <keelson/abi/stage_hook.hpp>

namespace keelson::conformance {
namespace {

constexpr uint32_t stage_count = static_cast<uint32_t>(abi::HookStage::destroy) + 1;

/// A start: the stages up to the running container, in their order.
class HookSubject final : public Subject {
public:
    explicit HookSubject(Bench& bench) : hook_(bench.as<abi::StageHook>()) {}

    void apply(TestContainer& container) override { run(container, abi::HookStage::pre_start, abi::HookStage::start_host); }

    void run(TestContainer& container, abi::HookStage first, abi::HookStage last) {
        for (auto number = static_cast<uint32_t>(first); number <= static_cast<uint32_t>(last); ++number) {
            if ((hook_.stages() & 1U << number) == 0) continue;
            const auto stage = static_cast<abi::HookStage>(number);
            const bool started = stage != abi::HookStage::pre_start && stage < abi::HookStage::post_stop;
            const std::string rootfs = stage == abi::HookStage::start ? "/" : inside(stage) ? container.directory() : "";
            must("run", [&](auto* error) {
                return hook_.run(container.context(), stage, sdk::to_abi(rootfs), started ? container.namespaces() : nullptr,
                                 error);
            });
        }
    }

private:
    static bool inside(abi::HookStage stage) {
        return stage == abi::HookStage::pre_mount || stage == abi::HookStage::mount || stage == abi::HookStage::autodev;
    }

    abi::StageHook& hook_;
};

void stages(Bench& bench) {
    const uint32_t bits = bench.as<abi::StageHook>().stages();
    if (bits >> stage_count != 0) throw Failure("wants stages that there are none of");
    if (bits == 0) throw Warning("wants no stage at all");
}

void whole_life(Bench& bench) {
    HookSubject subject(bench);
    TestContainer& container = bench.container();
    const Snapshot before = bench.snapshot();
    subject.run(container, abi::HookStage::pre_start, abi::HookStage::post_stop);
    bench.undo(container);
    bench.expect_unchanged(before, "a start, a stop and undo");
}

constexpr Check table[] = {
    {"hook.stages", "hook", "it wants stages that exist", stages},
    {"hook.life", "hook", "a start and a stop leave the host as it was", whole_life},
};

}  // namespace

std::unique_ptr<Subject> make_stage_hook(Bench& bench) { return std::make_unique<HookSubject>(bench); }
std::span<const Check> stage_hook_checks() { return table; }

}  // namespace keelson::conformance
