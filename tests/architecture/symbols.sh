#!/bin/bash
# symbols.sh SHARED STATIC BUILD_TYPE: the shared library shows namespace simdclip only, and the library neither prints nor ends
# the process.
set -u
shared=$1 static=$2 type=$3
bad=0

exported=$(nm -D --defined-only "$shared" | awk '{print $NF}' | c++filt)
[ "$(echo "$exported" | grep -c '^simdclip::')" -ge 20 ] || { echo "hardly any public symbol in $shared"; bad=1; }
for name in 'simdclip::Model::open' 'simdclip::convert(' 'typeinfo for simdclip::Error'; do
  echo "$exported" | grep -qF "$name" || { echo "$shared does not export $name"; bad=1; }
done
foreign=$(echo "$exported" | grep -vE '^(simdclip::|(typeinfo|typeinfo name|vtable|VTT) for simdclip::)')
[ -z "$foreign" ] || { echo "$shared exports what is not simdclip's:"; echo "$foreign"; bad=1; }
internal=$(echo "$exported" | grep -E '^simdclip::kernels::|ThreadPool|MappedFile|ModelConfig')
[ -z "$internal" ] || { echo "$shared exports internals:"; echo "$internal"; bad=1; }

# assert() is for broken invariants in builds that have it.
forbidden='abort|exit|_exit|_Exit|quick_exit|printf|fprintf|vprintf|vfprintf|dprintf|puts|putchar|fputs|fputc|putc|fwrite|perror'
forbidden+='|__printf_chk|__fprintf_chk|__vfprintf_chk|stdout|stderr|syslog|_ZSt4cout|_ZSt4cerr|_ZSt4clog|_ZNSt8ios_base4InitC1Ev'
[ "$type" = Debug ] || forbidden+='|__assert_fail'
# hnswlib's header includes <iostream>, which begins the standard streams whether they are used or not. Who uses them refers to them by name.
found=$(nm -A -u "$static" | awk '{print $NF, $1}' | grep -E "^($forbidden) " |
  grep -vE '^_ZNSt8ios_base4InitC1Ev .*:(hnsw|approximate)\.cpp\.o:')
[ -z "$found" ] || { echo "the library refers to functions that print or end the process:"; echo "$found"; bad=1; }
found=$(nm -D -u "$shared" | awk '{sub(/@.*/, "", $NF); print $NF}' | grep -E "^($forbidden)$" | grep -vx _ZNSt8ios_base4InitC1Ev)
[ -z "$found" ] || { echo "$shared refers to:"; echo "$found"; bad=1; }
exit $bad
