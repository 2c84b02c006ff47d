#include "tools/common.h"
#include "tools/output.h"

namespace simdclip::tools {

void preprocess_command(std::vector<std::string> given) {
  ModelArguments model_arguments;
  std::vector<std::string> pictures;
  std::string output, exif = "off";
  bool json = false;
  Arguments arguments(
      "preprocess",
      "Write the pixels that the model sees of a picture: float32 [3, height, width], normalised.",
      "  simdclip preprocess -m b32.sclip cat.jpg -o cat.npy\n");
  arguments.list("PICTURE", pictures, "PICTURE", "One picture");
  arguments.text("-o,--output", output, "PX.npy", "The file to write");
  arguments.choice("--exif", exif, {"on", "off"},
                   "Turn the picture upright as its EXIF orientation says (default: off, as the Python "
                   "pipelines; embed has it on)");
  model_arguments.declare(arguments);
  arguments.flag("--json", json, "Print one JSON document");
  arguments.parse(std::move(given));
  if (pictures.size() != 1) {
    throw UsageError((pictures.empty() ? "no PICTURE" : "more than one PICTURE") +
                     std::string("; see simdclip preprocess --help"));
  }
  if (output.empty()) throw UsageError("no output; give -o PX.npy");

  const Model model = model_arguments.open();
  const ModelInfo& info = model.info();
  std::vector<float> pixels(info.max_pixels);
  const PixelSize size = model.preprocess_file(pictures.front(), pixels, {.apply_orientation = exif == "on"});
  const size_t shape[] = {3, size.height, size.width};
  write_npy(output, shape, std::span(pixels).first(3 * shape[1] * shape[2]));
  const std::string extent = std::to_string(size.height) + ", " + std::to_string(size.width) + "]";
  if (json) {
    print("{\"output\": " + json_string(output) + ", \"shape\": [3, " + extent + "}\n");
  } else {
    print(shown(output) + ": float32 [3, " + extent + '\n');
  }
}

}  // namespace simdclip::tools
