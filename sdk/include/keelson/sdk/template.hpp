// Base class for a distribution template. See abi/template.hpp for what each call means and where it runs.
#pragma once

#include <keelson/abi/template.hpp>
#include <keelson/sdk/plugin.hpp>

#include <functional>

namespace keelson::sdk {

struct TemplateRequest {
    std::string rootfs;
    std::vector<std::string> arguments;
    bool quiet = false;
};

class Template : public Plugin {
public:
    using Step = std::function<void(std::string_view what, int percent)>;

    /// Fills the rootfs; returns lines for the container's configuration.
    virtual std::vector<std::string> create(const Context&, const TemplateRequest&, const Step& step) = 0;
    /// Its options, one line each.
    virtual std::vector<std::string> help() const = 0;
};

class TemplateBridge final : public Bridge<abi::Template, Template> {
public:
    using Bridge::Bridge;

private:
    abi::Status create(const abi::Context* context, const abi::TemplateRequest* request, abi::Progress* progress,
                       abi::StringSink* lines, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] {
            TemplateRequest wanted{std::string(from_abi(request->rootfs)), {}, request->quiet != 0};
            for (uint64_t i = 0; i < request->arguments.size; ++i)
                wanted.arguments.emplace_back(from_abi(request->arguments.data[i]));
            const sdk::Template::Step step = [&](std::string_view what, int percent) { progress->step(to_abi(what), percent); };
            for (const std::string& line : author_.create(Context(*context), wanted, step)) lines->add(to_abi(line));
        });
    }
    abi::Status help(abi::StringSink* lines) noexcept final {
        ErrorCollector ignored;
        return guard(&ignored, [&] {
            for (const std::string& line : author_.help()) lines->add(to_abi(line));
        });
    }
};

}  // namespace keelson::sdk

#define KEELSON_TEMPLATE(name, type, ...) \
    KEELSON_EXPORTED_DESCRIPTOR("template", name, ::keelson::abi::Template, ::keelson::sdk::TemplateBridge, type, __VA_ARGS__)
