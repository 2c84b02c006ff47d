#!/usr/bin/env bash
# The embedded default model from nothing: data, split, teachers, both towers, export, figures, demo, card.
# Resumable: each step skips what exists. Needs Debian (apt-get download), requirements.txt, and 2 cores for about
# two hours. Data and checkpoints lie in $SIMDCLIP_TRAIN_CACHE (default ~/.cache/simdclip-default-model).
# A trial of everything in minutes: SIMDCLIP_TRAIN_SAMPLE=0.05 (the part of the material that is taken), another cache folder, and
# another checkout, since the figures, the model and the card are written into this one.
#   tools/default_model/run.sh [minutes for the picture tower] [minutes for the text tower] [simdclip binary]
set -euo pipefail
cd "$(dirname "$0")"
python=${PYTHON:-python3}
vision_minutes=${1:-90}
text_minutes=${2:-45}
simdclip=${3:-}
# Tensors are allocated and freed by the hundred a step: without this every one of them is mapped and zeroed anew.
export MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000 OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
mkdir -p "${SIMDCLIP_TRAIN_CACHE:-$HOME/.cache/simdclip-default-model}/extracted" logs

beside() { # beside "command that feeds the other" command...: the first runs in the background and ends with the second
  $1 &
  feeder=$!
  trap 'kill "$feeder" 2>/dev/null || true' EXIT # also where the second fails or the run is interrupted
  shift
  "$@"
  kill "$feeder" 2>/dev/null || true
  wait "$feeder" 2>/dev/null || true
}

"$python" fetch.py
"$python" pictures.py
"$python" split.py
"$python" more_pictures.py
"$python" views.py clean
"$python" views.py augmented "$vision_minutes" 8
"$python" texts.py
"$python" train_head.py
beside "$python views.py augmented $vision_minutes 84" "$python" "$PWD/train.py" --minutes "$vision_minutes"
"$python" lexicon.py
beside "$python compose.py $text_minutes" "$python" "$PWD/train_text.py" --minutes "$text_minutes"
"$python" export.py
"$python" evaluate.py
"$python" demo.py
if [ -n "$simdclip" ]; then
  "$python" parity.py "$simdclip"
fi
"$python" card.py
