#include "tools/searchable.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <numeric>

#include "tools/output.h"
#include "tools/progress.h"

namespace simdclip::tools {
namespace {

// Local midnight of YYYY-MM-DD, or a time behind it: YYYY-MM-DDTHH:MM.
int64_t parse_date(const std::string& text, const char* option) {
  std::tm when{};
  int used = 0;
  const bool long_form = std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d%n", &when.tm_year, &when.tm_mon,
                                     &when.tm_mday, &when.tm_hour, &when.tm_min, &used) == 5;
  if (!long_form) {
    when = {};
    used = 0;
    if (std::sscanf(text.c_str(), "%4d-%2d-%2d%n", &when.tm_year, &when.tm_mon, &when.tm_mday, &used) != 3)
      used = -1;
  }
  if (used != static_cast<int>(text.size()) || when.tm_mon < 1 || when.tm_mon > 12 || when.tm_mday < 1 ||
      when.tm_mday > 31) {
    throw UsageError(std::string(option) + ": '" + text +
                     "' is no date; write it as 2024-12-31 or 2024-12-31T18:30");
  }
  when.tm_year -= 1900;
  when.tm_mon -= 1;
  when.tm_isdst = -1;
  return static_cast<int64_t>(std::mktime(&when)) * 1'000'000'000;
}

}  // namespace

Searchable Searchable::from_npy(const std::string& path) {
  Searchable out;
  out.vectors = Vectors::open(path);
  out.names_ = RowNames(path);
  if (out.size() != out.vectors.size()) {
    throw Error(ErrorCode::shape_mismatch, path + ": has " + std::to_string(out.vectors.size()) +
                                               " rows, its list of sources " + std::to_string(out.size()) +
                                               "; embed the pictures again");
  }
  return out;
}

Searchable Searchable::from_index(const std::string& where) {
  const std::string path = collection_path(where);
  Collection collection = load_collection(path);
  Searchable out;
  // Paths begin with the folder as it was typed.
  const std::string folder = path == where ? collection.info.folder : where;
  const std::string prefix = folder == "." ? "" : folder + (folder.ends_with('/') ? "" : "/");
  for (CollectionFile& file : collection.files)
    out.files_.push_back({prefix + file.name, file.modified_ns, file.row});
  out.vectors = std::move(collection.vectors);
  out.info = std::move(collection.info);
  out.first_.resize(out.vectors.size() + 1);
  for (const File& file : out.files_) ++out.first_[file.row + 1];
  std::partial_sum(out.first_.begin(), out.first_.end(), out.first_.begin());
  out.by_row_.resize(out.files_.size());
  std::vector<size_t> next = out.first_;
  for (size_t i = 0; i < out.files_.size(); ++i) out.by_row_[next[out.files_[i].row]++] = i;
  return out;
}

Searchable Searchable::open(const std::string& where) {
  return where.ends_with(".npy") ? from_npy(where) : from_index(where);
}

std::vector<size_t> Searchable::pictures_of(size_t row) const {
  if (names_) return {row};
  return {by_row_.begin() + static_cast<std::ptrdiff_t>(first_[row]),
          by_row_.begin() + static_cast<std::ptrdiff_t>(first_[row + 1])};
}

std::string graph_beside(const std::string& npy) {
  return npy.substr(0, npy.size() - (npy.ends_with(".npy") ? 4 : 0)) + ".graph";
}

void Searchable::expect_model(const Model& model) const {
  if (info && info->model != model.info().fingerprint) {
    throw Error(ErrorCode::unsupported,
                info->path + ": holds vectors of the model " + info->model_name + ", and this is " +
                    model.info().name + " (" + model.info().path +
                    "); vectors of different models cannot be compared: name that model with -m");
  }
  if (model.embed_dim() != vectors.width()) {
    throw Error(ErrorCode::shape_mismatch, "the vectors have " + std::to_string(vectors.width()) +
                                               " values, the model " + model.info().path + " gives " +
                                               std::to_string(model.embed_dim()) +
                                               "; name the model that made them with -m");
  }
}

void FilterArguments::declare(Arguments& arguments) {
  arguments.list(
      "--in", folders, "FOLDER...",
      "Only pictures whose path begins with one of these, as paths are shown or within the folder");
  arguments.text("--after", after, "DATE",
                 "Only files changed at or after DATE: 2024-12-31 or 2024-12-31T18:30");
  arguments.text("--before", before, "DATE", "Only files changed before DATE");
}

std::vector<char> FilterArguments::passing(const Searchable& searchable) const {
  if (folders.empty() && after.empty() && before.empty()) return {};
  if (!searchable.info && !(after.empty() && before.empty())) {
    throw UsageError(
        "--after and --before need an index: a .npy file does not know when its pictures changed");
  }
  const int64_t begin = after.empty() ? INT64_MIN : parse_date(after, "--after");
  const int64_t end = before.empty() ? INT64_MAX : parse_date(before, "--before");
  const auto lies_in = [](const std::string& path, std::string folder) {
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    return path.starts_with(folder) &&
           (path.size() == folder.size() || path[folder.size()] == '/' || folder == "/");
  };
  std::vector<char> out;
  for (size_t i = 0; i < searchable.size(); ++i) {
    const std::string path = searchable.path(i);
    bool inside = folders.empty();
    for (const std::string& folder : folders) {
      inside = inside || lies_in(path, folder);
      if (searchable.info) {
        const std::string& root = searchable.info->folder;
        inside =
            inside || lies_in(path.starts_with(root + "/") ? path.substr(root.size() + 1) : path, folder);
      }
    }
    const int64_t modified = searchable.modified_ns(i);
    out.push_back(inside && modified >= begin && modified < end ? 1 : 0);
  }
  return out;
}

void ShowArguments::declare(Arguments& arguments) {
  arguments.flag("--json", json, "Print one JSON document");
  arguments.flag("--paths", paths, "Print paths alone, one a line, for pipes");
  arguments.flag("-0,--null", zero,
                 "Print paths alone, each behind a NUL byte: for xargs -0, whatever the names hold");
  arguments.text("--html", html, "FILE",
                 "Also write a contact sheet: one HTML file with thumbnails and scores");
}

bool ShowArguments::print_paths(const std::vector<std::string>& list) const {
  if (!paths && !zero) return false;
  std::string out;
  for (const std::string& path : list) {
    out += path;
    out += zero ? '\0' : '\n';
  }
  print(out);
  return true;
}

void ShowArguments::write_sheet(const std::string& title, const std::vector<SheetSection>& sections,
                                const Searchable& searchable) const {
  if (html.empty()) return;
  size_t total = 0;
  for (const SheetSection& section : sections) total += section.pictures.size();
  Progress progress("thumbnails", total);
  SheetOptions options;
  options.apply_orientation = !searchable.info || searchable.info->apply_orientation;
  options.on_progress = [&](size_t done, size_t) { progress.update(done); };
  write_contact_sheet(html, title, sections, options);
  Progress::clear_line();
  message("contact sheet: " + shown(html));
}

}  // namespace simdclip::tools
