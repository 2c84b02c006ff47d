// A CLIP in plain double-precision loops, written from the papers and not from src/: the algorithmic
// reference of the towers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "format/model_file.h"

namespace simdclip::reference {

using Row = std::vector<double>;
using Rows = std::vector<Row>;  // [T][D]

// The logical, unpacked values of a tensor of the file.
std::vector<float> tensor_values(const ModelFile& file, const std::string& name);

// pixels: [3, H, W] of one picture; the embedding before normalisation, [E].
Row embed_pixels(const ModelFile& file, std::span<const float> pixels);

// ids: one text, padded to the context length; every position is computed.
Row embed_ids(const ModelFile& file, std::span<const int32_t> ids);

double cosine(std::span<const float> a, const Row& b);

}  // namespace simdclip::reference
