#include <algorithm>
#include <numeric>

#include "tools/common.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace simdclip::tools {
namespace {

struct Scores {
  std::vector<double> cosine;
  std::vector<float> logit, probability;
};

Scores score(const Model& model, std::span<const float> picture, std::span<const float> texts) {
  Scores s;
  s.logit = model.logits(picture, texts);
  s.probability = model.probabilities(s.logit);
  for (size_t i = 0; i < s.logit.size(); ++i) {
    const std::span<const float> text = texts.subspan(i * picture.size(), picture.size());
    s.cosine.push_back(std::inner_product(picture.begin(), picture.end(), text.begin(), 0.0, std::plus<>(),
                                          [](double a, double b) { return a * b; }));
  }
  return s;
}

std::string as_json(const std::string& picture, const std::vector<std::string>& texts, const Scores& s) {
  std::string out = "{\"picture\": " + json_string(picture) + ", \"scores\": [";
  for (size_t i = 0; i < texts.size(); ++i) {
    out += (i == 0 ? "" : ", ") + ("{\"text\": " + json_string(texts[i])) +
           ", \"cosine\": " + json_number(static_cast<float>(s.cosine[i])) +
           ", \"logit\": " + json_number(s.logit[i]) + ", \"probability\": " + json_number(s.probability[i]) +
           "}";
  }
  return out + "]}";
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

void rank_command(std::vector<std::string> given) {
  ModelArguments model_arguments;
  PictureArguments pictures;
  TextArguments texts;
  unsigned top = 0;
  bool json = false;
  Arguments arguments("rank",
                      "Score texts against pictures: cosine, logit (scaled as the model says) and "
                      "probability. Probabilities are a\n"
                      "softmax over the texts for CLIP, each text's sigmoid for SigLIP. EXIF orientation is "
                      "applied (--exif off: not).",
                      "  simdclip rank assets/demo/cheetah.png --text \"a cat\" \"a dog\" \"a car\"\n"
                      "  simdclip rank -m b32.sclip ~/Pictures --text-file labels.txt --top 3\n"
                      "  simdclip rank -m b32.sclip --json cat.jpg dog.jpg --text \"a cat\" \"a dog\"\n");
  pictures.declare(arguments);
  texts.declare(arguments, "--text");
  arguments.number("--top", top, 1, 1U << 30U, "Show only the best N texts of each picture (tables only)");
  model_arguments.declare(arguments);
  arguments.flag("--json", json, "Print one JSON document, texts in the order given");
  arguments.parse(std::move(given));
  if (!pictures.given()) throw UsageError("no picture; see simdclip rank --help");
  if (!texts.given()) throw UsageError("no text; give --text TEXT... or --text-file FILE");

  const Model model = model_arguments.open();
  const std::vector<std::string> lines = texts.all();
  PictureList list(pictures);
  std::vector<float> text_rows(lines.size() * model.embed_dim());
  model.embed_texts(lines, text_rows);
  size_t ranked = 0;
  if (json) print("{\"pictures\": [");
  list.embed(model, true, [&](size_t file, std::span<const float> row) {
    const Scores scores = score(model, row, text_rows);
    Progress::clear_line();
    const std::string separator = ranked == 0 ? "" : (json ? ",\n" : "\n");
    print(separator + (json ? as_json(list.pictures.name(file), lines, scores)
                            : as_table(list.pictures.name(file), lines, scores, top)));
    ++ranked;
  });
  if (json) print("]}\n");
  list.report(ranked);
}

}  // namespace simdclip::tools
