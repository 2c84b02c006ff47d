#!/bin/bash
# kill_run.sh PROGRAM [KILLS [KILLS_WHILE_RESUMING]]: SIGKILL at random moments of an embedding run (default 200, and 50 while it
# resumes); what comes out must be, byte for byte, what an undisturbed run writes. The default model on SIMDCLIP_KILL_COPIES
# (default 8) copies of the demo pictures, with a checkpoint every 50 milliseconds.
set -u
program=$(realpath "$1"); kills=${2:-200}; resume_kills=${3:-50}
source_folder=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
mkdir "$work/p"
n=0
for copy in $(seq 1 "${SIMDCLIP_KILL_COPIES:-8}"); do
  for picture in "$source_folder"/assets/demo/*.png; do n=$((n + 1)); ln "$picture" "$work/p/$n.png" 2>/dev/null || cp "$picture" "$work/p/$n.png"; done
done
printf '\xff\xd8\xff\xe0bad' > "$work/p/500.jpg"
pid=0
begin() { "$program" embed --checkpoint 0.05 --threads 1 -o "$work/out.npy" "$work/p" >"$work/log" 2>&1 & pid=$!; }
end_it() { kill -KILL "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; }
start=$(date +%s%N)
"$program" embed --threads 1 -o "$work/want.npy" "$work/p" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
millis=$((($(date +%s%N) - start) / 1000000))
echo "an undisturbed run of $n pictures takes $millis ms"
finished=0 done_kills=0 resumed=0
check() {
  cmp "$work/want.npy" "$work/out.npy" && cmp "$work/want.tsv" "$work/out.tsv" || { echo "differs after $done_kills kills"; exit 1; }
  [ "$(ls "$work" | grep -c '\.part$\|\.resume$')" -eq 0 ] || { echo "left behind: $(ls "$work")"; exit 1; }
  finished=$((finished + 1))
}
one_kill() {
  begin
  local wait_ms=$((RANDOM * 32768 + RANDOM)); wait_ms=$((wait_ms % (millis + millis / 4 + 1)))
  sleep "$(printf '%d.%03d' $((wait_ms / 1000)) $((wait_ms % 1000)))"
  end_it
  done_kills=$((done_kills + 1))
  grep -q 'going on behind' "$work/log" && resumed=$((resumed + 1))
  [ -e "$work/out.npy" ] && [ ! -e "$work/out.npy.resume" ] && { check; rm -f "$work"/out.*; }
}
while [ "$done_kills" -lt "$kills" ]; do one_kill; done
total=$((kills + resume_kills))
while [ "$done_kills" -lt "$total" ]; do
  if [ -e "$work/out.npy.resume" ]; then one_kill; else
    # Come to a checkpoint first.
    begin
    for _ in $(seq 1 600); do [ -e "$work/out.npy.resume" ] && break; kill -0 "$pid" 2>/dev/null || break; sleep 0.02; done
    end_it
    [ -e "$work/out.npy.resume" ] || { check; rm -f "$work"/out.*; echo "too few pictures to reach a checkpoint: set SIMDCLIP_KILL_COPIES"; exit 1; }
  fi
done
begin; wait "$pid" || { cat "$work/log"; exit 1; }
check
echo "$done_kills kills, $resumed of them while a run was going on behind a checkpoint; $finished finished runs, all byte for byte the same"
