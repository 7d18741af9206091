#!/bin/bash
# Each of our processes dies once at each of its system calls (every-point --help).
exec "$(dirname "$0")/every-point" --deaths --keep-going
