#!/usr/bin/env bash
# The embedded default model from nothing: data, split, teachers, both towers, export, figures, demo, card.
# Resumable: each step skips what exists. Needs Debian (apt-get download), requirements.txt, and 2 cores for about
# two hours. Data and checkpoints lie in $SIMDCLIP_TRAIN_CACHE (default ~/.cache/simdclip-default-model).
#   tools/default_model/run.sh [minutes for the picture tower] [minutes for the text tower] [simdclip binary]
set -euo pipefail
cd "$(dirname "$0")"
python=${PYTHON:-python3}
vision_minutes=${1:-90}
text_minutes=${2:-25}
simdclip=${3:-}
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
mkdir -p "${SIMDCLIP_TRAIN_CACHE:-$HOME/.cache/simdclip-default-model}/extracted" logs

"$python" fetch.py
"$python" pictures.py
"$python" split.py
"$python" views.py
"$python" texts.py
"$python" train_head.py
"$python" "$PWD/train.py" --minutes "$vision_minutes"
"$python" lexicon.py
"$python" "$PWD/train_text.py" --minutes "$text_minutes"
"$python" export.py
"$python" evaluate.py
"$python" demo.py
if [ -n "$simdclip" ]; then
  "$python" parity.py "$simdclip"
fi
"$python" card.py
