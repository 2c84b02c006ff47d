#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

#include "tools/common.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace simdclip::tools {
namespace {

struct Given {
  ModelArguments model;
  PictureArguments pictures;
  std::vector<std::string> prompts, references, iqa, pair, edit, against;
  std::string manifest, aesthetic, histogram, html;
  unsigned seed = 1, resamples = 50;
  bool diversity = false, json = false, csv = false;
};

Given parse(std::vector<std::string> words) {
  Given given;
  Arguments arguments(
      "score",
      "Judge pictures. CLIPScore and RefCLIPScore against prompts; CLIP-IQA; LAION's aesthetic predictor; "
      "CMMD and the Frechet distance\n"
      "between two sets; diversity; whether an edit goes where its prompt says. Means come with their 95 % "
      "interval (bootstrap).",
      "  simdclip score assets/demo/tree.png assets/demo/soup.png --prompt \"a tree\"\n"
      "  simdclip score --edit assets/demo/tree.png assets/demo/blossom.png \"a tree\" \"a flower\"\n"
      "  simdclip score assets/demo --iqa quality sharpness --pair \"a cosy room\" \"an empty room\" --csv\n"
      "  simdclip score assets/demo/tree.png assets/demo/blossom.png --against assets/demo/ship.png "
      "assets/demo/bike.png --diversity\n"
      "  simdclip score -m b32.sclip --manifest generated.tsv --html report.html --histogram scores.svg\n"
      "  simdclip score -m l14.sclip photos --aesthetic sac+logos+ava1-l14-linearMSE.pth\n"
      "  simdclip score -m l14-336.sclip generated --against photos\n");
  given.pictures.declare(arguments);
  arguments.list("--prompt,--text", given.prompts, "TEXT...", "CLIPScore of every picture with every prompt");
  arguments.list("--reference", given.references, "TEXT...",
                 "RefCLIPScore of the prompts against these captions, too");
  arguments.text(
      "--manifest", given.manifest, "FILE",
      "A table of PICTURE, PROMPT and any number of REFERENCES (tabs or CSV): CLIPScore of each line");
  arguments.list("--iqa", given.iqa, "NAME...", "CLIP-IQA: quality, brightness, sharpness, ... or all");
  arguments.list("--pair", given.pair, "POSITIVE NEGATIVE...", "CLIP-IQA with prompt pairs of your own");
  arguments.text("--aesthetic", given.aesthetic, "HEAD",
                 "LAION's aesthetic predictor (.pth, .safetensors) over the model it was made for");
  arguments.list("--against", given.against, "PICTURE|FOLDER...",
                 "CMMD and Frechet distance between the pictures and these");
  arguments.flag("--diversity", given.diversity, "How different the pictures are from each other");
  arguments.list("--edit", given.edit, "BEFORE AFTER TEXT TEXT",
                 "Directional similarity of an edit: two pictures, two texts");
  arguments.text("--histogram", given.histogram, "OUT.svg", "Write the first score's histogram");
  arguments.text("--html", given.html, "OUT.html", "Write a ranked report of the first score");
  arguments.number("--seed", given.seed, 0, 1U << 30U, "Of the bootstrap (default 1)");
  arguments.number(
      "--resamples", given.resamples, 0, 100000,
      "Bootstrap samples for the intervals of CMMD and Frechet distance (default 50; 0: no intervals)");
  given.model.declare(arguments);
  arguments.flag("--json", given.json, "Print one JSON document");
  arguments.flag("--csv", given.csv, "Print CSV, one picture (or line of the manifest) a line");
  arguments.parse(std::move(words));
  if (given.json && given.csv) throw UsageError("--json and --csv exclude each other");
  if (given.pair.size() % 2 != 0)
    throw UsageError("--pair takes pairs of prompts, found " + std::to_string(given.pair.size()));
  if (!given.edit.empty() && given.edit.size() != 4)
    throw UsageError("--edit takes two pictures and two texts, found " + std::to_string(given.edit.size()) +
                     " values");
  if (!given.references.empty() && given.prompts.empty())
    throw UsageError("--reference judges prompts; give --prompt TEXT, too");
  if (!given.manifest.empty() && (given.pictures.given() || !given.prompts.empty())) {
    throw UsageError("--manifest names its own pictures and prompts; give no others");
  }
  const bool asked = !given.prompts.empty() || !given.manifest.empty() || !given.iqa.empty() ||
                     !given.pair.empty() || !given.aesthetic.empty() || !given.against.empty() ||
                     given.diversity || !given.edit.empty();
  if (!asked)
    throw UsageError(
        "nothing to score; give --prompt, --manifest, --iqa, --pair, --aesthetic, --against, --diversity or "
        "--edit");
  if (given.edit.empty() && given.manifest.empty() && !given.pictures.given())
    throw UsageError("no picture; see simdclip score --help");
  return given;
}

std::vector<float> embed_texts(const Model& model, const std::vector<std::string>& texts) {
  std::vector<float> rows(texts.size() * model.embed_dim());
  model.embed_texts(texts, rows);
  return rows;
}

// Pictures in order with their vectors.
struct Set {
  std::vector<std::string> pictures;
  std::vector<float> rows;  // [n, E]
};

Set embed_set(const Model& model, const PictureArguments& arguments) {
  Set set;
  PictureList list(arguments);
  list.embed(model, true, [&](size_t file, std::span<const float> row) {
    set.pictures.push_back(list.pictures.name(file));
    set.rows.insert(set.rows.end(), row.begin(), row.end());
  });
  list.report(set.pictures.size());
  return set;
}

struct Line {
  std::string picture, prompt;
  std::vector<std::string> references;
};

// Paths of a manifest are taken as they are, or from the manifest's folder.
std::vector<Line> read_manifest(const std::string& path) {
  std::vector<Line> lines;
  size_t number = 0;
  for (std::vector<std::string>& row : read_table(path)) {
    ++number;
    if (row.size() < 2)
      throw Error(ErrorCode::damaged,
                  path + ": line " + std::to_string(number) + " has one column, expected PICTURE and PROMPT");
    const std::filesystem::path beside = std::filesystem::path(path).parent_path() / row[0];
    const bool here = std::filesystem::exists(row[0]), there = std::filesystem::exists(beside);
    if (number == 1 && !here && !there && row[0].find('.') == std::string::npos) continue;  // a heading
    Line line{!here && there ? beside.string() : row[0], std::move(row[1]), {}};
    for (size_t i = 2; i < row.size(); ++i) {
      if (!row[i].empty()) line.references.push_back(std::move(row[i]));
    }
    lines.push_back(std::move(line));
  }
  if (lines.empty()) throw Error(ErrorCode::not_found, path + ": names no picture");
  return lines;
}

// The table of scores: a row for each picture (or line of the manifest), a column for each score.
struct Table {
  std::vector<std::string> columns;
  std::vector<ReportRow> rows;
  bool prompts = false;

