// Pictures: decoding a JPEG, resizing and normalizing it, and both, for the sizes that people embed.
//   bench_image [Google Benchmark's options]        one thread
//   bench_image --write FOLDER                      writes the same JPEG files, for
//   bench/peers/pillow_image.py
#include <benchmark/benchmark.h>

// clang-format off
#include <cstdio>  // jpeglib.h needs FILE
#include <jpeglib.h>
// clang-format on

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "image/preprocess.h"

namespace simdclip {
namespace {

struct Size {
  const char* name;
  uint32_t width, height;
};
constexpr Size kSizes[] = {{"640x480", 640, 480}, {"1080p", 1920, 1080}, {"12MP", 4000, 3000}};

// Smooth fields, edges and grain: about as many bits a pixel as a photo.
std::vector<uint8_t> scene(uint32_t width, uint32_t height) {
  std::vector<uint8_t> rgb(size_t{3} * width * height);
  uint32_t noise = 1;
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      const float u = static_cast<float>(x) / static_cast<float>(width),
                  v = static_cast<float>(y) / static_cast<float>(height);
      for (uint32_t c = 0; c < 3; ++c) {
        noise = noise * 1664525U + 1013904223U;
        const float grain = static_cast<float>(noise >> 24) / 16 - 8;
        const float edge =
            std::fmod(u * 13 + v * 7 * static_cast<float>(c + 1), 1.0F) < 0.5F ? 30.0F : -30.0F;
        const float value =
            128 + 70 * std::sin(u * 9 + static_cast<float>(c)) * std::cos(v * 11) + edge + grain;
        rgb[(size_t{y} * width + x) * 3 + c] = static_cast<uint8_t>(std::clamp(value, 0.0F, 255.0F));
      }
    }
  }
  return rgb;
}

std::vector<std::byte> jpeg(const Size& size) {
  std::vector<uint8_t> rgb = scene(size.width, size.height);
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* data = nullptr;
  unsigned long bytes = 0;
  jpeg_mem_dest(&info, &data, &bytes);
  info.image_width = size.width;
  info.image_height = size.height;
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 87, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < size.height) {
    JSAMPROW row = rgb.data() + size_t{info.next_scanline} * size.width * 3;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> file(begin, begin + bytes);
  std::free(data);
  return file;
}

const std::vector<std::byte>& file_of(const Size& size) {
  static std::map<std::string, std::vector<std::byte>> files;
  auto& file = files[size.name];
  if (file.empty()) file = jpeg(size);
  return file;
}

PreprocessConfig config() {
  PreprocessConfig c;
  c.mean = {0.48145466F, 0.4578275F, 0.40821073F};
  c.std = {0.26862954F, 0.26130258F, 0.27577711F};
  return c;
}

void decode(benchmark::State& state, const Size& size) {
  const auto& file = file_of(size);
  for (auto _ : state) benchmark::DoNotOptimize(decode_image(file).pixels.data());
}

void resize(benchmark::State& state, const Size& size, Isa isa) {
  const Image image = decode_image(file_of(size));
  std::vector<float> out(size_t{3} * 224 * 224);
  for (auto _ : state) {
    preprocess(image, config(), 224, 224, out, kernels::select_kernels(isa));
    benchmark::DoNotOptimize(out.data());
  }
}

// The same JPEG with an EXIF orientation of 6 put behind its first marker: a portrait photo as phones store
// it.
std::vector<std::byte> turned(const std::vector<std::byte>& file) {
  static constexpr char kExif[] =
      "\xFF\xE1\0\x22"
      "Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0";
  const auto* exif = reinterpret_cast<const std::byte*>(kExif);
  std::vector<std::byte> out = file;
  out.insert(out.begin() + 2, exif, exif + 36);
  return out;
}

void whole(benchmark::State& state, const Size& size, DecodeOptions options) {
  const std::vector<std::byte> file = options.apply_orientation ? turned(file_of(size)) : file_of(size);
  std::vector<float> out(size_t{3} * 224 * 224);
  for (auto _ : state) {
    preprocess_encoded(file, options, size.name, config(), 224, 224, out,
                       kernels::select_kernels(default_isa()));
    benchmark::DoNotOptimize(out.data());
  }
}

void register_all() {
  for (const Size& size : kSizes) {
    const std::string name = size.name;
    const auto add = [](const std::string& title, auto function) {
      benchmark::RegisterBenchmark(title.c_str(), function)->Unit(benchmark::kMillisecond);
    };
    add("decode/" + name, [&size](benchmark::State& s) { decode(s, size); });
    for (const Isa isa : cpu_isas()) {
      add("resize_normalize/" + name + "/" + std::string(to_string(isa)),
          [&size, isa](benchmark::State& s) { resize(s, size, isa); });
    }
    add("jpeg_to_floats/" + name, [&size](benchmark::State& s) { whole(s, size, {}); });
    add("jpeg_to_floats/" + name + "/fast_decode",
        [&size](benchmark::State& s) { whole(s, size, {.fast_decode = true}); });
    add("jpeg_to_floats/" + name + "/turned_upright",
        [&size](benchmark::State& s) { whole(s, size, {.apply_orientation = true}); });
  }
}

void write_files(const std::string& folder) {
  for (const Size& size : kSizes) {
    const auto& file = file_of(size);
    std::ofstream(folder + "/" + size.name + ".jpg", std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
    std::printf("%s: %u x %u, %zu bytes\n", size.name, size.width, size.height, file.size());
  }
}

}  // namespace
}  // namespace simdclip

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--write") == 0) {
    simdclip::write_files(argv[2]);
    return 0;
  }
  std::printf("%s\n", simdclip::cpu_name().c_str());
  simdclip::register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
