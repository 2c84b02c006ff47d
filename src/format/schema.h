// The schema: configuration -> every tensor's name, shape and type. Writer, reader and validator use this one
// function; a file never decides a size.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/config.h"

namespace simdclip {

enum class Storage : uint8_t {
  f32,       // row-major floats
  bf16,      // row-major bfloat16 (the token embedding of bf16 files)
  gemm_f32,  // packed panels (kernels/gemm/pack.h): shape is the logical [N, K]
  gemm_bf16,
  gemm_int8,  // packed s8 panels, then scales (f32) and column sums (s32) of every output channel
              // (docs/format.md)
};

std::string_view to_string(Storage) noexcept;

// Beside the packed s8 values of a gemm_int8 column: its scale (f32) and the sum of its values (s32).
inline constexpr uint64_t kInt8ColumnBytes = 8;

constexpr bool is_gemm(Storage storage) noexcept { return storage >= Storage::gemm_f32; }

struct TensorSpec {
  std::string name;             // "visual.blocks.0.attn.qkv.weight"
  std::vector<uint64_t> shape;  // logical; GEMM weights are [N out, K in], as torch.nn.Linear stores them
  Storage storage = Storage::f32;
};

// Every tensor of a model of this configuration, in file order. Requires a validated config.
//
// visual.stem.{0,1}          gemm [S, 48], [S, 4*S], with biases (if stem_width S; then patch_embed is [D,
// 4*S]) visual.patch_embed.weight  gemm [D, 3*P*P]        (+ .bias [D] if patch_bias) visual.class_embedding
// [D]                    (if class_token) visual.positional_embedding [tokens, D] visual.rotary [patches,
// head dim]    (if rotary; cosines, then sines, of one half of it) visual.ln_pre.{weight,bias} [D] (if
// pre_norm) visual.blocks.I.ln_1.{weight,bias} [D]; .attn.qkv.{weight gemm [3D, D], bias [3D]};
// .attn.proj.{weight gemm [D, D], bias [D]} (.attn.ln [D] if attention_norm; .mlp.gate as fc1 if gated_mlp;
// .mlp.ln [M] if mlp_norm) visual.blocks.I.ln_2.{weight,bias} [D]; .mlp.fc1.{weight gemm [M, D], bias [M]};
// .mlp.fc2.{weight gemm [D, M], bias [D]} visual.ln_post.{weight,bias} [D]                  (if post_norm)
// visual.attention_pool.*                           (if pooling is attention) .query [D], already projected;
// .kv [2D, D];
//                                                   .proj [D, D]; .ln; .mlp.fc1 [M, D]; .mlp.fc2 [D, M]; with
//                                                   biases; .ln_in if input_norm; no mlp if mlp_width is 0
//                                                   with token_query: .q [D, D] and .kv, no .query and no
//                                                   .proj
// visual.proj.weight         gemm [E, D]            (if projection; + .bias [E] if projection_bias)
//
// With resnet, of width W, these stand in the place of all before visual.positional_embedding; each .weight
// is gemm, with a .bias, and the columns of a 3 x 3 convolution are its 9 places row by row, each with all
// channels: visual.stem.{0,1,2}        [W/2, 27], [W/2, 9*W/2], [W, 9*W/2] visual.blocks.S.B          stage S
// of 1 .. 4, P = W << (S - 1): .conv1 [P, in], .conv2 [P, 9*P], .conv3 [4*P, P]
//                            and in block 0 .shortcut [4*P, in]
//
// text.token_embedding       [vocab, D]             (f32, or bf16 in bf16 and int8 files)
// text.class_embedding       [D]                    (if pooling is appended)
// text.positional_embedding  [context, D]           (one more row with a class token)
// text.relative_bias         [heads, 2*context-1]   (if relative_bias; column c: key c - (context-1) behind
// the query) text.ln_embed.{weight,bias} [D]                   (if embedding_norm) text.blocks.I.* as above
// text.ln_final.{weight,bias} [D]                   (if final_norm)
// text.proj_in.weight        gemm [H, D]            (if projection_hidden H; then proj is [E, H])
// text.proj.weight           gemm [E, D]            (if projection; + .bias [E] if projection_bias)
std::vector<TensorSpec> schema(const ModelConfig& config);

// Elements of the logical shape. Error too_large when the product overflows.
uint64_t element_count(const TensorSpec& spec);

// Bytes of a tensor as stored, packed layout and padding included; the one size function. Error too_large
// when it overflows.
uint64_t stored_bytes(const TensorSpec& spec);

}  // namespace simdclip
