#!/bin/bash
# include_directions.sh SOURCE: every #include of the project's own headers goes in an allowed direction (docs/architecture.md).
set -u
cd "$1" || exit 1

# Which rooms a folder's files may include, besides their own. "simdclip" is include/simdclip.
declare -A allowed=(
  [include/simdclip]=""
  [tools]="simdclip"
  [src/base]="simdclip"
  [kernels]="base"
  [src/format]="simdclip base kernels"
  [src/text]="simdclip base format"
  [src/image]="simdclip base format kernels"
  [src/convert]="simdclip base format text image"
  [src/layers]="simdclip base format kernels"
  [src/model]="simdclip base format text image layers kernels"
  [src/store]="simdclip base kernels"
  [src/apps]="simdclip base format image text convert layers model store kernels"
)
rooms="base|format|text|image|convert|layers|model|store|apps|kernels|tools|tests|bench|simdclip"
bad=0 files=0
for folder in "${!allowed[@]}"; do
  own=${folder#src/}
  own=${own#include/}
  while IFS= read -r file; do
    files=$((files + 1))
    while IFS= read -r room; do
      case " $own ${allowed[$folder]} " in
        *" $room "*) ;;
        *) echo "$file includes a header of $room; $folder may include: $own ${allowed[$folder]}"; bad=1 ;;
      esac
    done < <(sed -nE "s@^[[:space:]]*#[[:space:]]*include[[:space:]]*\"($rooms)/[^\"]*\".*@\1@p" "$file" | sort -u)
    # A path upwards would get around the rule.
    if grep -nE '#[[:space:]]*include[[:space:]]*"[^"]*\.\./' "$file"; then echo "$file includes by a path upwards"; bad=1; fi
  done < <(find "$folder" -name '*.h' -o -name '*.cpp' -o -name '*.inl' -o -name '*.inc' -o -name '*.def')
done
for folder in src/*/; do
  folder=${folder%/}
  [ -n "${allowed[$folder]+known}" ] || { echo "$folder: this room has no rule in $0"; bad=1; }
done
[ "$files" -gt 50 ] || { echo "only $files files found: the check looks at the wrong place"; bad=1; }
exit $bad
