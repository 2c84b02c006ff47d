#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "tools/common.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace simdclip::tools {
namespace {

std::vector<std::string> templates_of(const std::string& name, const std::vector<std::string>& own) {
  if (!own.empty()) {
    if (!name.empty()) throw UsageError("--template and --templates exclude each other");
    return own;
  }
  if (name.empty() || name == "plain") return plain_template();
  if (name == "best") return best_imagenet_templates();
  if (name == "imagenet") return imagenet_templates();
  std::error_code ignored;
  if (!std::filesystem::exists(name, ignored))
    throw UsageError("--templates: '" + name + "' is no file and none of plain, best, imagenet");
  return read_list(name, "templates");
}

// What a picture really shows: from a table, or the name of its folder.
class Truth {
 public:
  Truth(const std::string& labels, const std::vector<std::string>& classes) : folders_(labels == "folders") {
    for (size_t i = 0; i < classes.size(); ++i) by_name_.emplace(classes[i], i);  // the first of equal names
    if (!folders_) read(labels, classes.size());
  }

  std::optional<size_t> of(const std::string& picture) const {
    const std::filesystem::path path(picture);
    if (folders_) return named(path.parent_path().filename().string());
    for (const std::string& name : {path.lexically_normal().string(), path.filename().string()}) {
      if (const auto found = by_picture_.find(name); found != by_picture_.end()) return found->second;
    }
    return std::nullopt;
  }

 private:
  std::optional<size_t> named(const std::string& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? std::nullopt : std::optional(found->second);
  }
  static std::optional<size_t> number(const std::string& text, size_t classes) {
    if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string::npos)
      return std::nullopt;
    const size_t n = std::stoul(text);
    return n < classes ? std::optional(n) : std::nullopt;
  }

  void read(const std::string& path, size_t classes) {
    size_t line = 0;
    for (const std::vector<std::string>& row : read_table(path)) {
      ++line;
      if (row.size() < 2)
        throw Error(ErrorCode::damaged,
                    path + ": line " + std::to_string(line) + " has one column, expected PICTURE and CLASS");
      std::optional<size_t> index = number(row[1], classes);
      if (!index) index = named(row[1]);
      if (!index) index = named(row.back());
      if (!index && line == 1) continue;  // a heading
      if (!index) {
        throw Error(ErrorCode::not_found, path + ": line " + std::to_string(line) + ": '" + row[1] +
                                              "' is neither a class name nor a class number below " +
                                              std::to_string(classes));
      }
      by_picture_[std::filesystem::path(row[0]).lexically_normal().string()] = *index;
    }
  }

  bool folders_;
  std::map<std::string, size_t> by_name_, by_picture_;
};

class Printer {
 public:
  Printer(const Classifier& classifier, bool json, bool csv)
      : classifier_(classifier), json_(json), csv_(csv), report_(json, csv ? "" : "\n") {
    if (csv_) print(csv_line({"picture", "rank", "class", "cosine", "logit", "probability"}));
  }

  void picture(const std::string& path, std::span<const Classifier::Score> scores) {
    if (json_) {
      report_.add(json_picture(path, scores));
    } else if (csv_) {
      report_.add(listed(
          scores.size(),
          [&](size_t i) {
            const Classifier::Score& s = scores[i];
            return csv_line({path, std::to_string(i + 1), classifier_.classes()[s.index],
                             json_number(s.cosine), json_number(s.logit), json_number(s.probability)});
          },
          ""));
    } else {
      std::vector<std::vector<std::string>> rows = {{"", "probability", "cosine", "class"}};
      for (const Classifier::Score& s : scores) {
        rows.push_back({"", fixed(100.0 * static_cast<double>(s.probability), 2) + " %",
                        fixed(static_cast<double>(s.cosine), 4), shown(classifier_.classes()[s.index])});
      }
      report_.add(shown(path) + '\n' + table(rows, {1, 2}));
    }
  }

  void finish(const Evaluation* evaluation, size_t unlabelled) {
    report_.finish(evaluation == nullptr || !json_ ? std::string()
                                                   : json_evaluation(*evaluation, unlabelled));
    if (evaluation != nullptr && !json_ && !csv_)
      print((report_.count() == 0 ? "" : "\n") + text_evaluation(*evaluation, unlabelled));
  }

