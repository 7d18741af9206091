#include "hook.hpp"

EXPORT(hook("../evil"));
