// Equalization for int8: a channel whose activations are 20 times those of its neighbours takes the whole
// range of a row's 8 bits. Dividing it by s before a product and multiplying its weights by s changes no
// result; with s = sqrt(activations / weights) both sides have the same range (Xiao 2023, SmoothQuant, alpha
// = 0.5). Nothing is left to do at run time: the division goes into what stands before the product,
//
//   ln_1 -> attn.qkv, ln_2 -> mlp.fc1 and mlp.gate   the norm's weight and bias
//   attn.ln -> attn.proj, mlp.ln -> mlp.fc2          the inner norm's, where there is one
//   attn.qkv (v) -> attn.proj                        else the rows of v: attention is linear in them
//
// An mlp.fc2 right behind the activation is left as it is.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "convert/tensor_map.h"

namespace simdclip {

class Equalizer {
 public:
  // measured: largest magnitude of every input channel of a GEMM weight, by its name, where calibration saw
  // it; else the norm's own weights tell (|x| <= 3 |weight| + |bias| but for one value in 370).
  Equalizer(std::span<const BoundTensor> bound, const ConvertPlan& plan, const TensorSource& tensors,
            const std::map<std::string, std::vector<float>>& measured);

  // The tensors must come in schema order.
  void apply(const TensorSpec& spec, std::vector<float>& values);

 private:
  std::vector<float> read(const std::string& name) const;
  // The weights of the products that read the norm `norm` of `block` and nothing else does; empty where the
  // division cannot go into it. norm: ".ln_1", ".attn.ln", ...
  std::vector<std::string> readers(const std::string& block, std::string_view norm) const;
  // The largest |input| of each channel, measured or as `expected`.
  std::vector<float> inputs(const std::string& weight, std::vector<float> expected) const;
  void plan_norm(const std::string& block, std::string_view norm, std::span<const float> gamma);
  void plan_values(std::string_view block, std::span<const float> gamma, std::span<const float> beta,
                   std::span<const float> qkv);

  std::span<const BoundTensor> bound_;
  const ConvertPlan& plan_;
  const TensorSource& tensors_;
  const std::map<std::string, std::vector<float>>& measured_;
  std::unordered_map<std::string, size_t> by_name_;
  std::unordered_map<std::string, std::vector<float>> divide_rows_, multiply_columns_;
};

}  // namespace simdclip
