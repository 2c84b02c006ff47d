#include <algorithm>
#include <optional>

#include "tools/common.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace simdclip::tools {
namespace {

struct Given {
  ModelArguments model;
  PictureArguments pictures;
  CacheArguments cache;
  std::string lists, caption, captions_file, mode = "best";
  unsigned min_flavors = 8, max_flavors = 32, intermediate = 2048, chunk = 2048;
  bool json = false;
};

Given parse(std::vector<std::string> words) {
  Given given;
  Arguments arguments("interrogate",
                      "Turn a picture into a prompt, as CLIP Interrogator does: best chains flavours while "
                      "the similarity grows, fast adds the best\n"
                      "entries of all lists, classic writes caption, medium, artist, site, movement and "
                      "flavours, negative says what it is not.\n"
                      "Its lists come with the Python package clip-interrogator (clip_interrogator/data); "
                      "without --lists a small free list is used.\n"
                      "The caption is yours (--caption) or the nearest of a list; without one it is \"a "
                      "photo of a ...\" with the nearest word for a thing.",
                      "  simdclip interrogate assets/demo/tree.png --caption \"a tree\" --mode fast\n"
                      "  simdclip interrogate -m l14.sclip cat.jpg --lists clip-interrogator/data --caption "
                      "\"a cat on a sofa\"\n"
                      "  simdclip interrogate -m l14.sclip photos --lists clip-interrogator/data --captions "
                      "captions.txt --mode classic --json\n");
  given.pictures.declare(arguments);
  arguments.choice("--mode", given.mode, {"best", "fast", "classic", "negative"},
                   "How the prompt is made (default: best)");
  arguments.text("--caption", given.caption, "TEXT", "What the pictures show");
  arguments.text("--captions", given.captions_file, "FILE",
                 "Captions to choose the nearest from, one a line");
  arguments.text("--lists", given.lists, "FOLDER",
                 "Folder with artists.txt, flavors.txt, mediums.txt, movements.txt and negative.txt");
  arguments.number("--min-flavors", given.min_flavors, 0, 1000,
                   "best: flavours taken even where they do not help (default 8)");
  arguments.number("--max-flavors", given.max_flavors, 1, 1000, "Flavours at most (default 32)");
  arguments.number(
      "--candidates", given.intermediate, 1, 1U << 20U,
      "best, negative: flavours to choose from (default 2048, as the reference; 256 is eight times as fast)");
  arguments.number("--chunk", given.chunk, 1, 1U << 30U,
                   "Entries ranked at once (default 2048, as the reference)");
  given.cache.declare(arguments);
  given.model.declare(arguments);
  arguments.flag("--json", given.json, "Print one JSON document");
  arguments.parse(std::move(words));
  if (!given.pictures.given()) throw UsageError("no picture; see simdclip interrogate --help");
  if (!given.caption.empty() && !given.captions_file.empty())
    throw UsageError("--caption and --captions exclude each other");
  return given;
}

// A bar for each list that must be embedded.
class ListProgress {
 public:
  void update(const std::string& list, size_t done, size_t total) {
    if (list != list_) {
      bar_.reset();
      bar_.emplace("texts", total);
      list_ = list;
    }
    bar_->update(done);
    if (done == total) bar_.reset();
  }

 private:
  std::string list_;
  std::optional<Progress> bar_;
};

std::vector<std::string> captions_to_choose_from(const Given& given) {
  if (!given.captions_file.empty()) return read_list(given.captions_file, "captions");
  std::vector<std::string> captions;
  for (const Tag& tag : builtin_tags()) {
    if (!tag.thing) continue;
    const bool vowel = std::string("aeiou").find(tag.name[0]) != std::string::npos;
    captions.push_back(std::string("a photo of a") + (vowel ? "n " : " ") + tag.name);
  }
  return captions;
}

}  // namespace

void interrogate_command(std::vector<std::string> words) {
  const Given given = parse(std::move(words));
  InterrogatorLists lists =
      read_interrogator_lists(given.lists.empty() ? builtin_lists_folder() : given.lists);
  const Model model = given.model.open();
  ListProgress progress;
  const auto update = [&](const std::string& list, size_t done, size_t total) {
    progress.update(list, done, total);
  };
  const Interrogator interrogator(model, std::move(lists),
                                  {.chunk_size = given.chunk,
                                   .intermediate_count = given.intermediate,
                                   .min_flavors = given.min_flavors,
                                   .max_flavors = given.max_flavors,
                                   .cache = given.cache.options(),
                                   .progress = update});
  const bool needs_caption = given.mode != "negative";
  std::vector<std::string> captions;
  if (needs_caption && given.caption.empty()) captions = captions_to_choose_from(given);
  PictureList list(given.pictures);
  PictureReport report(given.json);
  list.embed(model, true, [&](size_t file, std::span<const float> row) {
    std::string caption = given.caption;
    if (!captions.empty()) {
      caption = nearest_captions(model, row, captions, given.cache.options(),
                                 [&](size_t some, size_t all) { update("captions", some, all); })[0];
    }
    const std::string prompt = given.mode == "best"      ? interrogator.best(row, caption)
                               : given.mode == "fast"    ? interrogator.fast(row, caption)
                               : given.mode == "classic" ? interrogator.classic(row, caption)
                                                         : interrogator.negative(row);
    const double similarity = interrogator.similarity(row, prompt);
    report.add(given.json ? "{\"picture\": " + json_string(list.pictures.name(file)) +
                                ", \"mode\": " + json_string(given.mode) +
                                (needs_caption ? ", \"caption\": " + json_string(caption) : std::string()) +
                                ", \"prompt\": " + json_string(prompt) +
                                ", \"similarity\": " + json_number(similarity) + "}"
                          : shown(list.pictures.name(file)) + "\t" + shown(prompt) + '\n');
  });
  report.finish();
  list.report(report.count());
}

}  // namespace simdclip::tools
