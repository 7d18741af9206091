/* A hook in plain C: makes a file beside the container's configuration while the container runs. */
#include "keelson.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct keelson_string text(const char* words) {
    const struct keelson_string view = {words, strlen(words)};
    return view;
}

static int32_t fail(struct keelson_error_sink* error, int32_t code, const char* object, const char* message) {
    error->calls->fail(error, code, text(object), text(message), text(""));
    return code;
}

/* The file's path, or an empty text if it is too long. */
static void marker(const struct keelson_context* context, char path[4096]) {
    const struct keelson_string directory = context->container->directory;
    const int length = snprintf(path, 4096, "%.*s/c-hook", (int)directory.size, directory.data);
    if (length < 0 || length >= 4096) path[0] = '\0';
}

static void* interface(struct keelson_hook* self, struct keelson_string id) {
    (void)self, (void)id;
    return NULL;
}

static int32_t undo(struct keelson_hook* self, const struct keelson_context* context, struct keelson_string record,
                    const struct keelson_namespaces* namespaces, struct keelson_error_sink* error) {
    char path[4096];
    (void)self, (void)namespaces;
    marker(context, path);
    if (record.size != strlen(path) || memcmp(record.data, path, record.size) != 0)
        return fail(error, EINVAL, path, "this hook writes no such record for");
    if (unlink(path) != 0 && errno != ENOENT) return fail(error, errno, path, "remove");
    return 0;
}

static uint32_t stages(struct keelson_hook* self) {
    (void)self;
    return 1U << keelson_pre_start;
}

static int32_t run(struct keelson_hook* self, const struct keelson_context* context, int32_t stage, struct keelson_string rootfs,
                   const struct keelson_namespaces* namespaces, struct keelson_error_sink* error) {
    char path[4096];
    uint64_t record = 0;
    int32_t status;
    int fd;
    (void)self, (void)stage, (void)rootfs, (void)namespaces;
    marker(context, path);
    status = context->records->calls->intend(context->records, text(path), &record, error);
    if (status != 0) return status;
    fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) return fail(error, errno, path, "make");
    close(fd);
    return context->records->calls->complete(context->records, record, text(""), error);
}

static const struct keelson_hook_calls calls = {interface, undo, stages, run};
static struct keelson_hook hook = {&calls};

static void* open_plugin(struct keelson_error_sink* error) {
    (void)error;
    return &hook;
}

__attribute__((visibility("default"), section(".keelson.plugin"))) const struct keelson_descriptor keelson_plugin = {
    .magic = KEELSON_MAGIC,
    .size = sizeof(struct keelson_descriptor),
    .abi_major = 1,
    .abi_minor = 0,
    .order = 100,
    .kind = "hook",
    .name = "c-hook",
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "a hook in plain C",
    .open = open_plugin,
};
