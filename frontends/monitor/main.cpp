// The small program that a container's monitor is while it waits: without plugins, configuration and the C library's shared
// object it takes a third of the memory. The whole program executes it, and it executes that again.
#include <frontends/monitor/watch.hpp>
#include <keelson/sdk/error.hpp>
#include <kernel/process/next_program.hpp>

#include <unistd.h>

#include <exception>
#include <memory>

namespace {

using namespace keelson;

/// What has failed before anything was taken is left to the program that handed it over.
std::unique_ptr<watch::Watch> watch_or_go_back(const std::string& packed, const char* title) try {
    return std::make_unique<watch::Watch>(packed);
} catch (const std::exception&) {
    const int whole_program = base::Unpacker(monitor::HandedOver::in(packed).watch).number<int>();
    process::go_on_as(whole_program, title, packed, {});
}

}  // namespace

int main(int argc, char** argv) try {
    watch_or_go_back(process::taken_over(argc, argv), argv[0])->run();
} catch (const std::exception& error) {
    const std::string line = keelson::cat("keelson monitor: ", error.what(), "\n");
    return ::write(STDERR_FILENO, line.data(), line.size()) < 0 ? 2 : 1;
}
