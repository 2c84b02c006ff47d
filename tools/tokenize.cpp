#include "tools/common.h"
#include "tools/output.h"

namespace simdclip::tools {
namespace {

std::string id_list(const std::vector<int32_t>& ids, const char* separator) {
  std::string out;
  for (const int32_t id : ids) {
    if (!out.empty()) out += separator;
    out += std::to_string(id);
  }
  return out;
}

}  // namespace

void tokenize_command(std::vector<std::string> given) {
  ModelArguments model_arguments;
  TextArguments texts;
  bool json = false;
  Arguments arguments("tokenize", "Show the token ids of texts, padded to the model's context length.",
                      "  simdclip tokenize \"a photo of a cat\"\n"
                      "  simdclip tokenize -m b32.sclip --json --text-file captions.txt\n");
  texts.declare(arguments, "TEXT");
  model_arguments.declare(arguments);
  arguments.flag("--json", json, "Print one JSON document: {\"ids\": [[...], ...]}");
  arguments.parse(std::move(given));
  if (!texts.given()) throw UsageError("no text; give TEXT... or --text-file FILE");

  const Model model = model_arguments.open();
  if (json) print("{\"ids\": [");
  bool first = true;
  texts.for_each(1024, [&](const std::vector<std::string>& some) {
    std::string out;
    for (const std::string& text : some) {
      const std::vector<int32_t> ids = model.tokenize(text);
      if (json) {
        out += (first ? "[" : ",\n[") + id_list(ids, ", ") + "]";
      } else {
        out += id_list(ids, " ") + '\n';
      }
      first = false;
    }
    print(out);
  });
  if (json) print("]}\n");
}

}  // namespace simdclip::tools
