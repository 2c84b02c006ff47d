// PictureArguments and PictureList: pictures and folders from the command line, embedded with a progress bar.
#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tools/common.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace simdclip::tools {
namespace {

constexpr size_t kShownBad = 20;

std::string count(size_t n, const std::string& one, const std::string& many) {
  return std::to_string(n) + " " + (n == 1 ? one : many);
}

}  // namespace

void PictureArguments::declare(Arguments& arguments) {
  arguments.list("PICTURE", paths, "PICTURE|FOLDER|ARCHIVE...",
                 "Pictures; folders that are searched for pictures (recursively, sorted bytewise by path); "
                 ".tar (webdataset) and .zip "
                 "archives; quoted patterns like 'photos/*.jpg'");
  arguments.text("--list", list, "FILE",
                 "More of these, one a line; - reads stdin. What cannot be read is left out and reported");
  arguments.choice("--exif", exif, {"on", "off"},
                   "Turn pictures upright as their EXIF orientation says (default: on, for photos; the "
                   "Python pipelines do not: "
                   "off gives their numbers)");
  arguments.flag("--fast-decode", fast_decode,
                 "Decode large JPEG pictures at a half, a quarter or an eighth of their size: faster, not "
                 "exact (docs/images.md)");
  arguments.flag("--skip-bad", skip_bad,
                 "Leave out pictures that cannot be read even where they were named, instead of stopping");
  arguments.flag("--strict", strict,
                 "Stop at a bad picture in a folder, too (default: those are reported and left out)");
  arguments.text("--errors", errors_file, "FILE",
                 "Write what was left out to FILE, one 'path <tab> reason' a line");
}

PictureList::PictureList(const PictureArguments& arguments) : arguments_(arguments) {
  if (arguments.skip_bad && arguments.strict) throw UsageError("--skip-bad and --strict exclude each other");
  for (const std::string& path : arguments.paths) add(path, true);
  if (!arguments.list.empty()) add_list(arguments.list);
}

void PictureList::add(const std::string& path, bool named) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::is_directory(status)) {
    add_folder(path);
  } else if (!std::filesystem::exists(status)) {
    if (named && path.find_first_of("*?[") != std::string::npos) return add_pattern(path);
    leave_out(path, Error(ErrorCode::not_found, path + ": no such picture or folder"), named);
  } else if (PictureSet::is_archive(path)) {
    try {
      others += pictures.add_archive(path);
    } catch (const Error& bad_archive) {
      leave_out(path, bad_archive, named);
    }
  } else {
    pictures.add_file(path, named);
  }
}

void PictureList::add_folder(const std::string& path) {
  const FolderPictures found = pictures.add_folder(path);
  for (const Error& unreadable : found.unreadable) leave_out(path, unreadable, false);
  others += found.others;
}

// A pattern that the shell was kept from expanding: a million paths do not fit on its command line.
void PictureList::add_pattern(const std::string& pattern) {
  glob_t found{};
  const int result = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + (result == 0 ? found.gl_pathc : 0));
  ::globfree(&found);
  if (paths.empty())
    return leave_out(
        pattern, Error(ErrorCode::not_found, pattern + ": no such picture or folder, and nothing matches it"),
        true);
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) add(path, false);
}

void PictureList::add_list(const std::string& path) {
  TextArguments lines;
  lines.file = path;
  lines.for_each(1024, [&](const std::vector<std::string>& some) {
    for (const std::string& line : some) {
      if (!line.empty()) add(line, false);
    }
  });
}

void PictureList::leave_out(const std::string& path, const Error& error, bool named) {
  if (named ? !arguments_.skip_bad : arguments_.strict) throw error;
  bad.push_back(path + '\t' + error.what());
  if (bad.size() <= kShownBad) message(std::string("left out: ") + error.what());
  if (bad.size() == kShownBad + 1) message("left out: more; --errors FILE lists all");
}

void PictureList::embed(const Model& model, bool normalize,
                        const std::function<void(size_t picture, std::span<const float> row)>& row,
                        size_t first, size_t last, const std::function<void(size_t picture)>& after) {
  last = std::min(last, pictures.size());
  Progress progress("pictures", last - std::min(first, last));
  EmbedFilesOptions options;
  options.apply_orientation = arguments_.exif == "on";
  options.fast_decode = arguments_.fast_decode;
  options.normalize = normalize;
  options.on_bad = [&](size_t picture, const Error& error) {
    leave_out(pictures.name(picture), error, pictures.named(picture));
    if (after) after(picture);
  };
  embed_pictures(
      model, pictures, first, last,
      [&](size_t picture, std::span<const float> vector) {
        row(picture, vector);
        if (after) after(picture);
        progress.update(picture + 1 - first);
      },
      options);
}

void PictureList::report(size_t embedded) const {
  if (others > 0)
    message(count(others, "file that is no picture", "files that are no pictures") + " passed over");
  if (!bad.empty()) message(count(bad.size(), "bad picture", "bad pictures") + " left out");
  if (!arguments_.errors_file.empty()) {
    std::ofstream file(arguments_.errors_file, std::ios::binary);
    for (const std::string& line : bad) {
      const size_t tab = line.rfind('\t', line.size());
      file << shown(line.substr(0, tab)) << '\t' << shown(line.substr(tab + 1)) << '\n';
    }
    file.close();
    if (!file) throw Error(ErrorCode::io, arguments_.errors_file + ": cannot be written");
  }
  if (embedded == 0)
    throw Error(ErrorCode::not_found,
                "no picture could be embedded: " + count(pictures.size(), "picture", "pictures") + " found");
}

}  // namespace simdclip::tools
