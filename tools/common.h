// What the commands share: options, inputs, the model.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "simdclip/simdclip.h"
#include "tools/arguments.h"

namespace simdclip::tools {

// The commands: each takes the arguments after its name, prints, and throws Error (exit status 1) or
// UsageError (2).
using Command = void(std::vector<std::string> arguments);
Command convert_command, info_command, tokenize_command, preprocess_command, embed_command, rank_command,
    bench_command, accuracy_command, classify_command, compare_command, condition_command,
    interrogate_command, score_command, tag_command, index_command, search_command, dups_command,
    cluster_command, merge_command, graph_command;

// -m, --threads, --isa.
struct ModelArguments {
  std::string model, isa;
  unsigned threads = 0;

  void declare(Arguments& arguments);
  Model open() const;
};

// Texts given as arguments and as lines of a file.
struct TextArguments {
  std::vector<std::string> texts;
  std::string file;

  // names: "--text" or a positional.
  void declare(Arguments& arguments, const std::string& names);
  bool given() const { return !texts.empty() || !file.empty(); }
  // Hands over groups of at most `group` texts in order: the arguments first, then the file's lines, read as
  // they are needed.
  void for_each(size_t group, const std::function<void(const std::vector<std::string>&)>& take) const;
  std::vector<std::string> all() const;
};

// Pictures, folders of pictures, archives and lists.
struct PictureArguments {
  std::vector<std::string> paths;
  std::string list, exif = "on", errors_file;
  bool skip_bad = false, fast_decode = false, strict = false;

  void declare(Arguments& arguments);
  bool given() const { return !paths.empty() || !list.empty(); }
};

// What the commands that hold texts against pictures take.
struct MatchArguments {
  ModelArguments model;
  PictureArguments pictures;
  TextArguments texts;
  bool json = false;

  // json_help: how the document is ordered, ", texts in the order given".
  void declare(Arguments& arguments, const std::string& json_help = "");
  // UsageError where pictures or texts are missing; text: what one of these is called, "prompt".
  void expect_both(const std::string& command, const std::string& text) const;
};

// --cache: embeddings of texts kept from one run to the next.
struct CacheArguments {
  std::string folder;

  void declare(Arguments& arguments);
  CacheOptions options() const;
};

// The lines of a file, or the strings of its JSON array; without the empty ones. Error where there are none.
std::vector<std::string> read_list(const std::string& path, const std::string& what);
// Lines split at tabs or, where the first line has no tab, at commas ("..." quotes as in CSV).
std::vector<std::vector<std::string>> read_table(const std::string& path);

// The list behind PictureArguments, in order.
struct PictureList {
  PictureSet pictures;
  std::vector<std::string> bad;  // "path <tab> reason" of what is left out
  size_t others = 0;             // files in folders and archives that are no pictures

  // Throws Error for what is missing or unreadable, unless it may be left out.
  explicit PictureList(const PictureArguments& arguments);
  // Embeds pictures [first, last) and hands over each row; leaves bad pictures out where they may be.
  // `after`, where there is one, is called with each picture that is done, good or bad.
  void embed(const Model& model, bool normalize,
             const std::function<void(size_t picture, std::span<const float> row)>& row, size_t first = 0,
             size_t last = PictureSet::npos, const std::function<void(size_t picture)>& after = {});
  // Says on stderr what was left out, and writes it to --errors FILE. Error where nothing is left.
  void report(size_t embedded) const;

 private:
  void add(const std::string& path, bool named);
  void add_folder(const std::string& path);
  void add_pattern(const std::string& pattern);
  void add_list(const std::string& path);
  void leave_out(const std::string& path, const Error& error, bool named);
  const PictureArguments& arguments_;
};

// "1.2 MB" with powers of ten.
std::string human_bytes(double bytes);

}  // namespace simdclip::tools
