// RUNTIME/state: bytes of any kind are a whole state or refused, and what was read is written the same.
#include <keelson/sdk/error.hpp>
#include <kernel/container/state_text.hpp>
#include <tests/fuzz/targets/require.hpp>

using namespace keelson;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    container::RuntimeState state;
    try {
        state = container::unpack_state(text, "input");
    } catch (const Error&) {
        return 0;
    }
    fuzz::require(state.contains("namespaces"), "a state is whole", text);
    fuzz::require(container::unpack_state(container::pack_state(state), "again") == state, "a state read again is the same",
                  text);
    return 0;
}
