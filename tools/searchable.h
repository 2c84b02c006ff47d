// What search, dups and cluster look at: an index of a folder, or a .npy file with its .tsv.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "simdclip/simdclip.h"
#include "tools/arguments.h"

namespace simdclip::tools {

struct Searchable {
  Vectors vectors{1, RowType::f32};
  struct Picture {
    std::string path;
    int64_t modified_ns = 0;
    size_t row = 0;
  };
  std::vector<Picture> pictures;           // ascending by path (index) or row (.npy)
  std::optional<CollectionInfo> info;      // of an index
  // Pictures of a row: several, where files have equal content.
  std::span<const size_t> pictures_of(size_t row) const { return std::span(by_row).subspan(first[row], first[row + 1] - first[row]); }
  std::vector<size_t> first, by_row;       // pictures in the order of their rows; where each row's begin

  // where: a folder that has an index, an index, or a .npy file. Errors: not_found, damaged, io, unsupported.
  static Searchable open(const std::string& where);
  // Error unsupported where the vectors are of another model.
  void expect_model(const Model& model) const;
};

// The graph of a .npy file where none is named: the same name with the ending .graph.
std::string graph_beside(const std::string& npy);

// --in FOLDER..., --after DATE, --before DATE.
struct FilterArguments {
  std::vector<std::string> folders;
  std::string after, before;

  void declare(Arguments& arguments);
  // Whether each picture passes; empty where there is no filter. Throws UsageError for a date that is none.
  std::vector<char> passing(const Searchable& searchable) const;
};

// --json, --paths, -0, --html: how pictures are shown.
struct ShowArguments {
  bool json = false, paths = false, zero = false;
  std::string html;

  void declare(Arguments& arguments);
  // Prints paths alone, each behind a newline or NUL. False where that was not asked for.
  bool print_paths(const std::vector<std::string>& list) const;
  void write_sheet(const std::string& title, const std::vector<SheetSection>& sections, const Searchable& searchable) const;
};

}  // namespace simdclip::tools
