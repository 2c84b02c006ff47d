#include <algorithm>
#include <numeric>

#include "tools/common.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace simdclip::tools {
namespace {

std::string as_json(const std::string& prompt, const std::vector<std::string>& phrases,
                    const PromptComparison& c) {
  std::string out =
      "{\"prompt\": " + json_string(prompt) + ", \"cosine\": " + json_number(c.whole) + ", \"phrases\": [";
  for (size_t i = 0; i < phrases.size(); ++i) {
    const PhraseScore& p = c.phrases[i];
    out += (i == 0 ? "" : ", ") + ("{\"phrase\": " + json_string(phrases[i])) +
           ", \"alone\": " + json_number(p.alone) + ", \"without\": " + json_number(p.without) +
           ", \"gain\": " + json_number(p.gain) + "}";
  }
  return out + "]}";
}

// The phrases that the picture shows most come first.
std::string as_table(const std::string& prompt, const std::vector<std::string>& phrases,
                     const PromptComparison& c) {
  std::vector<size_t> order(phrases.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return c.phrases[a].gain > c.phrases[b].gain; });
  std::vector<std::vector<std::string>> rows = {{"", "gain", "alone", "without", "phrase"}};
  for (const size_t i : order) {
    const PhraseScore& p = c.phrases[i];
    rows.push_back({"", (p.gain < 0 ? "" : "+") + fixed(p.gain, 4), fixed(p.alone, 4), fixed(p.without, 4),
                    shown(phrases[i])});
  }
  return "  " + fixed(c.whole, 4) + "  " + shown(prompt) + '\n' + table(rows, {1, 2, 3});
}

}  // namespace

void compare_command(std::vector<std::string> given) {
  ModelArguments model_arguments;
  PictureArguments pictures;
  TextArguments texts;
  bool json = false;
  Arguments arguments(
      "compare",
      "Show which parts of a prompt a picture carries. The prompt's phrases stand between commas; for each "
      "one: the cosine of\n"
      "the picture to the phrase alone, to the prompt without it, and its gain (the whole prompt's cosine "
      "minus the latter).",
      "  simdclip compare assets/demo/cheetah.png --text \"a cheetah, an animal, in the snow\"\n"
      "  simdclip compare -m b32.sclip picture.png --text \"a castle, oil painting, sunset, by the sea\" "
      "--json\n");
  pictures.declare(arguments);
  texts.declare(arguments, "--text");
  model_arguments.declare(arguments);
  arguments.flag("--json", json, "Print one JSON document, phrases in the order given");
  arguments.parse(std::move(given));
  if (!pictures.given()) throw UsageError("no picture; see simdclip compare --help");
  if (!texts.given()) throw UsageError("no prompt; give --text PROMPT... or --text-file FILE");

  const Model model = model_arguments.open();
  const std::vector<std::string> prompts = texts.all();
  std::vector<PromptParts> parts;
  for (const std::string& prompt : prompts) parts.emplace_back(model, prompt);
  PictureList list(pictures);
  size_t compared = 0;
  if (json) print("{\"pictures\": [");
  list.embed(model, true, [&](size_t file, std::span<const float> row) {
    std::string out = compared == 0 ? "" : (json ? ",\n" : "\n");
    out += json ? "{\"picture\": " + json_string(list.pictures.name(file)) + ", \"prompts\": ["
                : shown(list.pictures.name(file)) + '\n';
    for (size_t i = 0; i < parts.size(); ++i) {
      const PromptComparison c = parts[i].compare(row);
      out += json ? (i == 0 ? "" : ",\n ") + as_json(prompts[i], parts[i].phrases(), c)
                  : as_table(prompts[i], parts[i].phrases(), c);
    }
    Progress::clear_line();
    print(out + (json ? "]}" : ""));
    ++compared;
  });
  if (json) print("]}\n");
  list.report(compared);
}

}  // namespace simdclip::tools
