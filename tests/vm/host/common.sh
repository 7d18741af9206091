# What run and the builders beside this file share.

die() { echo "tests/vm/run: $*" >&2; exit 126; }

# build_once TARGET BUILDER [ARGUMENT]...: calls BUILDER TEMPORARY ARGUMENT... unless TARGET is there, and moves what it
# made to TARGET (KIND-DIGEST). Several may ask at once; one builds, and throws away what of the same kind is a week old.
build_once() {
  local target=$1 builder=$2; shift 2
  [ -e "$target" ] && { touch "$target"; return; }
  mkdir -p "$(dirname "$target")"
  exec 9>"$target.lock"; flock 9
  if [ ! -e "$target" ]; then
    echo "tests/vm/run: building $(basename "$target"), once" >&2
    rm -rf "$target.new"
    "$builder" "$target.new" "$@" >&2 || die "$target could not be built"
    mv "$target.new" "$target"
    find "$(dirname "$target")" -mindepth 1 -maxdepth 1 -name "$(basename "${target%-*}")-*" -mtime +7 -exec rm -rf {} +
  fi
  exec 9>&-
}

# A short name for what its arguments (files) and its input hold.
digest() { cat "$@" | sha256sum | cut -c1-12; }

newest_kernel() {
  local v
  for v in $(ls -1 /lib/modules | sort -rV); do
    [ -e "/boot/vmlinuz-$v" ] && [[ $v == *-amd64 ]] && { echo "$v"; return; }
  done
  die "no Debian kernel in /boot: apt-get install linux-image-amd64"
}
