#!/bin/bash
# Bad bytes, some of them: script/torture bytes takes every one.
# also: nothing
# timeout: 120
export STRESS_STRIDE=${STRESS_STRIDE:-31}
exec /bin/bash "$(dirname "$0")/../stress/bytes.sh"