 private:
  std::string json_picture(const std::string& path, std::span<const Classifier::Score> scores) const {
    return "{\"picture\": " + json_string(path) + ", \"classes\": " +
           json_list(scores.size(),
                     [&](size_t i) {
                       const Classifier::Score& s = scores[i];
                       return "{\"class\": " + json_string(classifier_.classes()[s.index]) +
                              ", \"index\": " + std::to_string(s.index) +
                              ", \"cosine\": " + json_number(s.cosine) +
                              ", \"logit\": " + json_number(s.logit) +
                              ", \"probability\": " + json_number(s.probability) + "}";
                     }) +
           "}";
  }

  static double share(size_t part, size_t all) {
    return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
  }

  std::string json_evaluation(const Evaluation& e, size_t unlabelled) const {
    std::string out = ",\n\"evaluation\": {\"pictures\": " + std::to_string(e.all().pictures) +
                      ", \"unlabelled\": " + std::to_string(unlabelled) +
                      ", \"top1\": " + json_number(share(e.all().top1, e.all().pictures)) +
                      ", \"top5\": " + json_number(share(e.all().top5, e.all().pictures)) +
                      ", \"mean_per_class_top1\": " + json_number(e.mean_per_class_top1()) +
                      ", \"per_class\": ";
    std::vector<size_t> seen;
    for (size_t c = 0; c < e.per_class().size(); ++c) {
      if (e.per_class()[c].pictures != 0) seen.push_back(c);
    }
    const auto name = [&](size_t c) { return json_string(classifier_.classes()[c]); };
    out += json_list(seen.size(), [&](size_t i) {
      const Evaluation::Count& count = e.per_class()[seen[i]];
      return "{\"class\": " + name(seen[i]) + ", \"pictures\": " + std::to_string(count.pictures) +
             ", \"top1\": " + json_number(share(count.top1, count.pictures)) +
             ", \"top5\": " + json_number(share(count.top5, count.pictures)) + "}";
    });
    const auto confusions = e.confusions();
    out += ", \"confusions\": " + json_list(confusions.size(), [&](size_t i) {
             const Evaluation::Confusion& wrong = confusions[i];
             return "{\"class\": " + name(wrong.truth) + ", \"predicted\": " + name(wrong.predicted) +
                    ", \"pictures\": " + std::to_string(wrong.count) + "}";
           });
    return out + "}";
  }

  std::string text_evaluation(const Evaluation& e, size_t unlabelled) const {
    const auto percent = [](double x) { return fixed(100 * x, 2) + " %"; };
    std::string out = "pictures with a label: " + std::to_string(e.all().pictures) +
                      (unlabelled == 0 ? "" : " (" + std::to_string(unlabelled) + " without)") +
                      "\ntop-1: " + percent(share(e.all().top1, e.all().pictures)) +
                      "\ntop-5: " + percent(share(e.all().top5, e.all().pictures)) +
                      "\ntop-1, mean over the classes: " + percent(e.mean_per_class_top1()) + "\n\n";
    std::vector<std::vector<std::string>> rows = {{"pictures", "top-1", "top-5", "class"}};
    for (size_t c = 0; c < e.per_class().size(); ++c) {
      const Evaluation::Count& count = e.per_class()[c];
      if (count.pictures == 0) continue;
      rows.push_back({std::to_string(count.pictures), percent(share(count.top1, count.pictures)),
                      percent(share(count.top5, count.pictures)), shown(classifier_.classes()[c])});
    }
    out += table(rows, {0, 1, 2});
    rows = {{"pictures", "class", "taken for"}};
    for (const Evaluation::Confusion& wrong : e.confusions()) {
      if (rows.size() > 20) break;
      rows.push_back({std::to_string(wrong.count), shown(classifier_.classes()[wrong.truth]),
                      shown(classifier_.classes()[wrong.predicted])});
    }
    return rows.size() == 1 ? out : out + '\n' + table(rows, {0});
  }

  const Classifier& classifier_;
  bool json_, csv_;
  PictureReport report_;
};

struct Given {
  ModelArguments model;
  PictureArguments pictures;
  CacheArguments cache;
  std::vector<std::string> names, own_templates;
  std::string classes_file, templates, labels, weights;
  unsigned top = 5;
  bool json = false, csv = false, quiet = false;
};

