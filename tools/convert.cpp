#include <algorithm>
#include <charconv>
#include <filesystem>

#include "tools/common.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace simdclip::tools {
namespace {

// "0.48,0.46,0.41"; empty where the option was not given.
std::vector<float> three_numbers(const std::string& text, const std::string& option) {
  std::vector<float> out;
  for (size_t at = 0; !text.empty() && at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    float value = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, value);
    if (error != std::errc() || stop != text.data() + end)
      throw UsageError(option + " takes three numbers R,G,B, found '" + text + "'");
    out.push_back(value);
    at = end + 1;
  }
  if (!text.empty() && out.size() != 3)
    throw UsageError(option + " takes three numbers R,G,B, found '" + text + "'");
  return out;
}

// "384" or "384x256" (height x width).
void parse_image_size(const std::string& text, ConvertOptions& options) {
  if (text.empty()) return;
  const size_t cross = std::min(text.find('x'), text.size());
  const auto side = [&](size_t begin, size_t end) {
    uint32_t value = 0;
    const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, value);
    if (error != std::errc() || stop != text.data() + end || value == 0) {
      throw UsageError("--image-size takes N or HEIGHTxWIDTH in pixels, found '" + text + "'");
    }
    return value;
  };
  options.image_height = options.image_width = side(0, cross);
  if (cross < text.size()) options.image_width = side(cross + 1, text.size());
}

}  // namespace

void convert_command(std::vector<std::string> given) {
  std::vector<std::string> sources;
  std::string output, mean, std_deviation, calibrate, calibrate_texts, image_size;
  ConvertOptions options;
  bool json = false, as_it_stands = false;
  Arguments arguments(
      "convert",
      "Turn a checkpoint into a .sclip model file. SOURCE is a folder as downloaded (configuration, weights "
      "and\n"
      "tokenizer of open_clip or transformers) or one file (OpenAI's .pt, safetensors, a training "
      "checkpoint).",
      "  simdclip convert CLIP-ViT-B-32-laion2B-s34B-b79K -o b32.sclip\n"
      "  simdclip convert clip-vit-base-patch32 -o b32.sclip --precision bf16\n"
      "  simdclip convert clip-vit-base-patch32 -o b32.sclip --precision int8 --calibrate ~/Pictures\n"
      "  simdclip convert open_clip_pytorch_model.bin --arch ViT-B-32 -o b32.sclip\n");
  arguments.list("SOURCE", sources, "SOURCE", "A folder or a checkpoint file");
  arguments.text("-o,--output", output, "OUT.sclip",
                 "The model file to write; it appears whole or not at all");
  arguments.choice("--precision", options.precision, {"f32", "bf16", "int8"},
                   "Of the weights (default: f32)");
  arguments.text("--calibrate", calibrate, "FOLDER",
                 "int8: show pictures of FOLDER to the f32 model, even out its channels by what they do, and "
                 "keep the layers\n"
                 "that need it in bf16; the text tower sees built-in captions");
  arguments.text("--calibrate-texts", calibrate_texts, "FILE",
                 "With --calibrate: show the lines of FILE to the text tower instead");
  arguments.flag("--no-equalize", as_it_stands, "int8: round the weights as they stand (to compare)");
  arguments.text("--arch", options.arch, "NAME",
                 "open_clip's name of the architecture, where the files do not tell: ViT-B-32");
  arguments.text("--tag", options.tag, "TAG",
                 "open_clip's pretrained tag, where --arch has weights that take pictures differently");
  arguments.choice("--tower", options.tower, {"image", "text"}, "Convert that tower alone");
  arguments.number("--encoder", options.encoder, 1, 2, "Which text encoder of an SDXL file: 1 or 2");
  arguments.text(
      "--image-size", image_size, "N|HxW",
      "Take pictures of this size: position embeddings are resized, as open_clip's force_image_size does");
  arguments.number("--max-patches", options.max_patches, 1, 1U << 16U,
                   "NaFlex models: at most N patches a picture (default: as the files say)");
  arguments.text("--image-mean", mean, "R,G,B",
                 "Normalize pictures with this mean instead of the files' (0.5,0.5,0.5)");
  arguments.text("--image-std", std_deviation, "R,G,B", "The same for the standard deviation");
  arguments.flag("--json", json, "Print one JSON document");
  arguments.parse(std::move(given));
  if (sources.size() != 1) {
    throw UsageError((sources.empty() ? "no SOURCE" : "more than one SOURCE") +
                     std::string("; see simdclip convert --help"));
  }
  if (output.empty()) throw UsageError("no output; give -o OUT.sclip");
  options.image_mean = three_numbers(mean, "--image-mean");
  options.image_std = three_numbers(std_deviation, "--image-std");
  parse_image_size(image_size, options);
  options.equalize = !as_it_stands;
  if (!calibrate.empty() && (options.precision != "int8" || as_it_stands)) {
    throw UsageError("--calibrate tunes int8; give --precision int8, and leave --no-equalize away");
  }
  if (!calibrate_texts.empty() && calibrate.empty())
    throw UsageError("--calibrate-texts goes with --calibrate FOLDER");
  options.note = [](std::string_view note) { message(std::string(note)); };

  {
    std::unique_ptr<Progress> progress;
    options.progress = [&](uint64_t done, uint64_t total, std::string_view) {
      if (!progress) progress = std::make_unique<Progress>("MB", total);
      progress->update(done);
    };
    if (calibrate.empty()) {
      convert(sources.front(), output, options);
    } else {
      const auto step = [](std::string_view text) { message(std::string(text)); };
      const std::vector<std::string> texts =
          calibrate_texts.empty() ? std::vector<std::string>() : read_list(calibrate_texts, "texts");
      convert_calibrated(sources.front(), output, find_pictures(calibrate).pictures,
                         {.convert = options, .texts = texts, .step = step});
    }
  }

  const Model model = Model::open(output, {.threads = 1, .isa = {}});
  const ModelInfo& info = model.info();
  if (json) {
    print("{\"output\": " + json_string(output) + ", \"name\": " + json_string(info.name) +
          ", \"precision\": " + json_string(info.precision) + ", \"parameters\": " +
          std::to_string(info.parameters) + ", \"bytes\": " + std::to_string(info.file_bytes) + "}\n");
  } else {
    print(shown(output) + ": " + shown(info.name) + ", " +
          fixed(static_cast<double>(info.parameters) / 1e6, 1) + " M parameters, " + info.precision + ", " +
          human_bytes(static_cast<double>(info.file_bytes)) + '\n');
  }
}

}  // namespace simdclip::tools