  std::vector<double> column(size_t c) const {
    std::vector<double> values;
    for (const ReportRow& row : rows) values.push_back(row.scores[c]);
    return values;
  }
};

class Scorer {
 public:
  Scorer(const Given& given, const Model& model) : given_(given), model_(model), width_(model.embed_dim()) {
    std::vector<std::string> texts;
    for (const std::string& name : given.iqa) {
      const size_t before = pairs_.size();
      for (const PromptPair& pair : iqa_pairs()) {
        if (name == "all" || name == pair.name) pairs_.push_back(pair);
      }
      if (pairs_.size() == before) throw UsageError("--iqa: '" + name + "' is not one of all, " + known());
    }
    for (size_t i = 0; i + 1 < given.pair.size(); i += 2)
      pairs_.push_back({given.pair[i] + " / " + given.pair[i + 1], given.pair[i], given.pair[i + 1]});
    for (const PromptPair& pair : pairs_) texts.insert(texts.end(), {pair.positive, pair.negative});
    pair_rows_ = embed_texts(model, texts);
    prompt_rows_ = embed_texts(model, given.prompts);
    reference_rows_ = embed_texts(model, given.references);
    if (!given.aesthetic.empty()) head_ = AestheticHead::open(given.aesthetic);
  }

  std::vector<std::string> columns() const {
    std::vector<std::string> names;
    const bool one = given_.prompts.size() == 1;
    for (const std::string& prompt : given_.prompts)
      names.push_back(one ? "clip_score" : "clip_score: " + prompt);
    if (!given_.references.empty()) {
      for (const std::string& prompt : given_.prompts)
        names.push_back(one ? "ref_clip_score" : "ref_clip_score: " + prompt);
    }
    for (const PromptPair& pair : pairs_) names.push_back("iqa: " + pair.name);
    if (head_) names.emplace_back("aesthetic");
    return names;
  }

