#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tools/common.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace simdclip::tools {
namespace {

namespace fs = std::filesystem;

struct Given {
  ModelArguments model;
  PictureArguments pictures;
  CacheArguments cache;
  std::string vocabulary, background, sidecars = "none", prompt;
  double threshold = 2, merge = 0.9;
  unsigned most = 8;
  bool alike = false, synonyms = false, overwrite = false, json = false;
};

Given parse(std::vector<std::string> words) {
  Given given;
  Arguments arguments(
      "tag",
      "Name what pictures show, with words of a vocabulary (20,151 names of what can be seen, from WordNet). "
      "A word counts where the\n"
      "picture is nearer to it than pictures usually are: --threshold standard deviations above a background "
      "(--background FOLDER: a\n"
      "few hundred pictures like yours; without it the small demo pictures). Near-synonyms and names with a "
      "common word are merged. Sidecars that exist are kept\n"
      "and their pictures passed over, so that an interrupted run goes on where it stopped.",
      "  simdclip tag assets/demo/tree.png assets/demo/soup.png\n"
      "  simdclip tag -m b32.sclip ~/Pictures --background ~/Pictures --sidecars xmp\n"
      "  simdclip tag -m b32.sclip training --vocabulary words.txt --sidecars txt --threshold 3\n");
  given.pictures.declare(arguments);
  arguments.text(
      "--vocabulary", given.vocabulary, "FILE",
      "Words, one a line: name, or name <tab> synonym, synonym, or with <tab> rarity (docs/applications.md)");
  arguments.text("--background", given.background, "FOLDER",
                 "Pictures of all kinds, against which words are measured");
  arguments.number("--threshold", given.threshold, -100, 100,
                   "Standard deviations above the background (default 2)");
  arguments.number("--most", given.most, 1, 10000, "Tags of a picture at most (default 8)");
  arguments.number("--merge", given.merge, 0, 1,
                   "Leave out words whose vectors are as near as this to a better one's (default 0.9)");
  arguments.flag("--alike", given.alike,
                 "Keep names that have a word in common with a better one (\"sports car\" beside \"car\")");
  arguments.text("--prompt", given.prompt, "TEXT",
                 "What is embedded of a word (default \"a photo of a {}\")");
  arguments.choice("--sidecars", given.sidecars, {"none", "xmp", "txt", "json"},
                   "Write PICTURE.xmp, or NAME.txt or NAME.json beside each picture");
  arguments.flag("--overwrite", given.overwrite,
                 "Replace sidecars that exist (XMP: only those that simdclip wrote)");
  arguments.flag("--synonyms", given.synonyms, "Show the words' synonyms, too");
  given.cache.declare(arguments);
  given.model.declare(arguments);
  arguments.flag("--json", given.json, "Print one JSON document");
  arguments.parse(std::move(words));
  if (!given.pictures.given()) throw UsageError("no picture; see simdclip tag --help");
  return given;
}

// photo.jpg -> photo.jpg.xmp (what darktable and digiKam read), photo.txt (what trainers read), photo.json.
std::string sidecar_of(const std::string& picture, const std::string& kind) {
  if (kind == "xmp") return picture + ".xmp";
  return fs::path(picture).replace_extension("." + kind).string();
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool must_keep(const Given& given, const std::string& sidecar) {
  std::error_code ignored;
  if (!fs::exists(sidecar, ignored)) return false;
  if (!given.overwrite) return true;
  return given.sidecars == "xmp" && !is_own_xmp(content_of(sidecar));
}

// Whole or not at all: a run that is interrupted leaves no half sidecar behind, which the next one would
// keep.
void write_sidecar(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".simdclip-tmp";
  std::ofstream file(temporary, std::ios::binary);
  file << text;
  file.close();
  std::error_code error;
  if (file) fs::rename(temporary, path, error);
  if (!file || error) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw Error(ErrorCode::io, path + ": cannot be written");
  }
}

std::string json_of(const std::string& picture, const Tagger& tagger,
                    const std::vector<Tagger::Score>& scores, bool synonyms) {
  return "{\"picture\": " + json_string(picture) + ", \"tags\": " +
         json_list(scores.size(),
                   [&](size_t i) {
                     const Tag& tag = tagger.tags()[scores[i].tag];
                     const auto synonym = [&](size_t s) { return json_string(tag.synonyms[s]); };
                     return "{\"tag\": " + json_string(tag.name) + ", \"z\": " + json_number(scores[i].z) +
                            ", \"cosine\": " + json_number(scores[i].cosine) +
                            (synonyms ? ", \"synonyms\": " + json_list(tag.synonyms.size(), synonym)
                                      : std::string()) +
                            "}";
                   }) +
         "}";
}

std::string sidecar_text(const Given& given, const std::string& picture, const Tagger& tagger,
                         const std::vector<Tagger::Score>& scores) {
  if (given.sidecars == "json") return json_of(picture, tagger, scores, given.synonyms) + '\n';
  std::vector<std::string> names;
  for (const Tagger::Score& score : scores) {
    names.push_back(tagger.tags()[score.tag].name);
    if (given.synonyms)
      names.insert(names.end(), tagger.tags()[score.tag].synonyms.begin(),
                   tagger.tags()[score.tag].synonyms.end());
  }
  if (given.sidecars == "xmp") return xmp_sidecar(names);
  return listed(names.size(), [&](size_t i) { return names[i]; }) + '\n';
}

std::vector<float> background_rows(const Given& given, const Model& model) {
  PictureArguments arguments = given.pictures;
  arguments.errors_file.clear();
  arguments.strict = false;
  arguments.paths = {given.background.empty() ? builtin_background_folder() : given.background};
  PictureList list(arguments);
  list.others = 0;
  std::vector<float> rows;
  list.embed(model, true,
             [&](size_t, std::span<const float> row) { rows.insert(rows.end(), row.begin(), row.end()); });
  if (rows.size() < 8 * model.embed_dim()) {
    throw Error(ErrorCode::not_found,
                "--background " + arguments.paths[0] + ": holds " +
                    std::to_string(rows.size() / model.embed_dim()) +
                    " pictures, expected at least 8 and better hundreds, against which words are measured");
  }
  return rows;
}

Tagger make_tagger(const Given& given, const Model& model) {
  std::vector<Tag> tags = given.vocabulary.empty() ? builtin_tags() : read_tags(given.vocabulary);
  const std::vector<float> background = background_rows(given, model);
  Progress progress("texts", tags.size());
  TaggerOptions options;
  options.threshold = given.threshold;
  options.most = given.most;
  options.merge = given.merge;
  options.merge_words = !given.alike;
  options.cache = given.cache.options();
  if (!given.prompt.empty()) options.prompt = given.prompt;
  options.progress = [&](size_t done, size_t) { progress.update(done); };
  return Tagger(model, std::move(tags), background, options);
}

}  // namespace

