// A container as a plugin sees it, for tests that call a plugin's class directly.
#pragma once

#include <keelson/sdk/context.hpp>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace keelson::test {

/// Settings, records and log in memory. Fill the fields, then call `context()` for each call of the plugin.
class FakePluginContext {
public:
    explicit FakePluginContext(std::string name, std::string lxcpath = "/klt") : name_(std::move(name)), lxcpath_(lxcpath) {
        directory_ = lxcpath_ + "/" + name_;
    }

    std::vector<std::pair<std::string, std::string>> lines;  ///< the configuration: key and value
    std::string runtime_directory = "/nonexistent/keelson";
    bool ordinary_user = false;
    std::vector<abi::IdRange> id_ranges;
    uint32_t root_uid = 0, root_gid = 0;

    std::vector<std::string> records;  ///< as they stand in the journal now
    std::vector<std::pair<abi::LogLevel, std::string>> logged;
    std::function<void()> on_intend = [] {};  ///< runs when a record is written, before its change

    sdk::Context context() {
        facts_ = {sizeof facts_,
                  root_uid,
                  root_gid,
                  ordinary_user ? 1u : 0u,
                  sdk::to_abi(name_),
                  sdk::to_abi(lxcpath_),
                  sdk::to_abi(directory_),
                  sdk::to_abi(runtime_directory),
                  id_ranges.data(),
                  id_ranges.size()};
        raw_ = {sizeof raw_, 0, &facts_, &settings_, &journal_, &log_};
        return sdk::Context(raw_);
    }
    const std::string& directory() const { return directory_; }
    bool warned(std::string_view part) const {
        for (const auto& [level, text] : logged)
            if (level == abi::LogLevel::warn && text.find(part) != std::string::npos) return true;
        return false;
    }

private:
    struct Settings final : abi::Settings {
        explicit Settings(FakePluginContext& owner) : owner_(owner) {}
        std::vector<std::string>& values(abi::StringView key) const {
            const std::string name(sdk::from_abi(key));
            std::vector<std::string>& found = cache_[name];
            found.clear();
            for (const auto& [line_key, value] : owner_.lines) {
                if (line_key == name) found.push_back(value);
                if (name.ends_with('.') && line_key.starts_with(name))
                    found.push_back(line_key.substr(name.size()) + "=" + value);
            }
            return found;
        }
        uint64_t count(abi::StringView key) const noexcept override { return values(key).size(); }
        abi::StringView value(abi::StringView key, uint64_t index) const noexcept override {
            const auto& all = values(key);
            return index < all.size() ? sdk::to_abi(all[index]) : abi::StringView{"", 0};
        }
        FakePluginContext& owner_;
        mutable std::map<std::string, std::vector<std::string>> cache_;
    };
    struct Journal final : abi::Records {
        explicit Journal(FakePluginContext& owner) : owner_(owner) {}
        abi::Status intend(abi::StringView text, uint64_t* id, abi::ErrorSink*) noexcept override {
            *id = owner_.records.size();
            owner_.records.emplace_back(sdk::from_abi(text));
            owner_.on_intend();
            return 0;
        }
        abi::Status complete(uint64_t id, abi::StringView text, abi::ErrorSink*) noexcept override {
            if (text.size != 0) owner_.records.at(id) = sdk::from_abi(text);
            return 0;
        }
        FakePluginContext& owner_;
    };
    struct Log final : abi::Log {
        explicit Log(FakePluginContext& owner) : owner_(owner) {}
        void write(abi::LogLevel level, abi::StringView message) noexcept override {
            owner_.logged.emplace_back(level, sdk::from_abi(message));
        }
        FakePluginContext& owner_;
    };

    std::string name_, lxcpath_, directory_;
    Settings settings_{*this};
    Journal journal_{*this};
    Log log_{*this};
    abi::ContainerFacts facts_{};
    abi::Context raw_{};
};

}  // namespace keelson::test