Given parse(std::vector<std::string> words) {
  Given given;
  Arguments arguments(
      "classify",
      "Put pictures into classes that are named by words (zero-shot classification). Each class's vector is "
      "the mean over prompt\n"
      "templates of its unit text embeddings, made unit again, as open_clip does; it is computed once and "
      "kept in the cache.",
      "  simdclip classify assets/demo --class tree giraffe \"a slice of pizza\" \"a car\" --top 2\n"
      "  simdclip classify -m b32.sclip photos --classes imagenet.txt --templates imagenet --json\n"
      "  simdclip classify -m b32.sclip test --classes classes.txt --templates best --labels folders "
      "--quiet\n");
  given.pictures.declare(arguments);
  arguments.list("--class", given.names, "NAME...", "Class names");
  arguments.text("--classes", given.classes_file, "FILE", "Class names, one a line or a JSON array");
  arguments.text(
      "--templates", given.templates, "plain|best|imagenet|FILE",
      "Prompt templates: \"a photo of a {}.\" (default), OpenAI's 7 best or 80 of ImageNet, or one a line");
  arguments.list("--template", given.own_templates, "TEXT...",
                 "Templates of your own, with {} where the class name goes");
  arguments.number("--top", given.top, 1, 1U << 30U, "Show the best N classes of each picture (default 5)");
  arguments.text(
      "--labels", given.labels, "FILE|folders",
      "Evaluate: a table of PICTURE and CLASS (name or number), or the names of the pictures' folders");
  arguments.flag("--quiet", given.quiet, "With --labels: the evaluation alone, no picture's classes");
  arguments.text("--weights", given.weights, "OUT.npy",
                 "Also write the classes' vectors, float32 [classes, D]");
  given.cache.declare(arguments);
  given.model.declare(arguments);
  arguments.flag("--json", given.json, "Print one JSON document");
  arguments.flag("--csv", given.csv, "Print CSV");
  arguments.parse(std::move(words));
  if (given.json && given.csv) throw UsageError("--json and --csv exclude each other");
  if (given.names.empty() && given.classes_file.empty())
    throw UsageError("no classes; give --class NAME... or --classes FILE");
  if (!given.pictures.given() && given.weights.empty())
    throw UsageError("no picture; see simdclip classify --help");
  if (given.quiet && given.labels.empty()) throw UsageError("--quiet without --labels would print nothing");
  return given;
}

Classifier make_classifier(const Given& given, const Model& model) {
  std::vector<std::string> classes = given.names;
  if (!given.classes_file.empty()) {
    for (std::string& name : read_list(given.classes_file, "class names")) classes.push_back(std::move(name));
  }
  const std::vector<std::string> templates = templates_of(given.templates, given.own_templates);
  Progress progress("texts", classes.size() * templates.size());
  return Classifier(model, std::move(classes),
                    {.templates = templates,
                     .cache = given.cache.options(),
                     .progress = [&](size_t done, size_t) { progress.update(done); }});
}

}  // namespace

void classify_command(std::vector<std::string> words) {
  const Given given = parse(std::move(words));
  const Model model = given.model.open();
  const Classifier classifier = make_classifier(given, model);
  if (!given.weights.empty()) {
    const size_t shape[] = {classifier.classes().size(), model.embed_dim()};
    write_npy(given.weights, shape, classifier.weights());
    if (!given.pictures.given()) return;
  }
  std::optional<Truth> truth;
  std::optional<Evaluation> evaluation;
  if (!given.labels.empty()) {
    truth.emplace(given.labels, classifier.classes());
    evaluation.emplace(classifier.classes().size());
  }
  PictureList list(given.pictures);
  Printer printer(classifier, given.json, given.csv);
  size_t done = 0, unlabelled = 0;
  list.embed(model, true, [&](size_t file, std::span<const float> row) {
    const auto scores = classifier.classify(row, std::max(5U, given.top));
    if (evaluation) {
      const std::optional<size_t> is = truth->of(list.pictures.name(file));
      unlabelled += is ? 0 : 1;
      std::vector<size_t> ranked;
      for (const Classifier::Score& s : scores) ranked.push_back(s.index);
      if (is) evaluation->add(*is, ranked);
    }
    ++done;
    if (given.quiet) return;
    printer.picture(list.pictures.name(file),
                    std::span(scores).first(std::min<size_t>(given.top, scores.size())));
  });
  printer.finish(evaluation ? &*evaluation : nullptr, unlabelled);
  list.report(done);
  if (evaluation && evaluation->all().pictures == 0) {
    throw Error(ErrorCode::not_found, given.labels + ": labels none of the " + std::to_string(done) +
                                          " pictures with one of the classes");
  }
}

}  // namespace simdclip::tools
