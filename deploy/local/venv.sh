# shellcheck shell=bash
# Makes .venv hold what the lock files say; sourced by ./run and ./test. Needs $root and $log.
#
# .venv/.incomplete stands while an install is under way: one that was interrupted may look whole to pip and is not.

readonly venv="$root/.venv"
readonly pythons=(python3.13 python3.12 python3.11 python3)

# Two at once, ./run and ./test, would write into each other's files. The lock goes with the last process that has
# it open, so an install that lost its script keeps it.
lock_venv() {
  exec 9<"$root/requirements.txt"
  if command -v flock >/dev/null; then
    flock -n 9 || { echo "waiting for another install into .venv"; flock 9; }
  fi
}
unlock_venv() { exec 9<&-; }

find_python() {
  local python
  for python in "${pythons[@]}"; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$python"
      return
    fi
  done
  echo "Python 3.11 or later with venv is needed (Debian and Ubuntu: apt-get install python3-venv)." >&2
  return 1
}

make_venv() {
  if [ -e "$venv/.incomplete" ]; then rm -rf "$venv"; fi
  if "$venv/bin/python" -m pip --version >"$log" 2>&1; then return; fi
  local python
  python=$(find_python) || return 1
  echo "making .venv with $("$python" -V)"
  mkdir -p "$venv" && touch "$venv/.incomplete"
  "$python" -m venv "$venv" >"$log" 2>&1 || { cat "$log" >&2; return 1; }
  rm "$venv/.incomplete"
}

# A stamp says with which content of the lock file and which Python it was installed.
stamp_of() { echo "$venv/.stamp-$(tr / - <<<"$1")"; }
fingerprint() {
  "$venv/bin/python" -c 'import hashlib, sys; print(sys.version, hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' \
    "$root/$1"
}
is_installed() { [ "$(cat "$(stamp_of "$1")" 2>/dev/null)" = "$(fingerprint "$1")" ]; }

# install LOCKFILE: succeeds where the venv holds it; pip's words are in the log.
install() {
  if is_installed "$1"; then return; fi
  local status=0
  rm -f "$(stamp_of "$1")"
  touch "$venv/.incomplete"
  "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off --require-hashes --no-deps \
    -r "$root/$1" 2>&1 | tee "$log" | show_progress "$1" || status=$?
  # Killed: the mark stays, and the next run begins anew. Refused: nothing was written yet.
  if [ "$status" -gt 128 ]; then return "$status"; fi
  rm "$venv/.incomplete"
  if [ "$status" -ne 0 ]; then return "$status"; fi
  fingerprint "$1" >"$(stamp_of "$1")"
}

show_progress() {
  local line seen=0 all
  all=$(grep -c '==' "$root/$1")
  echo "installing $1, $all packages"
  while IFS= read -r line; do
    case $line in
      Collecting* | Processing* | "Requirement already"* | Ignoring*) seen=$((seen + 1)) && say_progress "$seen of $all found" ;;
      "Installing collected"*) say_progress "unpacking" ;;
    esac
  done
  if [ -t 1 ]; then printf '\r\033[K'; fi
}

say_progress() {
  if [ -t 1 ]; then printf '\r  %s\033[K' "$1"; elif [[ $1 = *[05]" of "* || $1 = unpacking ]]; then echo "  $1"; fi
}