  std::vector<double> of(std::span<const float> image) const {
    std::vector<double> scores;
    for (size_t i = 0; i < given_.prompts.size(); ++i)
      scores.push_back(clip_score(image, row(prompt_rows_, i)));
    if (!given_.references.empty()) {
      for (size_t i = 0; i < given_.prompts.size(); ++i)
        scores.push_back(ref_clip_score(image, row(prompt_rows_, i), reference_rows_));
    }
    for (size_t i = 0; i < pairs_.size(); ++i)
      scores.push_back(iqa_score(image, row(pair_rows_, 2 * i), row(pair_rows_, 2 * i + 1)));
    if (head_) scores.push_back(head_->score(image));
    return scores;
  }

 private:
  std::span<const float> row(const std::vector<float>& rows, size_t i) const {
    return std::span(rows).subspan(i * width_, width_);
  }
  static std::string known() {
    std::string names;
    for (const PromptPair& pair : iqa_pairs()) names += (names.empty() ? "" : ", ") + pair.name;
    return names;
  }

  const Given& given_;
  const Model& model_;
  size_t width_;
  std::vector<PromptPair> pairs_;
  std::vector<float> pair_rows_, prompt_rows_, reference_rows_;
  std::optional<AestheticHead> head_;
};

Table score_pictures(const Given& given, const Model& model, const Set& set) {
  const Scorer scorer(given, model);
  Table table;
  table.columns = scorer.columns();
  if (table.columns.empty()) return table;
  for (size_t i = 0; i < set.pictures.size(); ++i) {
    table.rows.push_back({set.pictures[i], given.prompts.size() == 1 ? given.prompts[0] : std::string(),
                          scorer.of(std::span(set.rows).subspan(i * model.embed_dim(), model.embed_dim()))});
  }
  return table;
}

Table score_manifest(const Given& given, const Model& model, Set& set) {
  const std::vector<Line> lines = read_manifest(given.manifest);
  PictureArguments arguments = given.pictures;
  std::map<std::string, size_t> place;  // a picture may stand in several lines
  for (const Line& line : lines) {
    if (place.emplace(line.picture, 0).second) arguments.paths.push_back(line.picture);
  }
  set = embed_set(model, arguments);
  place.clear();
  for (size_t i = 0; i < set.pictures.size(); ++i) place[set.pictures[i]] = i;
  const Scorer scorer(given, model);
  bool references = false;
  for (const Line& line : lines) references |= !line.references.empty();
  Table table;
  table.prompts = true;
  table.columns = {"clip_score"};
  if (references) table.columns.emplace_back("ref_clip_score");
  for (std::string& name : scorer.columns()) table.columns.push_back(std::move(name));
  const size_t width = model.embed_dim();
  for (const Line& line : lines) {
    const auto found = place.find(line.picture);
    if (found == place.end()) continue;  // left out as bad
    const std::span<const float> image = std::span(set.rows).subspan(found->second * width, width);
    const std::vector<float> prompt = model.embed_text(line.prompt);
    ReportRow row{line.picture, line.prompt, {clip_score(image, prompt)}};
    if (references)
      row.scores.push_back(
          line.references.empty() ? 0 : ref_clip_score(image, prompt, embed_texts(model, line.references)));
    for (const double score : scorer.of(image)) row.scores.push_back(score);
    table.rows.push_back(std::move(row));
  }
  return table;
}

struct Fact {
  std::string name;
  double value;
  bool has_interval = false;
  double low = 0, high = 0;  // 95 %
};
using Facts = std::vector<Fact>;

Fact with_interval(const std::string& name, const Interval& i) {
  return {name, i.mean, i.n > 1, i.low, i.high};
}

Facts score_sets(const Given& given, const Model& model, const Set& set) {
  Facts facts;
  const size_t width = model.embed_dim();
  if (!given.against.empty()) {
    PictureArguments arguments = given.pictures;
    arguments.paths = given.against;
    const Set other = embed_set(model, arguments);
    facts.push_back(
        with_interval("cmmd", cmmd_interval(set.rows, other.rows, width, given.seed, given.resamples)));
    if (set.pictures.size() > 1 && other.pictures.size() > 1) {
      facts.push_back(with_interval(
          "frechet", frechet_interval(set.rows, other.rows, width, given.seed, given.resamples)));
    }
  }
  if (given.diversity) {
    const Diversity d = diversity(set.rows, width);
    facts.push_back({"mean_distance", d.mean_distance});
    facts.push_back({"vendi", d.vendi});
  }
  if (!given.edit.empty()) {
    PictureArguments arguments = given.pictures;
    arguments.paths = {given.edit[0], given.edit[1]};
    const Set two = embed_set(model, arguments);
    if (two.pictures.size() != 2) throw Error(ErrorCode::invalid_argument, "--edit: two pictures are needed");
    const std::vector<float> before = model.embed_text(given.edit[2]),
                             after = model.embed_text(given.edit[3]);
    facts.push_back({"directional_similarity",
                     directional_similarity(std::span(two.rows).first(width),
                                            std::span(two.rows).subspan(width), before, after)});
  }
  return facts;
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw Error(ErrorCode::io, path + ": cannot be written");
}

void write_files(const Given& given, const Table& table) {
  if (given.histogram.empty() && given.html.empty()) return;
  if (table.columns.empty())
    throw UsageError(
        "--histogram and --html show scores of single pictures; give --prompt, --manifest, --iqa, --pair or "
        "--aesthetic");
  if (!given.histogram.empty()) write_file(given.histogram, histogram_svg(table.column(0), table.columns[0]));
  if (given.html.empty()) return;
  std::vector<ReportRow> rows = table.rows;
  std::error_code error;
  const auto folder = std::filesystem::absolute(given.html).parent_path();
  for (ReportRow& row : rows) {
    const auto relative = std::filesystem::proximate(row.picture, folder, error);
    if (!error) row.picture = relative.string();
  }
  write_file(given.html, report_html("simdclip score", table.columns, std::move(rows)));
}

void print_json(const Given& given, const Table& table, const Facts& facts) {
  std::string out = "{\"scores\": [";
  for (size_t r = 0; r < table.rows.size(); ++r) {
    const ReportRow& row = table.rows[r];
    out += (r == 0 ? "{\"picture\": " : ",\n{\"picture\": ") + json_string(row.picture);
    if (table.prompts) out += ", \"prompt\": " + json_string(row.prompt);
    for (size_t c = 0; c < table.columns.size(); ++c)
      out += ", " + json_string(table.columns[c]) + ": " + json_number(row.scores[c]);
    out += "}";
  }
  out += "], \"means\": {" +
         listed(table.columns.size(),
                [&](size_t c) {
                  const Interval i = bootstrap_mean(table.column(c), given.seed);
                  return json_string(table.columns[c]) + ": {\"mean\": " + json_number(i.mean) +
                         ", \"low\": " + json_number(i.low) + ", \"high\": " + json_number(i.high) +
                         ", \"n\": " + std::to_string(i.n) + "}";
                }) +
         "}";
  for (const Fact& fact : facts) {
    out += ", " + json_string(fact.name) + ": " + json_number(fact.value);
    if (fact.has_interval)
      out += ", " + json_string(fact.name + "_interval") + ": {\"low\": " + json_number(fact.low) +
             ", \"high\": " + json_number(fact.high) + "}";
  }
  print(out + "}\n");
}

// What is about sets has no picture: a table of its own where it is all that was asked for, else a message.
void print_csv_facts(const Facts& facts, bool alone) {
  if (alone) print(csv_line({"score", "value", "low", "high"}));
  for (const Fact& fact : facts) {
    if (alone) {
      print(csv_line({fact.name, json_number(fact.value), fact.has_interval ? json_number(fact.low) : "",
                      fact.has_interval ? json_number(fact.high) : ""}));
    } else {
      message(fact.name + ": " + json_number(fact.value));
    }
  }
}

void print_csv(const Table& table, const Facts& facts) {
  print_csv_facts(facts, table.columns.empty());
  if (table.columns.empty()) return;
  std::vector<std::string> head = {"picture"};
  if (table.prompts) head.emplace_back("prompt");
  head.insert(head.end(), table.columns.begin(), table.columns.end());
  print(csv_line(head));
  for (const ReportRow& row : table.rows) {
    std::vector<std::string> fields = {row.picture};
    if (table.prompts) fields.push_back(row.prompt);
    for (const double score : row.scores) fields.push_back(json_number(score));
    print(csv_line(fields));
  }
}

void print_table(const Given& given, const Table& data, const Facts& facts) {
  if (!data.columns.empty()) {
    std::vector<std::vector<std::string>> rows(1);
    std::vector<size_t> right;
    for (size_t c = 0; c < data.columns.size(); ++c) {
      rows[0].push_back(shown(data.columns[c]));
      right.push_back(c);
    }
    rows[0].emplace_back("picture");
    if (data.prompts) rows[0].emplace_back("prompt");
    for (const ReportRow& row : data.rows) {
      rows.emplace_back();
      for (const double score : row.scores) rows.back().push_back(fixed(score, 4));
      rows.back().push_back(shown(row.picture));
      if (data.prompts) rows.back().push_back(shown(row.prompt));
    }
    print(table(rows, right) + '\n');
    for (size_t c = 0; c < data.columns.size(); ++c) {
      const Interval i = bootstrap_mean(data.column(c), given.seed);
      print("mean " + shown(data.columns[c]) + ": " + fixed(i.mean, 4) + " (95 %: " + fixed(i.low, 4) +
            " to " + fixed(i.high, 4) + ", n = " + std::to_string(i.n) + ")\n");
    }
  }
  for (const Fact& fact : facts) {
    print(fact.name + ": " + fixed(fact.value, 6) +
          (fact.has_interval ? " (95 %: " + fixed(fact.low, 6) + " to " + fixed(fact.high, 6) + ")" : "") +
          '\n');
  }
}

}  // namespace

void score_command(std::vector<std::string> words) {
  const Given given = parse(std::move(words));
  const Model model = given.model.open();
  Set set;
  Table table;
  if (!given.manifest.empty()) {
    table = score_manifest(given, model, set);
  } else if (given.pictures.given()) {
    set = embed_set(model, given.pictures);
    table = score_pictures(given, model, set);
  }
  const Facts facts = score_sets(given, model, set);
  write_files(given, table);
  if (given.json) return print_json(given, table, facts);
  if (given.csv) return print_csv(table, facts);
  print_table(given, table, facts);
}

}  // namespace simdclip::tools
