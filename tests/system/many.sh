#!/bin/bash
# Many at once, for a moment: script/torture many goes on for longer.
# also: nothing
# timeout: 120
export STRESS_CONTAINERS=${STRESS_CONTAINERS:-8} STRESS_SECONDS=${STRESS_SECONDS:-3}
exec /bin/bash "$(dirname "$0")/../stress/many.sh"
