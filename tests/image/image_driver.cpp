// Answers requests on standard input with decoded pixels and preprocessed floats, for compare_pillow.py.
//   decode PATH                                  -> "ok W H MODE ORIENTATION TRANSPARENT PALETTE_BYTES
//   PIXEL_BYTES", palette, pixels upright PATH                                 -> the same with the
//   orientation applied fast ISA RESIZE FILTER FIRST H W PATH        -> the same with fast_decode oriented
//   ISA RESIZE FILTER FIRST H W PATH    -> the same with the orientation applied encoded ISA RESIZE FILTER
//   FIRST H W PATH     -> the same as preprocess, by way of preprocess_encoded preprocess ISA RESIZE FILTER
//   FIRST H W PATH  -> "ok BYTES", floats; mean and std are OpenAI's
// An Error is answered by "error CODE MESSAGE".
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include "base/cpu.h"
#include "base/mapped_file.h"
#include "image/preprocess.h"
#include "simdclip/error.h"

namespace {

using namespace simdclip;

void write(const void* data, size_t bytes) { std::fwrite(data, 1, bytes, stdout); }

std::string rest_of(std::istringstream& in) {
  std::string path;
  std::getline(in >> std::ws, path);
  return path;
}

void answer_decode(std::istringstream& in, bool upright) {
  DecodeOptions options;
  options.apply_orientation = upright;
  const Image image = load_image(rest_of(in), options);
  std::printf("ok %u %u %d %d %d %zu %zu\n", image.width, image.height, static_cast<int>(image.mode),
              image.orientation, image.has_transparency ? 1 : 0, image.palette.size(), image.pixels.size());
  write(image.palette.data(), image.palette.size());
  write(image.pixels.data(), image.pixels.size());
}

void answer_preprocess(std::istringstream& in, const std::string& how) {
  std::string isa, resize, filter;
  int first = 0;
  uint32_t height = 0, width = 0;
  in >> isa >> resize >> filter >> first >> height >> width;
  PreprocessConfig config;
  config.resize = resize == "squash" ? ResizeMode::squash : ResizeMode::shortest;
  config.interpolation = filter == "bilinear" ? Interpolation::bilinear : Interpolation::bicubic;
  config.convert_rgb_first = first != 0;
  config.mean = {0.48145466F, 0.4578275F, 0.40821073F};
  config.std = {0.26862954F, 0.26130258F, 0.27577711F};
  std::vector<float> out(size_t{3} * height * width);
  const auto& kernels = kernels::select_kernels(parse_isa(isa));
  const std::string path = rest_of(in);
  if (how != "preprocess") {
    const DecodeOptions options{.apply_orientation = how == "oriented", .fast_decode = how == "fast"};
    preprocess_encoded(MappedFile::open(path).bytes(), options, path, config, height, width, out, kernels);
  } else {
    preprocess(load_image(path), config, height, width, out, kernels);
  }
  std::printf("ok %zu\n", out.size() * sizeof(float));
  write(out.data(), out.size() * sizeof(float));
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream in(line);
    std::string command;
    in >> command;
    try {
      if (command == "decode" || command == "upright") {
        answer_decode(in, command == "upright");
      } else if (command == "preprocess" || command == "encoded" || command == "oriented" ||
                 command == "fast") {
        answer_preprocess(in, command);
      } else {
        std::printf("error unknown command %s\n", command.c_str());
      }
    } catch (const Error& e) {
      std::string message = e.what();
      for (char& c : message) c = c == '\n' ? ' ' : c;
      std::printf("error %s %s\n", std::string(to_string(e.code())).c_str(), message.c_str());
    }
    std::fflush(stdout);
  }
}
