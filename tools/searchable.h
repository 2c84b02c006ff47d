// What search, dups and cluster look at: an index of a folder, or a .npy file with its .tsv.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simdclip/simdclip.h"
#include "tools/arguments.h"

namespace simdclip::tools {

class Searchable {
 public:
  // where: a folder that has an index, an index, or a .npy file. Errors: not_found, damaged, io, unsupported.
  static Searchable open(const std::string& where);
  // Error unsupported where the vectors are of another model.
  void expect_model(const Model& model) const;

  Vectors vectors{1, RowType::f32};
  std::optional<CollectionInfo> info;  // of an index

  // Pictures, ascending by path (index) or row (.npy: picture and row are one).
  size_t size() const { return names_ ? names_->size() : files_.size(); }
  std::string path(size_t picture) const { return names_ ? names_->name(picture) : files_[picture].path; }
  size_t row(size_t picture) const { return names_ ? picture : files_[picture].row; }
  int64_t modified_ns(size_t picture) const { return names_ ? 0 : files_[picture].modified_ns; }
  // Several, where files have equal content.
  std::vector<size_t> pictures_of(size_t row) const;

 private:
  struct File {
    std::string path;
    int64_t modified_ns = 0;
    size_t row = 0;
  };
  static Searchable from_npy(const std::string& path);
  static Searchable from_index(const std::string& where);

  std::optional<RowNames> names_;       // of a .npy file
  std::vector<File> files_;             // of an index
  std::vector<size_t> first_, by_row_;  // files in the order of their rows; where each row's begin
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
  void write_sheet(const std::string& title, const std::vector<SheetSection>& sections,
                   const Searchable& searchable) const;
};

}  // namespace simdclip::tools