void tag_command(std::vector<std::string> words) {
  const Given given = parse(std::move(words));
  PictureList list(given.pictures);
  size_t kept = 0;
  if (given.sidecars != "none") {
    std::vector<char> wanted(list.pictures.size(), 1);
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (!must_keep(given, sidecar_of(list.pictures.name(i), given.sidecars))) continue;
      wanted[i] = 0;
      ++kept;
    }
    list.pictures.keep_only(wanted);
    if (kept > 0) message(std::to_string(kept) + " pictures have their sidecar and are passed over");
  }
  PictureReport report(given.json);
  if (list.pictures.size() > 0) {
    const Model model = given.model.open();
    const Tagger tagger = make_tagger(given, model);
    list.embed(model, true, [&](size_t file, std::span<const float> row) {
      const std::string picture = list.pictures.name(file);
      const std::vector<Tagger::Score> scores = tagger.tag(row);
      if (given.sidecars != "none")
        write_sidecar(sidecar_of(picture, given.sidecars), sidecar_text(given, picture, tagger, scores));
      const auto tag = [&](size_t i) {
        return shown(tagger.tags()[scores[i].tag].name) + " " + fixed(static_cast<double>(scores[i].z), 1);
      };
      report.add(given.json ? json_of(picture, tagger, scores, given.synonyms)
                            : shown(picture) + '\t' + listed(scores.size(), tag) + '\n');
    });
  }
  report.finish();
  list.report(report.count() + kept);
}

}  // namespace simdclip::tools
