#include <algorithm>
#include <numeric>

#include "tools/common.h"
#include "tools/output.h"

namespace simdclip::tools {
namespace {

std::string as_json(const std::string& prompt, const std::vector<std::string>& phrases,
                    const PromptComparison& c) {
  return "{\"prompt\": " + json_string(prompt) + ", \"cosine\": " + json_number(c.whole) + ", \"phrases\": " +
         json_list(
             phrases.size(),
             [&](size_t i) {
               const PhraseScore& p = c.phrases[i];
               return "{\"phrase\": " + json_string(phrases[i]) + ", \"alone\": " + json_number(p.alone) +
                      ", \"without\": " + json_number(p.without) + ", \"gain\": " + json_number(p.gain) + "}";
             }) +
         "}";
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

void compare_command(std::vector<std::string> words) {
  MatchArguments given;
  Arguments arguments(
      "compare",
      "Show which parts of a prompt a picture carries. The prompt's phrases stand between commas; for each "
      "one: the cosine of\n"
      "the picture to the phrase alone, to the prompt without it, and its gain (the whole prompt's cosine "
      "minus the latter).",
      "  simdclip compare assets/demo/cheetah.png --text \"a cheetah, an animal, in the snow\"\n"
      "  simdclip compare -m b32.sclip picture.png --text \"a castle, oil painting, sunset, by the sea\" "
      "--json\n");
  given.declare(arguments, ", phrases in the order given");
  arguments.parse(std::move(words));
  given.expect_both("compare", "prompt");

  const Model model = given.model.open();
  const std::vector<std::string> prompts = given.texts.all();
  std::vector<PromptParts> parts;
  for (const std::string& prompt : prompts) parts.emplace_back(model, prompt);
  PictureList list(given.pictures);
  PictureReport report(given.json, "\n");
  list.embed(model, true, [&](size_t file, std::span<const float> row) {
    const auto one = [&](size_t i) {
      const PromptComparison c = parts[i].compare(row);
      return given.json ? as_json(prompts[i], parts[i].phrases(), c)
                        : as_table(prompts[i], parts[i].phrases(), c);
    };
    report.add(given.json ? "{\"picture\": " + json_string(list.pictures.name(file)) +
                                ", \"prompts\": " + json_list(parts.size(), one, ",\n ") + "}"
                          : shown(list.pictures.name(file)) + '\n' + listed(parts.size(), one, ""));
  });
  report.finish();
  list.report(report.count());
}

}  // namespace simdclip::tools
