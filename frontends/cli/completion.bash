# Completion for keelson and the lxc-* names in bash. The program itself says what can follow: keelson help --complete LINE.
_keelson() {
  local program=keelson line=${COMP_LINE:0:COMP_POINT} word kept
  [[ ${COMP_WORDS[0]} != */* ]] || program=${COMP_WORDS[0]%/*}/keelson
  mapfile -t COMPREPLY < <("$program" help "--complete=$line" 2>/dev/null)
  # bash puts back only what follows the last of COMP_WORDBREAKS
  word=${line##* } kept=${COMP_WORDS[COMP_CWORD]}
  [[ $kept != [=:] ]] || kept=
  COMPREPLY=("${COMPREPLY[@]#"${word%"$kept"}"}")
  [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *[=.] ]] || compopt -o nospace 2>/dev/null
}
complete -o default -F _keelson keelson @COMMANDS@
