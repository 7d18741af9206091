// Loads a template plugin of the build tree and calls it over the boundary, without the kernel.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <keelson/abi/descriptor.hpp>
#include <keelson/abi/template.hpp>
#include <keelson/sdk/context.hpp>

#include <filesystem>

namespace keelson::templates {

class TemplateCaller {
public:
    explicit TemplateCaller(const std::string& name) {
        void* library = ::dlopen(cat(KEELSON_TEST_PLUGINS "/template/", name, ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!library) throw Error(0, name, ::dlerror());
        auto* descriptor = static_cast<const abi::PluginDescriptor*>(::dlsym(library, KEELSON_PLUGIN_SYMBOL));
        sdk::ErrorCollector errors;
        plugin_ = static_cast<abi::Template*>(descriptor->open(&errors));
        if (!plugin_) errors.check(EINVAL);
    }
    ~TemplateCaller() { std::filesystem::remove_all(directory_); }

    std::filesystem::path rootfs() const { return directory_ / "rootfs"; }
    std::filesystem::path directory() const { return directory_; }

    /// The lines that the template gives. Throws what it reports.
    std::vector<std::string> create(const std::vector<std::string>& arguments, bool quiet = true) {
        std::filesystem::create_directories(rootfs());
        const std::string path = rootfs(), home = directory_;
        std::vector<abi::StringView> words;
        for (const std::string& word : arguments) words.push_back(sdk::to_abi(word));
        abi::ContainerFacts facts{};
        facts.size = sizeof facts;
        facts.name = sdk::to_abi("klt");
        facts.lxcpath = facts.directory = sdk::to_abi(home);
        Nothing nothing;
        const abi::Context context{sizeof context, 0, &facts, &nothing, nullptr, &nothing};
        const abi::TemplateRequest request{sizeof request, quiet, sdk::to_abi(path), {words.data(), words.size()}};
        sdk::StringCollector lines;
        sdk::ErrorCollector errors;
        errors.check(plugin_->create(&context, &request, &nothing, &lines, &errors));
        return lines.all();
    }

private:
    class Nothing : public abi::Settings, public abi::Log, public abi::Progress {
        uint64_t count(abi::StringView) const noexcept override { return 0; }
        abi::StringView value(abi::StringView, uint64_t) const noexcept override { return {"", 0}; }
        void write(abi::LogLevel, abi::StringView) noexcept override {}
        void step(abi::StringView, int32_t) noexcept override {}
    };

    static std::filesystem::path make_directory() {
        std::string pattern = std::filesystem::temp_directory_path() / "klt-template-XXXXXX";
        if (!::mkdtemp(pattern.data())) throw Error::last("mkdtemp", pattern);
        return pattern;
    }

    std::filesystem::path directory_ = make_directory();
    abi::Template* plugin_;
};

}  // namespace keelson::templates
