#include <frontends/cli/lxc_config.hpp>
#include <kernel/config/global.hpp>

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace keelson::cli {

namespace {

bool is_prefix_of(std::string_view word, std::string_view option) { return option.starts_with(word); }

}  // namespace

int run_lxc_config(const std::vector<std::string>& arguments) {
    const std::string word = arguments.empty() ? "" : arguments.front();
    if (is_prefix_of(word, "-h") || is_prefix_of(word, "--help")) {
        std::puts(
            "Usage: lxc-config -l: list all available configuration items\n       lxc-config item: print configuration item");
        return 0;
    }
    const std::vector<std::string>& items = config::global_items();
    if (is_prefix_of(word, "-l")) {
        for (const std::string& item : items) std::puts(item.c_str());
        return 0;
    }
    const auto item = std::ranges::find_if(items, [&](const std::string& name) { return is_prefix_of(word, name); });
    if (item == items.end()) {
        std::printf("Unknown configuration item: %s\n", word.c_str());
        return 1;
    }
    const std::string value = config::global(*item);
    std::printf("%s%s\n", value.empty() ? word.c_str() : value.c_str(), value.empty() ? " is not set." : "");
    return 0;
}

}  // namespace keelson::cli
