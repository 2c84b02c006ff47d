#include "tools/common.h"
#include "tools/output.h"

namespace simdclip::tools {

void merge_command(std::vector<std::string> given) {
  std::string output;
  std::vector<std::string> parts;
  bool json = false;
  Arguments arguments("merge",
                      "Join what `simdclip embed --shard` wrote to the file that one run would have written. "
                      "Verifies that every part of\n"
                      "one run is there once, complete and unchanged.",
                      "  simdclip merge -o all.npy part1.npy part2.npy part3.npy part4.npy\n");
  arguments.list("PART.npy", parts, "PART.npy...",
                 "The parts, in any order; PART.tsv and PART.shard lie beside each");
  arguments.text("-o,--output", output, "OUT.npy", "The file to write; OUT.tsv is written beside it");
  arguments.flag("--json", json, "Print one JSON document");
  arguments.parse(std::move(given));
  if (output.empty()) throw UsageError("no output; give -o OUT.npy");
  if (parts.empty()) throw UsageError("nothing to merge; see simdclip merge --help");
  const size_t rows = merge_rows(output, parts);
  print(json ? "{\"output\": " + json_string(output) + ", \"rows\": " + std::to_string(rows) + "}\n"
             : shown(output) + ": " + std::to_string(rows) + " rows of " + std::to_string(parts.size()) +
                   " parts\n");
}

}  // namespace simdclip::tools
