#include "tools/common.h"

#include "tools/output.h"

namespace simdclip::tools {

void ModelArguments::declare(Arguments& arguments) {
  arguments.text("-m,--model", model, "MODEL",
                 "A .sclip file, or a name in the folders of SIMDCLIP_MODELS; without it the default model");
  arguments.number("--threads", threads, 1, 1024, "Threads (default: the cores this process may use)");
  arguments.text("--isa", isa, "NAME",
                 "Use no instruction set above NAME: portable, avx2, avx512, ... (default: SIMDCLIP_ISA, "
                 "else the best)");
}

Model ModelArguments::open() const {
  return Model::open(find_model(model), {.threads = threads, .isa = isa});
}

void MatchArguments::declare(Arguments& arguments, const std::string& json_help) {
  pictures.declare(arguments);
  texts.declare(arguments, "--text");
  model.declare(arguments);
  arguments.flag("--json", json, "Print one JSON document" + json_help);
}

void MatchArguments::expect_both(const std::string& command, const std::string& text) const {
  if (!pictures.given()) throw UsageError("no picture; see simdclip " + command + " --help");
  if (!texts.given()) throw UsageError("no " + text + "; give --text TEXT... or --text-file FILE");
}

std::string human_bytes(double bytes) {
  if (bytes >= 1e9) return fixed(bytes / 1e9, 2) + " GB";
  if (bytes >= 1e6) return fixed(bytes / 1e6, 1) + " MB";
  if (bytes >= 1e3) return fixed(bytes / 1e3, 1) + " kB";
  return fixed(bytes, 0) + " bytes";
}

}  // namespace simdclip::tools
