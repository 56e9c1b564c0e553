#!/usr/bin/env bash
# Fourteen nights of three made-up stations, as an operator has them: a day that comes late, an empty file, rows twice,
# a sensor that sticks, a night without weather, and a works whose load is 35 % higher from the fourth night on. What
# `wattcast forecast` says each night, and in the end what was filed against last week's values.
#
#     examples/two_weeks.sh [FOLDER]        default: two_weeks; a few minutes on two cores
set -euo pipefail

folder=${1:-two_weeks}
here=$(cd "$(dirname "$0")" && pwd)
wattcast=${WATTCAST:-wattcast}
python=${PYTHON:-python}
models=$folder/models
quick=(--set model.d_model=32 --set model.n_layers=1 --set model.patch_len=12 --set training.members=1
       --set training.boosted_trees=false --set training.epochs=8 --set training.batches_per_epoch=12
       --set windows.validation_origins=16)
update=(--set finetune.finetune_epochs=4 --set finetune.finetune_batches=6)

"$python" "$here/two_weeks.py" make "$folder"
mkdir -p "$folder/filed"
echo "training on ten weeks; nothing of the fourteen nights is seen"
"$wattcast" train --data "$folder/base" --station all --models-dir "$models" --set data.time.step=1h "${quick[@]}" \
  2>"$folder/train.log" | grep 'is the champion' || { cat "$folder/train.log"; exit 1; }

while read -r night now; do
  echo
  echo "night $night, $now"
  # A fault of one night is not the end of the others: what each command says is printed, its exit code told.
  code=0
  "$wattcast" finetune --data "$folder/nights/$night" --station all --models-dir "$models" --if-needed "${update[@]}" \
    >"$folder/finetune.txt" 2>>"$folder/nights.log" || code=$?
  echo "finetune --if-needed ends with $code"
  grep -E 'replaces|was rejected|nothing was fine-tuned' "$folder/finetune.txt" || true
  code=0
  "$wattcast" forecast --data "$folder/nights/$night" --station all --models-dir "$models" --now "$now" --strict \
    --out "$folder/filed/$night.csv" >"$folder/forecast.txt" 2>>"$folder/nights.log" || code=$?
  echo "forecast --strict ends with $code"
  grep -E ': quality |^  [a-z_]+: ' "$folder/forecast.txt" || true
done <"$folder/nights.txt"

echo
echo "mean absolute error [kW] of the week that was filed, and of the week before it as it came"
"$python" "$here/two_weeks.py" score "$folder"
