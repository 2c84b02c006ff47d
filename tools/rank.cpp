#include <algorithm>
#include <numeric>

#include "tools/common.h"
#include "tools/output.h"

namespace simdclip::tools {
namespace {

struct Scores {
  std::vector<double> cosine;
  std::vector<float> logit, probability;
};

Scores score(const Model& model, std::span<const float> picture, std::span<const float> texts) {
  Scores s{model.cosines(picture, texts), model.logits(picture, texts), {}};
  s.probability = model.probabilities(s.logit);
  return s;
}

std::string as_json(const std::string& picture, const std::vector<std::string>& texts, const Scores& s) {
  return "{\"picture\": " + json_string(picture) + ", \"scores\": " +
         json_list(texts.size(),
                   [&](size_t i) {
                     return "{\"text\": " + json_string(texts[i]) +
                            ", \"cosine\": " + json_number(static_cast<float>(s.cosine[i])) +
                            ", \"logit\": " + json_number(s.logit[i]) +
                            ", \"probability\": " + json_number(s.probability[i]) + "}";
                   }) +
         "}";
}

// Best first.
std::string as_table(const std::string& picture, const std::vector<std::string>& texts, const Scores& s,
                     size_t top) {
  std::vector<size_t> order(texts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return s.logit[a] > s.logit[b]; });
  if (top > 0) order.resize(std::min(order.size(), top));
  std::vector<std::vector<std::string>> rows = {{"", "cosine", "logit", "probability", "text"}};
  for (const size_t i : order) {
    rows.push_back({"", fixed(s.cosine[i], 4), fixed(s.logit[i], 2),
                    fixed(100.0 * s.probability[i], 2) + " %", shown(texts[i])});
  }
  return shown(picture) + '\n' + table(rows, {1, 2, 3});
}

}  // namespace

void rank_command(std::vector<std::string> words) {
  MatchArguments given;
  unsigned top = 0;
  Arguments arguments("rank",
                      "Score texts against pictures: cosine, logit (scaled as the model says) and "
                      "probability. Probabilities are a\n"
                      "softmax over the texts for CLIP, each text's sigmoid for SigLIP. EXIF orientation is "
                      "applied (--exif off: not).",
                      "  simdclip rank assets/demo/cheetah.png --text \"a cat\" \"a dog\" \"a car\"\n"
                      "  simdclip rank -m b32.sclip ~/Pictures --text-file labels.txt --top 3\n"
                      "  simdclip rank -m b32.sclip --json cat.jpg dog.jpg --text \"a cat\" \"a dog\"\n");
  arguments.number("--top", top, 1, 1U << 30U, "Show only the best N texts of each picture (tables only)");
  given.declare(arguments, ", texts in the order given");
  arguments.parse(std::move(words));
  given.expect_both("rank", "text");

  const Model model = given.model.open();
  const std::vector<std::string> lines = given.texts.all();
  PictureList list(given.pictures);
  std::vector<float> text_rows(lines.size() * model.embed_dim());
  model.embed_texts(lines, text_rows);
  PictureReport report(given.json, "\n");
  list.embed(model, true, [&](size_t file, std::span<const float> row) {
    const Scores scores = score(model, row, text_rows);
    report.add(given.json ? as_json(list.pictures.name(file), lines, scores)
                          : as_table(list.pictures.name(file), lines, scores, top));
  });
  report.finish();
  list.report(report.count());
}

}  // namespace simdclip::tools
