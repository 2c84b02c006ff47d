#include <cstdio>

#include "tools/common.h"
#include "tools/output.h"

namespace simdclip::tools {
namespace {

constexpr size_t kFewPictures = 16;
constexpr size_t kTextGroup = 4096;  // texts that may share beginnings

// Returns the number of rows.
size_t embed_text_lines(const Model& model, const TextArguments& texts, bool normalize, RowWriter& writer) {
  std::vector<float> rows;
  const size_t width = model.embed_dim();
  texts.for_each(kTextGroup, [&](const std::vector<std::string>& some) {
    rows.resize(some.size() * width);
    model.embed_texts(some, rows, normalize);
    for (size_t i = 0; i < some.size(); ++i)
      writer.append(std::span(rows).subspan(i * width, width), some[i]);
  });
  return writer.rows();
}

// "3/8"
void parse_shard(const std::string& text, unsigned& shard, unsigned& shards) {
  if (text.empty()) return;
  int used = 0;
  if (std::sscanf(text.c_str(), "%u/%u%n", &shard, &shards, &used) != 2 ||
      used != static_cast<int>(text.size()) || shard < 1 || shard > shards || shards > 1'000'000) {
    throw UsageError("--shard: '" + text + "' is no part; write 1/4, 2/4, 3/4, 4/4");
  }
}

std::string hexadecimal(uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

// Everything that decides the rows: an unfinished run goes on only where all of it is the same.
std::string job_of(const Model& model, const PictureList& list, const PictureArguments& pictures,
                   const std::string& rows, bool raw, const std::string& shard) {
  return "model=" + hexadecimal(model.info().fingerprint) + " (" + model.info().name +
         ")\nlist of pictures=" + std::to_string(list.pictures.size()) + " pictures, " +
         hexadecimal(list.pictures.fingerprint()) + "\n--rows=" + rows +
         "\n--no-normalize=" + (raw ? "yes" : "no") + "\n--exif=" + pictures.exif +
         "\n--fast-decode=" + (pictures.fast_decode ? "yes" : "no") +
         "\nshard=" + (shard.empty() ? "1/1" : shard) + "\n";
}

struct Embedded {
  size_t rows = 0, bad = 0, others = 0;
  std::string names_path;
};

Embedded embed_picture_list(const Model& model, const PictureArguments& pictures, const std::string& output,
                            RowWriterOptions options, bool raw, const std::string& shard) {
  PictureList list(pictures);
  options.job = job_of(model, list, pictures, std::string(to_string(options.type)), raw, shard);
  const size_t n = list.pictures.size();
  const size_t first = options.shards == 0 ? 0 : n * (options.shard - 1) / options.shards;
  const size_t last = options.shards == 0 ? n : n * options.shard / options.shards;
  RowWriter writer(output, model.embed_dim(), options);
  size_t noted = list.bad.size();
  const size_t found_bad = noted;
  if (writer.resumed() > 0) {
    message("going on behind " + std::to_string(writer.resumed()) + " of " + std::to_string(last - first) +
            " pictures, done by an earlier run");
    list.bad.insert(list.bad.end(), writer.notes().begin(), writer.notes().end());
    noted = list.bad.size();
  }
  if (!writer.complete()) {
    list.embed(
        model, !raw,
        [&](size_t picture, std::span<const float> row) { writer.append(row, list.pictures.name(picture)); },
        first + writer.resumed(), last,
        [&](size_t picture) {
          for (; noted < list.bad.size(); ++noted) writer.note(list.bad[noted]);
          // A run of a few pictures leaves nothing behind when it fails: it is as quickly done again.
          if (picture + 1 - first >= kFewPictures) writer.checkpoint(picture + 1 - first);
        });
  }
  if (options.shards == 0 || n == found_bad) list.report(writer.rows());
  writer.commit();
  return {writer.rows(), list.bad.size(), list.others, writer.names_path()};
}

Embedded embed_texts(const Model& model, const TextArguments& texts, const std::string& output,
                     const RowWriterOptions& options, bool raw) {
  RowWriter writer(output, model.embed_dim(), options);
  embed_text_lines(model, texts, !raw, writer);
  writer.commit();
  return {writer.rows(), 0, 0, writer.names_path()};
}

}  // namespace

void embed_command(std::vector<std::string> given) {
  ModelArguments model_arguments;
  PictureArguments pictures;
  TextArguments texts;
  std::string output, rows = "f32", shard;
  RowWriterOptions options;
  bool json = false, raw = false;
  Arguments arguments(
      "embed",
      "Turn pictures, folders of pictures, archives, or texts into vectors: rows [n, D] in the order given, "
      "of unit length.\n"
      "OUT.tsv beside it names the source of each row. Files in folders that are no pictures are passed over "
      "and\n"
      "counted. EXIF orientation is applied (--exif off: it is not, as in the Python pipelines). A run that "
      "was stopped,\n"
      "even by kill -9, loses seconds: the same command goes on, to the same result byte for byte.",
      "  simdclip embed -m b32.sclip -o photos.npy ~/Pictures\n"
      "  simdclip embed -m b32.sclip -o two.npy cat.jpg dog.png\n"
      "  simdclip embed -m b32.sclip -o shop.npy --rows f16 shards/*.tar --shard 1/4\n"
      "  find /data -name '*.jpg' | simdclip embed -o found.npy --list - --errors bad.txt\n"
      "  simdclip embed -m b32.sclip -o texts.npy --text \"a photo of a cat\" \"a photo of a dog\"\n"
      "  simdclip embed -m b32.sclip -o captions.npy --text-file captions.txt\n");
  pictures.declare(arguments);
  texts.declare(arguments, "--text");
  arguments.text("-o,--output", output, "OUT.npy",
                 "The file to write; it and OUT.tsv appear whole or not at all");
  arguments.choice("--rows", rows, {"f32", "f16", "int8"},
                   "Type of the values (default: f32); int8 keeps directions only");
  arguments.text("--shard", shard, "I/N", "Embed part I of N of the list; `simdclip merge` joins the parts");
  arguments.number("--checkpoint", options.checkpoint_seconds, 0.001, 3600,
                   "Seconds of work that a killed run loses at most (default 3)");
  arguments.flag("--restart", options.restart, "Forget an unfinished run of another list, model or options");
  arguments.flag("--no-normalize", raw, "Vectors as the tower gives them, not of unit length");
  model_arguments.declare(arguments);
  arguments.flag("--json", json, "Print one JSON document");
  arguments.parse(std::move(given));
  if (output.empty()) throw UsageError("no output; give -o OUT.npy");
  if (!pictures.given() && !texts.given())
    throw UsageError("nothing to embed; give pictures, folders, --list, --text or --text-file");
  if (pictures.given() && texts.given())
    throw UsageError("pictures and texts in one run; embed them into two files");
  options.type = parse_row_type(rows);
  if (raw && options.type == RowType::int8)
    throw UsageError("--rows int8 keeps directions only: it does not go with --no-normalize");
  parse_shard(shard, options.shard, options.shards);
  if (texts.given() && options.shards > 0) throw UsageError("--shard is for pictures");

  const Model model = model_arguments.open();
  const Embedded done = texts.given() ? embed_texts(model, texts, output, options, raw)
                                      : embed_picture_list(model, pictures, output, options, raw, shard);
  const std::string shape = "[" + std::to_string(done.rows) + ", " + std::to_string(model.embed_dim()) + "]";
  if (json) {
    print("{\"output\": " + json_string(output) + ", \"sources\": " + json_string(done.names_path) +
          ", \"shape\": " + shape + ", \"bad\": " + std::to_string(done.bad) +
          ", \"passed_over\": " + std::to_string(done.others) + "}\n");
  } else {
    const char* type = options.type == RowType::f32   ? "float32 "
                       : options.type == RowType::f16 ? "float16 "
                                                      : "int8 ";
    print(shown(output) + ": " + type + shape + ", sources in " + shown(done.names_path) + '\n');
  }
}

}  // namespace simdclip::tools
