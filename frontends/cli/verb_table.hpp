// The verbs by name; each is defined in verbs/NAME.cpp.
#pragma once

#include <frontends/cli/verb.hpp>

namespace keelson::cli {

extern const Verb attach_verb;
extern const Verb autostart_verb;
extern const Verb cgroup_verb;
extern const Verb config_verb;
extern const Verb console_verb;
extern const Verb copy_verb;
extern const Verb create_verb;
extern const Verb destroy_verb;
extern const Verb execute_verb;
extern const Verb freeze_verb;
extern const Verb help_verb;
extern const Verb info_verb;
extern const Verb ls_verb;
extern const Verb plugin_verb;
extern const Verb recover_verb;
extern const Verb start_verb;
extern const Verb stop_verb;
extern const Verb unfreeze_verb;
extern const Verb update_config_verb;
extern const Verb usernsexec_verb;
extern const Verb wait_verb;

}  // namespace keelson::cli
