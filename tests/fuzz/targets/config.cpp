// The configuration language: whatever stands in a file, it is read or refused, and what was read survives.
#include <kernel/base/log.hpp>
#include <tests/fuzz/targets/require.hpp>
#include <tests/support/fake_keys.hpp>

namespace {

using keelson::Error;
using keelson::config::Config;
using keelson::config::Entry;
using keelson::fuzz::require;

std::string meaning(const Config& config) {
    std::string text;
    for (const Entry& entry : config.entries()) text += entry.key + '=' + entry.value + '\n';
    return text;
}

void check_reading_again(const Config& config, keelson::config::KeySource& plugins) {
    Config again(plugins);
    again.load_text(config.text(), "again");
    require(again.text() == config.text(), "a text read again is the same", config.text());
    require(meaning(again) == meaning(config), "a text read again means the same", config.text());
}

/// Every value can be written as it is shown, and is then what it was.
void check_values(const std::string& text, keelson::config::KeySource& plugins) {
    Config config(plugins);
    config.load_text(text, "input");
    const std::vector<Entry> entries = config.entries();
    for (const Entry& entry : entries) {
        config.printed(entry.key);
        Config changed(plugins);
        changed.load_text(text, "input");
        changed.unset(entry.key);
        changed.set(entry.key, entry.value);
        require(changed.list(entry.key).size() == 1 && changed.get(entry.key) == entry.value, "a value stays",
                entry.key + " = " + entry.value);
        Config again(plugins);
        again.load_text(changed.text(), "again");
        require(again.list(entry.key) == changed.list(entry.key), "a value that was set is read again", changed.text());
    }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    keelson::base::detach_log_from_stderr();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    // What the input includes is not the input's, and may be endless.
    if (text.find("lxc.include") != std::string::npos) return 0;
    keelson::test::FakeKeys plugins;
    Config config(plugins);
    try {
        config.load_text(text, "input");
    } catch (const Error&) {
        return 0;
    }
    check_reading_again(config, plugins);
    check_values(config.text(), plugins);
    return 0;
}
