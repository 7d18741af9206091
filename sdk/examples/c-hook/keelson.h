/* The part of the plugin boundary (keelson/abi) that a hook in plain C needs.
 *
 * The boundary's classes have no data and no destructors among their virtuals. By the Itanium C++ ABI an object of such a class
 * is one pointer to an array of functions: those of the base class first, then its own, each with the object as first
 * argument. Structs and enumerations are those of C. tests/sdk/c_boundary_test.cpp compares this file with the C++ headers. */
#ifndef KEELSON_H
#define KEELSON_H

#include <stdint.h>

struct keelson_string {
    const char* data;
    uint64_t size;
};

struct keelson_error_sink;
struct keelson_error_sink_calls {
    void (*fail)(struct keelson_error_sink*, int32_t error, struct keelson_string object, struct keelson_string message,
                 struct keelson_string hint);
};
struct keelson_error_sink {
    const struct keelson_error_sink_calls* calls;
};

struct keelson_settings;
struct keelson_settings_calls {
    uint64_t (*count)(const struct keelson_settings*, struct keelson_string key);
    struct keelson_string (*value)(const struct keelson_settings*, struct keelson_string key, uint64_t index);
};
struct keelson_settings {
    const struct keelson_settings_calls* calls;
};

struct keelson_records;
struct keelson_records_calls {
    int32_t (*intend)(struct keelson_records*, struct keelson_string text, uint64_t* id, struct keelson_error_sink*);
    int32_t (*complete)(struct keelson_records*, uint64_t id, struct keelson_string text, struct keelson_error_sink*);
};
struct keelson_records {
    const struct keelson_records_calls* calls;
};

struct keelson_id_range;
struct keelson_log;

struct keelson_container {
    uint32_t size, root_uid, root_gid, ordinary_user;
    struct keelson_string name, lxcpath, directory, runtime_directory;
    const struct keelson_id_range* id_ranges;
    uint64_t id_range_count;
};

struct keelson_context {
    uint32_t size, reserved;
    const struct keelson_container* container;
    const struct keelson_settings* settings;
    struct keelson_records* records;
    struct keelson_log* log;
};

struct keelson_namespaces {
    uint32_t size;
    int32_t pid_of_init, user_borrowed, mount_borrowed, net_borrowed, pid_borrowed;
};

enum keelson_stage { keelson_pre_start, keelson_pre_mount, keelson_mount, keelson_autodev, keelson_start, keelson_start_host,
                     keelson_stop, keelson_post_stop, keelson_clone, keelson_destroy };

struct keelson_hook;
struct keelson_hook_calls {
    /* of every plugin */
    void* (*interface)(struct keelson_hook*, struct keelson_string id);
    int32_t (*undo)(struct keelson_hook*, const struct keelson_context*, struct keelson_string record,
                    const struct keelson_namespaces*, struct keelson_error_sink*);
    /* of a hook */
    uint32_t (*stages)(struct keelson_hook*);
    int32_t (*run)(struct keelson_hook*, const struct keelson_context*, int32_t stage, struct keelson_string rootfs,
                   const struct keelson_namespaces*, struct keelson_error_sink*);
};
struct keelson_hook {
    const struct keelson_hook_calls* calls;
};

struct keelson_descriptor {
    uint32_t magic, size;
    uint16_t abi_major, abi_minor;
    uint32_t order;
    char kind[16], name[32], version[16], licence[32], summary[112], applies_to[64], aliases[32];
    void* (*open)(struct keelson_error_sink*);
};

#define KEELSON_MAGIC 0x4e534c4bU

#endif
