// Foreign tensor names, one table per naming: which foreign tensors a schema tensor is made of, and how.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "convert/plan.h"

namespace simdclip {

// How a schema tensor is made of foreign ones.
enum class MapForm : uint8_t {
  same,          // the same shape
  patches,       // a convolution's [D, 3, P, P] as [D, 3*P*P]
  patch_pixels,  // a product's [D, P*P*3], the channels last (NaFlex)
  transposed,    // used as x @ W in the file, [K, N] there
  rows,          // the sources stacked: q, k, v
  ones_first,    // [1, T, D], or [1, 1, D] of a vector
  zeros,         // not in the file: a bias that the layer does not have
  outer_rows,    // two vectors with zeros between them: the biases of q and v
  tail_rows,     // [3D, ...]: the last two thirds, k and v
  // A pool's query, projected once: W x + b.
  query,            // x [1, 1, D], W [D, D], b [D]
  query_in_proj,    // x [1, 1, D], W and b the first thirds of [3D, D] and [3D]
  query_with_norm,  // x = ln(first row of [Q, D]), its weight and bias, W [D, D], b the first third of [3D]
  // Token and position embeddings.
  scaled,       // plan.text_embedding_scale times the source
  text_places,  // plan.text_first_place and on of [plan.text_places, D], plus row 0 of [plan.token_types, D]
  sinusoids,    // computed: M2M100's
  relative_places,  // T5: a row for each bucket of distances, [32, heads], as a column for each distance
  long_places,      // Long-CLIP: the first rows of [T, D], behind them the second source's
  patch_places,     // [1, patches, D] without the class token, whose row is zero
  rotary_angles,    // computed: plan.rotary
  // Gates: x * sigmoid(x) is 1.702 quick_gelu(x / 1.702).
  gate,   // the source / 1.702
  value,  // 1.702 times the source
  // Two layers without anything between them: A [N, J] and B [J, K] as A B; A and b [J] as A b.
  product,
  product_bias,
  // A convolution with its batch norm: weight, gamma, variance; beta, mean, gamma, variance.
  stem_weight,      // [S, 3, 4, 4]
  cell_weight,      // [S, S, 2, 2], the inputs of a cell's four parts one after another
  conv_1x1_weight,  // [N, C, 1, 1]
  conv_3x3_weight,  // [N, C, 3, 3], the inputs of the nine places one after another
  stem_bias,
  // Flax's layers: [K, N] as transposed, the heads an axis of their own.
  heads,        // of q, k, v or of a pool's k, v: [K, H, d] each
  head_biases,  // [H, d] each
  heads_out,    // [H, d, N]
  query_heads,  // a pool's query: x [1, 1, K], W [K, H, d], b [H, d]
  filters,      // a convolution's [P, P, 3, D]
  cells,        // [D, S, 2, 2] without a batch norm
};

// '*' stands for the block's number, '@' for the tower's prefix. Of several rows with one target the first
// whose sources are in the file counts. Targets that begin with '.' are of every block.
struct NameRule {
  std::string_view target;
  MapForm form;
  std::array<std::string_view, 5> sources;
  std::string_view row_scale = {};  // where the tower has layer scale
  bool turned = false;  // rows of queries, keys and values: where the tower is rotary, pairs apart
};

using NameRules = std::span<const NameRule>;

// The tables of a tower, by its naming in the plan.
std::vector<NameRules> vision_rules(const ConvertPlan& plan);
std::vector<NameRules> text_rules(const ConvertPlan& plan);

// Whether a tensor decides nothing: a buffer, or a scalar that the plan has read. `name` without a tower's
// prefix where it has one.
bool is_ignored(const ConvertPlan& plan, std::string_view name);

// The tables themselves.
extern const NameRules kOpenClipVision, kOpenClipResNet, kOpenClipText;
extern const NameRules kTimmVision, kTimmQkvFused, kTimmQkvFusedNoKBias, kTimmQkvSplitNoKBias, kTimmQkvNoBias,
    kTimmMlp, kTimmGatedMlp, kTimmPlaces, kTimmPatchPlaces, kTimmStem, kTimmHead, kTimmOuterHead;
extern const NameRules kTransformersBlocks, kTransformersVision, kTransformersPatchPixels, kTransformersText,
    kTransformersProjection, kTransformersHead;
extern const NameRules kBigVisionVision, kBigVisionText;
extern const NameRules kBertText, kM2mText, kT5Text, kHfTextHead, kAltTextHead, kHfTextLinear, kHfTextMlp;

}  // namespace simdclip
