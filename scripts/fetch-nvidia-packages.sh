#!/usr/bin/env bash
# Fetches NVIDIA's own NVML library, header and nvidia-smi from Debian's non-free section, for tests
# only, into an ignored folder. Nothing is installed and nothing of it is ever committed. Exit code
# 75 (try again later) says that a download failed, so that nobody takes it for a failed test.
set -euo pipefail
cd "$(dirname "$0")/.."

suites=(bookworm trixie)
packages=(libnvidia-ml1 nvidia-smi libnvidia-ml-dev)
target=.cache/nvidia
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

give_up() {
  echo "Could not fetch NVIDIA's packages: $1. A download failed, no test did" >&2
  exit 75
}

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || give_up 'there is no apt here'

# The machine's own sources, without its security archive, asked for another section.
write_sources() {
  local suite=$1 sources=$2 file
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -e "$file" ] || continue
    awk -v RS= -v ORS='\n\n' '!/Suites:[^\n]*-security/' "$file" |
      sed -e "s/^Suites:.*/Suites: $suite/" -e 's/^Components:.*/Components: non-free/' \
        >"$sources/$(basename "$file")"
  done
  if [ -e /etc/apt/sources.list ]; then
    sed -nE "/-security/d; s#^deb( \[[^]]*\])? ([^ ]+) [^ ]+ .*#deb\1 \2 $suite non-free#p" \
      /etc/apt/sources.list | sort -u >"$sources/from-list.list"
  fi
}

for suite in "${suites[@]}"; do
  done_mark=$target/$suite/complete
  [ -e "$done_mark" ] && continue
  sources=$work/$suite/sources
  lists=$work/$suite/lists
  mkdir -p "$sources" "$lists/partial" "$work/$suite/deb"
  # Without root apt drops to a user of its own for downloads, who could not write here.
  options=(-qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$sources"
    -o "Dir::State::lists=$lists" -o APT::Sandbox::User=root
    -o "Dir::Cache::pkgcache=$work/$suite/pkgcache.bin"
    -o "Dir::Cache::srcpkgcache=$work/$suite/srcpkgcache.bin")
  write_sources "$suite" "$sources"
  apt-get "${options[@]}" update >"$work/log" 2>&1 ||
    { tail -3 "$work/log" >&2; give_up "the package lists of $suite did not come"; }
  (cd "$work/$suite/deb" && apt-get "${options[@]}" download "${packages[@]}") >"$work/log" 2>&1 ||
    { tail -3 "$work/log" >&2; give_up "the packages of $suite did not come"; }
  rm -rf "${target:?}/$suite"
  mkdir -p "$target/$suite"
  for deb in "$work/$suite/deb"/*.deb; do dpkg-deb -x "$deb" "$target/$suite"; done
  touch "$done_mark"
  echo "Fetched NVIDIA's packages of $suite"
done
