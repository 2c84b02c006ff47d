// PictureArguments and PictureList: pictures and folders from the command line, embedded with a progress bar.
#include <filesystem>
#include <fstream>

#include "tools/common.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace simdclip::tools {
namespace {

constexpr size_t kShownBad = 20;

std::string count(size_t n, const std::string& one, const std::string& many) { return std::to_string(n) + " " + (n == 1 ? one : many); }

}  // namespace

void PictureArguments::declare(Arguments& arguments) {
  arguments.list("PICTURE", paths, "PICTURE|FOLDER...",
                 "Pictures, and folders that are searched for pictures (recursively, sorted bytewise by path)");
  arguments.choice("--exif", exif, {"on", "off"},
                   "Turn pictures upright as their EXIF orientation says (default: on, for photos; the Python pipelines do not: "
                   "off gives their numbers)");
  arguments.flag("--fast-decode", fast_decode,
                 "Decode large JPEG pictures at a half, a quarter or an eighth of their size: faster, not exact (docs/images.md)");
  arguments.flag("--skip-bad", skip_bad, "Leave out pictures that cannot be read even where they were named, instead of stopping");
  arguments.flag("--strict", strict, "Stop at a bad picture in a folder, too (default: those are reported and left out)");
  arguments.text("--errors", errors_file, "FILE", "Write what was left out to FILE, one 'path <tab> reason' a line");
}

PictureList::PictureList(const PictureArguments& arguments) : arguments_(arguments) {
  if (arguments.skip_bad && arguments.strict) throw UsageError("--skip-bad and --strict exclude each other");
  for (const std::string& path : arguments.paths) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (std::filesystem::is_directory(status)) {
      FolderPictures found = find_pictures(path);
      for (const Error& unreadable : found.unreadable) leave_out(path, unreadable, true);
      from_folder.resize(from_folder.size() + found.pictures.size(), 1);
      files.insert(files.end(), std::make_move_iterator(found.pictures.begin()), std::make_move_iterator(found.pictures.end()));
      others += found.others;
    } else if (!std::filesystem::exists(status)) {
      leave_out(path, Error(ErrorCode::not_found, path + ": no such picture or folder"), false);
    } else {
      files.push_back(path);
      from_folder.push_back(0);
    }
  }
}

void PictureList::leave_out(const std::string& path, const Error& error, bool in_folder) {
  if (in_folder ? arguments_.strict : !arguments_.skip_bad) throw error;
  bad.push_back(path + '\t' + error.what());
  if (bad.size() <= kShownBad) message(std::string("left out: ") + error.what());
  if (bad.size() == kShownBad + 1) message("left out: more; --errors FILE lists all");
}

void PictureList::embed(const Model& model, bool normalize, const std::function<void(size_t file, std::span<const float> row)>& row) {
  Progress progress("pictures", files.size());
  EmbedFilesOptions options;
  options.apply_orientation = arguments_.exif == "on";
  options.fast_decode = arguments_.fast_decode;
  options.normalize = normalize;
  options.on_bad = [&](size_t file, const Error& error) { leave_out(files[file], error, from_folder[file] != 0); };
  embed_files(
      model, files,
      [&](size_t file, std::span<const float> vector) {
        row(file, vector);
        progress.update(file + 1);
      },
      options);
}

void PictureList::report(size_t embedded) const {
  if (others > 0) message(count(others, "file that is no picture", "files that are no pictures") + " passed over");
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
  if (embedded == 0) throw Error(ErrorCode::not_found, "no picture could be embedded: " + count(files.size(), "picture", "pictures") + " found");
}

}  // namespace simdclip::tools
