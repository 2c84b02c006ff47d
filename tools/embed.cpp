#include "tools/common.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace simdclip::tools {
namespace {

constexpr size_t kTextGroup = 4096;  // texts that may share beginnings

// Returns the number of rows.
size_t embed_text_lines(const Model& model, const TextArguments& texts, bool normalize, RowWriter& writer) {
  std::vector<float> rows;
  const size_t width = model.embed_dim();
  texts.for_each(kTextGroup, [&](const std::vector<std::string>& some) {
    rows.resize(some.size() * width);
    model.embed_texts(some, rows, normalize);
    for (size_t i = 0; i < some.size(); ++i) writer.append(std::span(rows).subspan(i * width, width), some[i]);
  });
  return writer.rows();
}

}  // namespace

void embed_command(std::vector<std::string> given) {
  ModelArguments model_arguments;
  PictureArguments pictures;
  TextArguments texts;
  std::string output;
  bool json = false, raw = false;
  Arguments arguments("embed",
                      "Turn pictures, folders of pictures, or texts into vectors: float32 [n, D] in the order given, of unit length.\n"
                      "OUT.tsv beside it names the source of each row. Files in folders that are no pictures are passed over and\n"
                      "counted. EXIF orientation is applied (--exif off: it is not, as in the Python pipelines).",
                      "  simdclip embed -m b32.sclip -o photos.npy ~/Pictures\n"
                      "  simdclip embed -m b32.sclip -o two.npy cat.jpg dog.png\n"
                      "  simdclip embed -m b32.sclip -o texts.npy --text \"a photo of a cat\" \"a photo of a dog\"\n"
                      "  simdclip embed -m b32.sclip -o captions.npy --text-file captions.txt\n");
  pictures.declare(arguments);
  texts.declare(arguments, "--text");
  arguments.text("-o,--output", output, "OUT.npy", "The file to write; it and OUT.tsv appear whole or not at all");
  arguments.flag("--no-normalize", raw, "Vectors as the tower gives them, not of unit length");
  model_arguments.declare(arguments);
  arguments.flag("--json", json, "Print one JSON document");
  arguments.parse(std::move(given));
  if (output.empty()) throw UsageError("no output; give -o OUT.npy");
  if (pictures.paths.empty() && !texts.given()) throw UsageError("nothing to embed; give pictures, folders, --text or --text-file");
  if (!pictures.paths.empty() && texts.given()) throw UsageError("pictures and texts in one run; embed them into two files");

  const Model model = model_arguments.open();
  RowWriter writer(output, model.embed_dim());
  size_t bad = 0, others = 0;
  if (texts.given()) {
    embed_text_lines(model, texts, !raw, writer);
  } else {
    PictureList list(pictures);
    list.embed(model, !raw, [&](size_t file, std::span<const float> row) { writer.append(row, list.files[file]); });
    list.report(writer.rows());
    bad = list.bad.size();
    others = list.others;
  }
  writer.commit();
  const std::string shape = "[" + std::to_string(writer.rows()) + ", " + std::to_string(model.embed_dim()) + "]";
  if (json) {
    print("{\"output\": " + json_string(output) + ", \"sources\": " + json_string(writer.names_path()) + ", \"shape\": " + shape +
          ", \"bad\": " + std::to_string(bad) + ", \"passed_over\": " + std::to_string(others) + "}\n");
  } else {
    print(shown(output) + ": float32 " + shape + ", sources in " + shown(writer.names_path()) + '\n');
  }
}

}  // namespace simdclip::tools
