#include "tools/common.h"
#include "tools/output.h"

namespace simdclip::tools {
namespace {

struct Rows {
  std::vector<float> pictures, texts;
  std::vector<size_t> files;  // of the picture rows
};

Rows embed(const Model& model, PictureList* list, const std::vector<std::string>& texts) {
  Rows rows;
  if (list != nullptr) {
    list->embed(model, true, [&](size_t file, std::span<const float> row) {
      rows.pictures.insert(rows.pictures.end(), row.begin(), row.end());
      rows.files.push_back(file);
    });
  }
  rows.texts.resize(texts.size() * model.embed_dim());
  if (!texts.empty()) model.embed_texts(texts, rows.texts);
  return rows;
}

struct Report {
  std::string precision_a, precision_b;
  CosineAgreement pictures, texts;
  std::string worst_picture, worst_text;
  RankAgreement ranks;
  std::string ranked;  // "texts for each picture"
};

Report compare(const Rows& a, const Rows& b, size_t width) {
  Report r;
  r.pictures = cosine_agreement(a.pictures, b.pictures, width);
  r.texts = cosine_agreement(a.texts, b.texts, width);
  if (r.pictures.rows > 0 && r.texts.rows > 0) {
    r.ranked = "texts for each picture";
    r.ranks = rank_agreement({a.pictures, a.texts}, {b.pictures, b.texts}, width);
  } else if (r.pictures.rows > 0) {
    r.ranked = "pictures for each picture";
    r.ranks = rank_agreement({a.pictures, a.pictures}, {b.pictures, b.pictures}, width);
  } else {
    r.ranked = "texts for each text";
    r.ranks = rank_agreement({a.texts, a.texts}, {b.texts, b.texts}, width);
  }
  return r;
}

std::string cosines_json(const CosineAgreement& c, const std::string& worst) {
  if (c.rows == 0) return "null";
  return "{\"count\": " + std::to_string(c.rows) + ", \"lowest\": " + json_number(c.lowest) +
         ", \"mean\": " + json_number(c.mean) + ", \"lowest_source\": " + json_string(worst) + "}";
}

std::string as_json(const Report& r) {
  return "{\"precision\": [" + json_string(r.precision_a) + ", " + json_string(r.precision_b) +
         "],\n \"pictures\": " + cosines_json(r.pictures, r.worst_picture) +
         ",\n \"texts\": " + cosines_json(r.texts, r.worst_text) +
         ",\n \"ranks\": {\"of\": " + json_string(r.ranked) +
         ", \"queries\": " + std::to_string(r.ranks.queries) + ", \"top_1\": " + json_number(r.ranks.top_1) +
         ", \"top_5\": " + json_number(r.ranks.top_5) + "}}\n";
}

std::string as_table(const Report& r) {
  std::vector<std::vector<std::string>> rows = {{"", "count", "lowest cosine", "mean cosine", "lowest at"}};
  if (r.pictures.rows > 0)
    rows.push_back({"pictures", std::to_string(r.pictures.rows), fixed(r.pictures.lowest, 6),
                    fixed(r.pictures.mean, 6), shown(r.worst_picture)});
  if (r.texts.rows > 0)
    rows.push_back({"texts", std::to_string(r.texts.rows), fixed(r.texts.lowest, 6), fixed(r.texts.mean, 6),
                    shown(r.worst_text)});
  return r.precision_a + " beside " + r.precision_b + '\n' + table(rows, {1, 2, 3}) + "ranks (" + r.ranked +
         "): the best is the same for " + fixed(100 * r.ranks.top_1, 1) + " % of " +
         std::to_string(r.ranks.queries) + ", the five best share " + fixed(100 * r.ranks.top_5, 1) + " %\n";
}

}  // namespace

void accuracy_command(std::vector<std::string> words) {
  MatchArguments given;
  Arguments arguments(
      "accuracy",
      "Compare two model files of one checkpoint (f32 beside int8, say) on pictures and texts: cosines of "
      "their vectors,\n"
      "and how often they rank the same. The first two arguments are the models.",
      "  simdclip accuracy b32-f32.sclip b32-int8.sclip ~/Pictures\n"
      "  simdclip accuracy b32-f32.sclip b32-bf16.sclip ~/Pictures --text-file labels.txt --json\n");
  given.declare(arguments);
  arguments.parse(std::move(words));
  PictureArguments& pictures = given.pictures;
  if (!given.model.model.empty()) throw UsageError("accuracy takes its two models as arguments, not by -m");
  if (pictures.paths.size() < 2)
    throw UsageError("two models are compared: simdclip accuracy A.sclip B.sclip PICTURES");
  const std::vector<std::string> paths(pictures.paths.begin(), pictures.paths.begin() + 2);
  pictures.paths.erase(pictures.paths.begin(), pictures.paths.begin() + 2);
  if (!pictures.given() && !given.texts.given())
    throw UsageError("nothing to compare on; give pictures, --text or --text-file");

  const ModelOptions options{.threads = given.model.threads, .isa = given.model.isa};
  const std::vector<std::string> lines = given.texts.given() ? given.texts.all() : std::vector<std::string>();
  std::optional<PictureList> list;
  if (pictures.given()) list.emplace(pictures);
  Rows rows[2];
  Report report;
  size_t width = 0;
  for (size_t i = 0; i < 2; ++i) {
    const Model model = Model::open(find_model(paths[i]), options);
    if (i == 1 && model.embed_dim() != width) {
      throw Error(ErrorCode::shape_mismatch, paths[1] + ": vectors of " + std::to_string(model.embed_dim()) +
                                                 " numbers, " + paths[0] + " has " + std::to_string(width) +
                                                 "; compare files of one checkpoint");
    }
    width = model.embed_dim();
    (i == 0 ? report.precision_a : report.precision_b) = model.info().precision;
    rows[i] = embed(model, list ? &*list : nullptr, lines);
  }
  const std::string names[2] = {report.precision_a, report.precision_b};
  report = compare(rows[0], rows[1], width);
  report.precision_a = names[0];
  report.precision_b = names[1];
  if (report.pictures.rows > 0)
    report.worst_picture = list->pictures.name(rows[0].files[report.pictures.lowest_row]);
  if (report.texts.rows > 0) report.worst_text = lines[report.texts.lowest_row];
  print(given.json ? as_json(report) : as_table(report));
  if (list) list->report(rows[0].files.size());
}

}  // namespace simdclip::tools
