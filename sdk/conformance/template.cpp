// Templates: what they make, and that they make it nowhere else.
#include <conformance/check.hpp>
#include <conformance/subject.hpp>
#include <keelson/abi/template.hpp>

#include <filesystem>

namespace keelson::conformance {
namespace {

namespace fs = std::filesystem;

class Steps final : public abi::Progress {
public:
    int32_t last = -1;
    bool backwards = false;

private:
    void step(abi::StringView, int32_t percent) noexcept override {
        if (percent >= 0 && percent < last) backwards = true;
        if (percent >= 0) last = percent;
    }
};

struct Made {
    std::vector<std::string> lines;
    Steps steps;
};

Made create(Bench& bench, TestContainer& container, const std::vector<std::string>& arguments) {
    const std::string rootfs = container.directory() + "/rootfs";
    fs::create_directory(rootfs);
    std::vector<abi::StringView> words;
    for (const std::string& argument : arguments) words.push_back(sdk::to_abi(argument));
    const abi::TemplateRequest request{sizeof request, 1, sdk::to_abi(rootfs), {words.data(), words.size()}};
    sdk::StringCollector lines;
    Made made;
    must("create", [&](auto* error) {
        return bench.as<abi::Template>().create(container.context(), &request, &made.steps, &lines, error);
    });
    made.lines = lines.all();
    return made;
}

void help(Bench& bench) {
    sdk::StringCollector lines;
    if (bench.as<abi::Template>().help(&lines) != 0) throw Failure("help fails");
    for (const std::string& line : lines.all())
        if (line.find('\n') != std::string::npos) throw Failure("a line of help has a newline in it");
}

void unknown_option(Bench& bench) {
    const std::string option = "--klt-no-such-option";
    TestContainer& container = bench.container();
    const Error error = must_fail("an unknown option", [&] { create(bench, container, {option}); });
    if (in_full(error).find(option) == std::string::npos)
        throw Failure(cat("does not name the unknown option: ", in_full(error)));
}

void creates(Bench& bench) {
    TestContainer& container = bench.container();
    const std::string rootfs = container.directory() + "/rootfs";
    const Snapshot before = bench.snapshot();
    std::vector<std::string> arguments;
    for (const std::string& argument : bench.options().arguments) arguments.push_back(bench.with_directory(argument));
    Made made;
    try {
        made = create(bench, container, arguments);
    } catch (const Error& error) {
        throw Failure(in_full(error));
    }
    if (fs::is_empty(rootfs)) throw Failure("leaves the rootfs empty");
    fs::remove_all(rootfs);
    bench.expect_unchanged(before, "create, outside of the rootfs,");
    for (const std::string& line : made.lines)
        if (line.find('=') == std::string::npos || line.find('\n') != std::string::npos)
            throw Failure(cat("gives '", line, "' as a line of configuration"));
    if (made.steps.backwards) throw Warning("its progress goes backwards");
}

constexpr Check table[] = {
    {"template.help", "template", "help is given in lines", help},
    {"template.unknown-option", "template", "an unknown option is named", unknown_option},
    {"template.create", "template", "it fills the rootfs and touches nothing else", creates},
};

}  // namespace

std::unique_ptr<Subject> make_template(Bench&) { throw Skipped("templates write no records: what they make is a directory"); }
std::span<const Check> template_checks() { return table; }

}  // namespace keelson::conformance
