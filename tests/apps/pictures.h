// A tiny model and a folder of small pictures that differ.
#pragma once

#include <array>
#include <cstdint>
#include <fstream>
#include <string>

#include "simdclip/simdclip.h"
#include "support/temporary_folder.h"
#include "support/tiny_model.h"

namespace simdclip::tests {

// A PPM whose colours depend on `seed`.
inline std::string picture_bytes(unsigned seed, unsigned side = 40) {
  std::string out = "P6\n" + std::to_string(side) + " " + std::to_string(side) + "\n255\n";
  uint32_t state = seed * 2654435761U + 1;
  std::array<unsigned, 3> colour{}, slope{};
  for (unsigned c = 0; c < 3; ++c) {
    state = state * 1664525U + 1013904223U;
    colour[c] = state >> 24U;
    slope[c] = state >> 8U & 7U;
  }
  for (unsigned y = 0; y < side; ++y) {
    for (unsigned x = 0; x < side; ++x) {
      for (unsigned c = 0; c < 3; ++c)
        out += static_cast<char>((colour[c] + slope[c] * (c == 1 ? y : x)) & 255U);
    }
  }
  return out;
}

inline const Model& tiny_model(uint64_t seed = 1) {
  static const TemporaryFolder folder;
  static const auto open = [](uint64_t s) {
    const std::string path = folder.file("tiny-" + std::to_string(s) + ".sclip");
    ModelConfig config = tiny_config();
    config.text.reset();
    config.tokenizer.reset();
    write_tiny_model(path, config, s);
    return Model::open(path, {.threads = 2});
  };
  static const Model first = open(1), second = open(2);
  return seed == 1 ? first : second;
}

}  // namespace simdclip::tests
