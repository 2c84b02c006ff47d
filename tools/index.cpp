#include <memory>

#include "tools/common.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace simdclip::tools {
namespace {

constexpr size_t kShownBad = 20;

std::string as_json(const std::string& index, const IndexReport& r) {
  const auto field = [](const char* name, size_t value) {
    return std::string(", \"") + name + "\": " + std::to_string(value);
  };
  return "{\"index\": " + json_string(index) + field("pictures", r.pictures) + field("files", r.files) +
         field("unchanged", r.unchanged) + field("added", r.added) + field("changed", r.changed) +
         field("known_content", r.known) + field("moved", r.moved) + field("removed", r.removed) +
         field("bad", r.bad) + field("passed_over", r.others) + field("unreadable", r.unreadable.size()) +
         "}\n";
}

std::string as_text(const std::string& index, const IndexReport& r) {
  std::string parts;
  const auto part = [&](size_t n, const char* what) {
    if (n > 0) parts += (parts.empty() ? "" : ", ") + std::to_string(n) + " " + what;
  };
  part(r.added, "new");
  part(r.changed, "changed");
  part(r.moved, "moved");
  part(r.known - std::min(r.known, r.moved), "of known content");
  part(r.removed, "removed");
  part(r.bad, "bad");
  return shown(index) + ": " + std::to_string(r.pictures) + (r.pictures == 1 ? " picture" : " pictures") +
         " (" + (parts.empty() ? "nothing new" : parts) + ")\n";
}

}  // namespace

void index_command(std::vector<std::string> given) {
  ModelArguments model_arguments;
  std::string folder, output, exif = "on", rows = "f16";
  IndexOptions options;
  bool json = false;
  Arguments arguments("index",
                      "Index the pictures of a folder, or bring its index up to date: only what is new is "
                      "embedded. One SQLite file,\n"
                      "FOLDER/.simdclip-index unless -o names another place. May be stopped at any time; the "
                      "same command goes on.",
                      "  simdclip index ~/Pictures\n"
                      "  simdclip search ~/Pictures \"a dog on the beach\"\n"
                      "  simdclip index -m b32.sclip /mnt/photos -o photos.index\n");
  arguments.text("FOLDER", folder, "FOLDER", "The folder with the pictures, searched recursively");
  arguments.text("-o,--output", output, "INDEX", "The index file (default: FOLDER/.simdclip-index)");
  arguments.choice("--rows", rows, {"f32", "f16", "int8"},
                   "How vectors are stored (default: f16; 1 KB a picture at 512 values)");
  arguments.choice("--exif", exif, {"on", "off"},
                   "Turn pictures upright as their EXIF orientation says (default: on)");
  arguments.flag("--fast-decode", options.fast_decode,
                 "Decode large JPEG pictures at a reduced size: faster, not exact (docs/images.md)");
  arguments.flag("--rebuild", options.rebuild,
                 "Forget what is there and begin again: for another model or other options");
  arguments.flag("--forget-missing", options.forget_missing,
                 "Accept that the folder is empty now (default: an error, a drive may be missing)");
  model_arguments.declare(arguments);
  arguments.flag("--json", json, "Print one JSON document");
  arguments.parse(std::move(given));
  if (folder.empty()) throw UsageError("no folder; see simdclip index --help");
  const std::string index = output.empty() ? collection_path(folder) : output;
  if (output.empty() && index == folder) throw Error(ErrorCode::not_found, folder + ": no such folder");

  const Model model = model_arguments.open();
  options.type = parse_row_type(rows);
  options.apply_orientation = exif == "on";
  std::unique_ptr<Progress> progress;
  size_t bad = 0;
  options.on_progress = [&](size_t done, size_t total) {
    if (progress == nullptr) progress = std::make_unique<Progress>("pictures", total);
    progress->update(done);
  };
  options.on_bad = [&](const std::string&, const Error& error) {
    if (++bad <= kShownBad) message(std::string("left out: ") + error.what());
    if (bad == kShownBad + 1) message("left out: more; they are in the index's table 'files'");
  };
  const IndexReport report = update_collection(model, folder, index, options);
  progress.reset();
  for (size_t i = 0; i < report.unreadable.size() && i < kShownBad; ++i)
    message(std::string("passed over: ") + report.unreadable[i].what());
  print(json ? as_json(index, report) : as_text(index, report));
}

}  // namespace simdclip::tools
