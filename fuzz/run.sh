#!/usr/bin/env bash
# Runs the fuzz targets, each for some seconds, as many at once as there are processors.
#
#   fuzz/run.sh sample SECONDS [TARGET…]   from the kept corpus alone, with a fixed seed: a check
#   fuzz/run.sh search SECONDS [TARGET…]   goes on where the last search ended: a hunt
#   fuzz/run.sh keep   [TARGET…]           takes what the searches found new into the kept corpus
#
# Plain cargo and the stable toolchain are enough. The layout is that of cargo-fuzz, for those who want its minimiser or
# the address sanitizer. Here there is no sanitizer: all `unsafe` of ours is around sockets, which no target opens, and
# it would double the time to build.
set -euo pipefail
cd "$(dirname "$0")"

host=$(rustc -vV | sed -n 's/^host: //p')
bin=target/$host/release
jobs=$(nproc)

build() {
  # Coverage as libFuzzer wants it.
  local flags="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
  flags+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
  flags+=" -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-sanitizer-coverage-stack-depth"
  RUSTFLAGS=$flags cargo build --quiet --locked --release --target "$host" --bins
}

targets() {
  if [ $# -gt 0 ]; then printf '%s\n' "$@"; else sed -n '/^\[\[bin\]\]/{n;s/^name = "\(.*\)"/\1/p}' Cargo.toml; fi
}

# One target: mode, seconds, name. Quiet unless something was found.
run_one() {
  local mode=$1 seconds=$2 name=$3 found=target/found/$3 log=target/found/$3.log
  [ "$mode" = sample ] && found=target/sample/$name && log=target/sample/$name.log && rm -rf "$found"
  mkdir -p "$found" "corpus/$name" "artifacts/$name"
  local options=(-max_total_time="$seconds" -timeout=20 -rss_limit_mb=1024 -artifact_prefix="artifacts/$name/")
  # Weighing inputs by the rarity of what they reach costs more here than the runs themselves.
  options+=(-entropic=0)
  [ "$mode" = sample ] && options+=(-seed=1)
  [ -f "dictionaries/$name.dict" ] && options+=(-dict="dictionaries/$name.dict")
  if "$bin/$name" "$found" "corpus/$name" "${options[@]}" >"$log" 2>&1; then
    printf '%-16s %s\n' "$name" "$(sed -n 's/^Done //p' "$log" | tail -1)"
  else
    grep -A 2 -e 'panicked at' -e 'ERROR: libFuzzer' "$log" | head -n 20
    echo "fuzz: $name failed. The input lies in fuzz/artifacts/$name/; run it again with: fuzz/$bin/$name <file>"
    return 1
  fi
}

# The fewest short inputs that reach all that was reached: the corpus is part of every clone.
keep_one() {
  local short=target/short/$1
  rm -rf "$short" && mkdir -p "$short"
  find "target/found/$1" -type f -size -700c -exec cp -t "$short" {} +
  "$bin/$1" -set_cover_merge=1 -use_counters=0 -use_cmp=0 "corpus/$1" "$short" 2>&1 | tail -1
}

export -f run_one keep_one
export bin
mode=${1:-}
case $mode in
  sample | search)
    seconds=${2:?how many seconds for each target?}
    shift 2
    build
    targets "$@" | xargs -P "$jobs" -I{} bash -c 'run_one "$@"' _ "$mode" "$seconds" {}
    ;;
  keep)
    shift
    build
    targets "$@" | while read -r name; do
      if [ -d "target/found/$name" ]; then keep_one "$name"; fi
    done
    ;;
  *)
    sed -n '2,7s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
